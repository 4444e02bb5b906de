"""Requests to addresses of customers: what they never reach, however it is written or resolved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import aiohttp
import pytest
from saperly_server.core.egress import LOOPBACK, Egress, TooLarge, may_reach


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_networks_of_our_own_are_out_of_reach(address: str) -> None:
    assert not may_reach(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"])
def test_the_public_internet_is_not(address: str) -> None:
    assert may_reach(address)


def test_what_the_operator_opens_is_open() -> None:
    assert may_reach("10.1.2.3", [ip_network("10.1.0.0/16")])
    assert not may_reach("10.2.2.3", [ip_network("10.1.0.0/16")])
    assert may_reach("::1", LOOPBACK)


@pytest.fixture
async def listener() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on loopback that answers everything, and what it was sent."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n" + b"x" * 5000)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], heard
    server.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_no_spelling_of_an_address_gets_around_it(listener: tuple[int, list[bytes]], host: str) -> None:
    port, heard = listener
    egress = Egress()
    with pytest.raises((aiohttp.ClientError, OSError, ValueError)):
        await egress.post(f"http://{host}:{port}/", b"", {}, timeout_sec=5, most_bytes=10_000)
    await egress.close()
    assert heard == []


async def test_an_answer_is_read_up_to_a_limit(listener: tuple[int, list[bytes]]) -> None:
    port, _ = listener
    egress = Egress(LOOPBACK)
    url = f"http://127.0.0.1:{port}/"
    reply = await egress.post(url, b"{}", {}, timeout_sec=5, most_bytes=5_000)
    assert (reply.status, len(reply.body)) == (200, 5_000)
    with pytest.raises(TooLarge):
        await egress.post(url, b"{}", {}, timeout_sec=5, most_bytes=4_999)
    await egress.close()
