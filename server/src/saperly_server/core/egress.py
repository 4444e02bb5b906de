"""Going out to addresses that customers gave us: never to a private or reserved network, whatever a name resolves to.

The address is checked where the connection is made, so neither a name that changes between two look-ups nor an address
written in an unusual way gets around it. Redirects are not followed, proxies of the environment not used.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import aiohttp
from aiohttp.connector import AddrInfoType

Network = IPv4Network | IPv6Network

_DENIED_V4 = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_GLOBAL_V6 = ip_network("2000::/3")
_DENIED_V6 = tuple(
    # Tunnels and translations lead to IPv4 addresses that nobody has looked at; the rest is for documents.
    ip_network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


_KEPT_SEC = 4.0
"""How long an idle connection is kept: less than servers do, or a request would meet one that is just being closed."""


class Forbidden(OSError):
    """The address belongs to a network that requests of customers must not reach."""


class TooLarge(Exception):
    """The answer is longer than we read."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole."""

    status: int
    body: bytes
    headers: dict[str, str]


def may_reach(address: str, allowed: Iterable[Network] = ()) -> bool:
    """May a customer's request go to this IP address? `allowed` opens networks that are closed."""
    ip = ip_address(address.partition("%")[0])
    if any(ip in network for network in allowed):
        return True
    if ip.version == 4:
        return not any(ip in network for network in _DENIED_V4)
    return ip in _GLOBAL_V6 and not any(ip in network for network in _DENIED_V6)


class Egress:
    """One pool of connections to the outside. Close it with `close`."""

    def __init__(self, allowed: Iterable[Network] = (), *, at_once: int = 1_000, per_host: int = 100) -> None:
        self._allowed = tuple(allowed)
        self._at_once = at_once
        self._per_host = per_host
        self._made: aiohttp.ClientSession | None = None

    async def post(
        self, url: str, body: bytes, headers: dict[str, str], *, timeout_sec: float, most_bytes: int
    ) -> Reply:
        """Post and read the whole answer.

        Raises Forbidden, TooLarge, TimeoutError, or aiohttp.ClientError; ClientConnectorError is one that never arrived.
        """
        timeout = aiohttp.ClientTimeout(total=timeout_sec)
        sent = self._session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False)
        async with sent as response:
            read = await _read(response, most_bytes)
            return Reply(response.status, read, dict(response.headers))

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._made is None:
            connector = aiohttp.TCPConnector(
                limit=self._at_once,
                limit_per_host=self._per_host,
                keepalive_timeout=_KEPT_SEC,
                socket_factory=self._socket,
            )
            self._made = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"Accept-Encoding": "identity"},
            )
        return self._made

    def _socket(self, where: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = where
        if not may_reach(str(address[0]), self._allowed):
            raise Forbidden(f"{address[0]} must not be reached")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    read = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        read += chunk
        if len(read) > most_bytes:
            response.close()
            raise TooLarge(f"more than {most_bytes} bytes")
    return bytes(read)
