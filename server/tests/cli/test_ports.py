"""Taking a port before anything slow begins."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from saperly_server.cli.exits import Problem
from saperly_server.cli.hosting.configuration import url_of
from saperly_server.cli.hosting.ports import listen


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_any_free_port_is_the_same_under_both_names_of_this_machine() -> None:
    found = listen("127.0.0.1", 0, exactly=False)
    try:
        assert {one.getsockname()[1] for one in found.sockets} == {found.port}
        assert found.instead_of is None
    finally:
        found.close()


def test_the_next_free_port_is_taken_when_any_will_do(busy: int) -> None:
    found = listen("127.0.0.1", busy, exactly=False)
    try:
        assert found.port > busy
        assert found.instead_of == busy
    finally:
        found.close()


def test_a_port_that_was_asked_for_is_a_problem_when_it_is_taken(busy: int) -> None:
    with pytest.raises(Problem) as refused:
        listen("127.0.0.1", busy, exactly=True)
    assert refused.value.exit_code == 3
    assert refused.value.sentence.startswith(f"Port {busy} is in use by ")


def test_an_address_of_another_machine_is_a_problem() -> None:
    with pytest.raises(Problem, match="is not an address of this machine"):
        listen("192.0.2.1", 0, exactly=False)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:1"),
        ("::1", "http://localhost:1"),
        ("0.0.0.0", "http://localhost:1"),
        ("192.0.2.1", "http://192.0.2.1:1"),
        ("2001:db8::1", "http://[2001:db8::1]:1"),
    ],
)
def test_the_address_is_one_that_can_be_opened(host: str, url: str) -> None:
    assert url_of(host, 1) == url
