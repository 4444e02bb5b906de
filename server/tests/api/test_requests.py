"""What the server makes of requests that are not of the documented form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx

from .conftest import Stage
from .wire import PEER, facts, outcome

JSON = {"Content-Type": "application/json"}
CONSENT = {"numberId": "num_1", "peerNumber": PEER, "consentType": "explicit_outbound", "source": "test"}


async def sent(stage: Stage, path: str, content: Any, **headers: str) -> httpx.Response:
    return await stage.client.post(path, content=content, headers={**JSON, **headers})


def only_issue(answer: httpx.Response) -> tuple[str, str]:
    assert outcome(answer) == (400, "ValidationError"), answer.text
    (issue,) = answer.json()["issues"]
    return issue["path"], issue["message"]


async def test_malformed_json_is_a_validation_error_of_the_body(stage: Stage) -> None:
    answer = await sent(stage, "/messages", b'{"to": ')
    path, message = only_issue(answer)
    assert path == "body"
    assert "JSON" in message


async def test_a_body_that_is_no_object_is_refused(stage: Stage) -> None:
    for content in (b"[]", b'"text"', b"7", b"null", b""):
        assert outcome(await sent(stage, "/messages", content)) == (400, "ValidationError"), content


async def test_another_content_type_is_refused_and_the_refusal_says_so(stage: Stage) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await stage.client.post("/messages", content=b"to=%2B15555550123", headers=headers)
    assert outcome(answer) == (400, "ValidationError")
    assert answer.json()["issues"][0]["path"] == "body"


async def test_a_missing_body_is_refused_where_one_is_needed(stage: Stage) -> None:
    assert only_issue(await stage.client.post("/messages")) == ("body", "Field required")


async def test_a_missing_body_is_fine_where_everything_in_it_is_optional(stage: Stage) -> None:
    ordered = await stage.request("POST", "/numbers")
    assert ordered.status_code == 201
    assert outcome(await stage.client.post("/calls/call_1/end")) == (404, "CallNotFound")


async def test_an_unknown_field_is_named_and_refused(stage: Stage) -> None:
    answer = await stage.post("/messages", {"fromNumberId": "num_1", "to": PEER, "body": "Hi", "mediaUrl": "x"})
    assert only_issue(answer) == ("mediaUrl", "Extra inputs are not permitted")


OF_ANOTHER_TYPE: list[tuple[str, dict[str, Any], str]] = [
    ("/numbers", {"expectedMonthlyPriceCents": "5"}, "expectedMonthlyPriceCents"),
    ("/numbers", {"approveHigherPrice": "true"}, "approveHigherPrice"),
    ("/numbers", {"areaCode": 415}, "areaCode"),
    ("/connections", {"name": "a", "complianceEnabled": 1}, "complianceEnabled"),
    ("/connections", {"name": 7}, "name"),
    ("/calls/call_1/end", {"durationSec": "42"}, "durationSec"),
    ("/api-tokens", {"name": "a", "scopes": ["read"], "spendLimitCents": "5"}, "spendLimitCents"),
    ("/api-tokens", {"name": "a", "scopes": "read"}, "scopes"),
    ("/consent", {**CONSENT, "consentType": "yes"}, "consentType"),
]


async def test_values_of_another_type_are_not_guessed_at(stage: Stage) -> None:
    for path, body, field in OF_ANOTHER_TYPE:
        assert only_issue(await stage.post(path, body))[0] == field


async def test_a_whole_number_may_be_written_with_a_point(stage: Stage) -> None:
    minted = await sent(stage, "/api-tokens", b'{"name": "a", "scopes": ["read"], "spendLimitCents": 500.0}')
    assert minted.status_code == 201
    halves = await sent(stage, "/api-tokens", b'{"name": "a", "scopes": ["read"], "spendLimitCents": 0.5}')
    assert only_issue(halves)[0] == "spendLimitCents"


async def test_numbers_that_are_none_are_refused(stage: Stage) -> None:
    for number in (b"NaN", b"Infinity", b"1e999", b"-1"):
        answer = await sent(stage, "/calls/call_1/end", b'{"durationSec": ' + number + b"}")
        assert outcome(answer) == (400, "ValidationError"), number


async def test_text_that_cannot_be_stored_is_refused(stage: Stage) -> None:
    for text in (b'"\\u0000"', b'"a\\u0000b"', b'"\\ud800"', b'"\\udc00\\ud800"'):
        answer = await sent(stage, "/connections", b'{"name": ' + text + b"}")
        assert outcome(answer) == (400, "ValidationError"), text


async def test_a_nul_in_the_address_is_refused(stage: Stage) -> None:
    for path in ("/numbers/num%00", "/messages?numberId=num%00", "/consent/check?numberId=%00&peerNumber=x"):
        assert outcome(await stage.client.get(path)) == (400, "ValidationError"), path


async def test_an_id_of_any_length_and_alphabet_is_only_unknown(stage: Stage) -> None:
    for unknown in ("x" * 4000, "%F0%9F%91%8B", "%27%3B--"):
        assert outcome(await stage.client.get(f"/numbers/{unknown}")) == (404, "NumberNotFound"), unknown


async def test_a_body_over_the_limit_is_refused_by_its_declared_length(stage: Stage) -> None:
    answer = await sent(stage, "/messages", b" " * (1_048_576 + 1))
    assert outcome(answer) == (413, "PayloadTooLarge")
    assert answer.json()["message"] == "The body may be at most 1048576 bytes."


async def test_a_body_over_the_limit_is_refused_while_it_arrives_in_chunks(stage: Stage) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 65_536

    answer = await sent(stage, "/messages", chunks())
    assert "content-length" not in answer.request.headers
    assert outcome(answer) == (413, "PayloadTooLarge")


async def test_a_number_that_is_not_e164_is_refused_with_help_that_does_not_repeat_it(stage: Stage) -> None:
    written = ("4155550177", "+0123456789", "+1 415 555 0177", "+1415", "+14155550177000", "tel:+14155550177", "")
    for number in written:
        answer = await stage.post("/messages", {"fromNumberId": "num_1", "to": number, "body": "Hi"})
        path, message = only_issue(answer)
        assert path == "to", number
        assert message[-1] == "."
        assert number == "" or number not in message


async def test_every_issue_is_told_at_once(stage: Stage) -> None:
    answer = await stage.post("/consent", {"numberId": "", "peerNumber": "x", "consentType": "x", "source": ""})
    assert [issue["path"] for issue in answer.json()["issues"]] == ["numberId", "peerNumber", "consentType", "source"]


async def test_both_names_of_the_sender_are_taken_when_they_agree(stage: Stage) -> None:
    for body in ({"numberId": "num_1"}, {"numberId": "num_1", "fromNumberId": "num_1"}):
        answer = await stage.post("/messages", {**body, "to": PEER, "body": "Hi"})
        assert facts(answer) == {"_tag": "NumberNotFound", "numberId": "num_1"}
    differing = {"numberId": "num_1", "fromNumberId": "num_2", "to": PEER}
    for path, body in (("/messages", {**differing, "body": "Hi"}), ("/calls", differing), ("/calls", {"to": PEER})):
        assert outcome(await stage.post(path, body)) == (400, "ValidationError"), body


async def test_a_path_that_is_not_served_says_where_to_look(stage: Stage) -> None:
    answer = await stage.client.get("/v3/numbers")
    assert outcome(answer) == (404, "NotFound")
    assert "/openapi.json" in answer.json()["fix"]


async def test_a_method_that_is_not_served_is_told_all_that_are(stage: Stage) -> None:
    for path, allowed in (("/numbers", "GET, POST"), ("/v2/connections/conn_1", "GET, PATCH, DELETE")):
        answer = await stage.client.put(path)
        assert outcome(answer) == (405, "MethodNotAllowed")
        assert answer.headers["allow"] == allowed


async def test_the_request_id_of_the_caller_comes_back(stage: Stage) -> None:
    answer = await stage.client.get("/numbers/num_1", headers={"X-Request-Id": "mine-42"})
    assert answer.headers["x-request-id"] == "mine-42"
    assert answer.json()["requestId"] == "mine-42"


async def test_a_request_without_a_usable_id_gets_one_of_its_own(stage: Stage) -> None:
    given = [{}, {"X-Request-Id": ""}, {"X-Request-Id": "a b"}, {"X-Request-Id": "x" * 129}]
    ids = [(await stage.client.get("/health", headers=headers)).headers["x-request-id"] for headers in given]
    assert all(one.startswith("req_") for one in ids)
    assert len(set(ids)) == len(ids)
