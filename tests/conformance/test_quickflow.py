"""The Python flow of the documentation runs as it is written: only the address and the key are another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import Server

PAGE = Path(__file__).parents[2] / "docs" / "samples" / "python_quickflow.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
DOCUMENTED = "https://api.saperly.com"


class Reader:
    """Somebody who runs the page's blocks one after the other, in one session."""

    def __init__(self, url: str, key: str) -> None:
        self.session: dict[str, Any] = {}
        self._url = url
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"})

    def run(self, block: str) -> None:
        exec(block.replace(DOCUMENTED, self._url), self.session)

    def close(self) -> None:
        self._client.close()
        self.session["saperly"].close()

    def records_consent_of(self, peer: str) -> None:
        number = self.session["number"]["id"]
        body = {"numberId": number, "peerNumber": peer, "consentType": "explicit_outbound", "source": "reader"}
        assert self._client.post("/consent", json=body).status_code == 201


@pytest.fixture
def reader(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    key = server.customer(cents=500)
    monkeypatch.setenv("SAPERLY_API_KEY", key)
    one = Reader(server.url, key)
    yield one
    one.close()


def test_the_page_has_its_eight_blocks() -> None:
    assert len(BLOCKS) == 8
    assert sum(DOCUMENTED in block for block in BLOCKS) == 2


def test_the_flow_runs_from_the_first_block_to_the_last(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    client, number, connection, binding, text, call, waiting, refusal = BLOCKS
    for block in (client, number, connection, binding):
        reader.run(block)
    reader.records_consent_of("+15555550123")
    reader.run(text)
    reader.records_consent_of("+14155551234")
    reader.run(call)
    reader.run(waiting)
    reader.session.update(to="+15555550199", body="Hi")
    reader.run(refusal)

    told = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"num_\w+ \+1415555\d{4}", told[0])
    assert re.fullmatch(r"conn_\w+", told[1])
    assert re.fullmatch(r"msg_\w+ (queued|sent|delivered)", told[2])
    assert re.fullmatch(r"call_\w+ initiated", told[3])
    assert reader.session["number"]["id"] in told[4]
    assert reader.session["tag"] == "ConsentRequired"
