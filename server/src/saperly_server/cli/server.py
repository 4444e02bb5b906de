"""Finding the server and talking to it: `SAPERLY_*` variables first, then the nearest `.env.saperly`, then this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from . import keys_file
from .exits import Exit, Problem

if TYPE_CHECKING:
    import httpx2

DEFAULT_URL = "http://localhost:8787"
_TIMEOUT_SEC = 30.0
_REFUSALS = {"ConsentRequired", "RecipientOptedOut", "QuietHours", "DestinationNotSupported", "CountryNotAvailable"}

Test = Annotated[bool, typer.Option("--test", help="Use the test key instead of the live key.")]


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is and with which keys it is spoken to."""

    base_url: str
    live_key: str | None
    test_key: str | None

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Server:
        saved = keys_file.read(keys_file.find())

        def value(name: str) -> str | None:
            return environ.get(name) or saved.get(name)

        live, test = value(keys_file.LIVE_KEY), value(keys_file.TEST_KEY)
        if test is None and live is not None and "_test_" in live:
            test = live
        return cls((value(keys_file.BASE_URL) or DEFAULT_URL).rstrip("/"), live, test)

    @property
    def is_local(self) -> bool:
        """Is it on this machine, where no proxy leads?"""
        return urlsplit(self.base_url).hostname in ("localhost", "127.0.0.1", "::1")

    def key(self, *, test: bool) -> str:
        """The key for an environment. A Problem when it is not known."""
        key = self.test_key if test else self.live_key
        if key is not None:
            return key
        name = keys_file.TEST_KEY if test else keys_file.LIVE_KEY
        raise Problem(
            f"There is no {'test' if test else 'live'} key: {name} is not set and no {keys_file.NAME} is here or above.",
            fix="run this where `saperly dev` saved its keys, or make new ones: saperly keys create --root",
            exit_code=Exit.AUTH,
        )


class Api:
    """The server's API with one key. Every refusal is a Problem with the server's own sentence and fix."""

    def __init__(self, server: Server, *, test: bool = False) -> None:
        self._server = server
        self._key = server.key(test=test)

    def get(self, path: str, **params: str | int | None) -> Any:
        return self._request("GET", path, params={name: value for name, value in params.items() if value is not None})

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._request("POST", path, json=dict(body or {}))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._request("PATCH", path, json=dict(body))

    def everything(self, path: str, **params: str | int | None) -> list[Any]:
        """All pages of a list."""
        import httpx2

        found: list[Any] = []
        wanted = {name: value for name, value in params.items() if value is not None}
        with self._client() as client:
            url: str | None = path
            while url is not None:
                try:
                    response = client.get(url, params=wanted if url == path else None)
                except httpx2.TransportError as error:
                    raise self._unreachable(error) from error
                found += _body(response)
                url = response.links.get("next", {}).get("url")
        return found

    def _client(self) -> httpx2.Client:
        import httpx2

        return httpx2.Client(
            base_url=self._server.base_url,
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=_TIMEOUT_SEC,
            trust_env=not self._server.is_local,
        )

    def _request(self, method: str, path: str, **kwargs: Any) -> Any:
        import httpx2

        with self._client() as client:
            try:
                return _body(client.request(method, path, **kwargs))
            except httpx2.TransportError as error:
                raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Problem:
        return unreachable(self._server.base_url, error)


def unreachable(base_url: str, error: Exception) -> Problem:
    return Problem(
        f"There is no answer from {base_url}.",
        cause=str(error) or type(error).__name__,
        fix="start a server with `saperly dev`, or set SAPERLY_BASE_URL to where yours is",
        exit_code=Exit.ENVIRONMENT,
    )


def _body(response: httpx2.Response) -> Any:
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = {}
    if response.is_success:
        return body
    raise refusal(response.status_code, body if isinstance(body, dict) else {})


def refusal(status: int, body: Mapping[str, Any]) -> Problem:
    """The server's error as a problem of the command."""
    tag = str(body.get("_tag", f"HTTP {status}"))
    facts = {name: value for name, value in body.items() if name not in ("_tag", "message", "fix", "code")}
    sentence = str(body.get("message") or body.get("reason") or _told(tag, facts))
    return Problem(sentence, fix=body.get("fix"), exit_code=_exit(status, tag), code=tag, **facts)


def _told(tag: str, facts: Mapping[str, Any]) -> str:
    """An error without a sentence of its own: its name in words, and its facts."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in tag).strip()
    shown = ", ".join(f"{name} {value}" for name, value in facts.items() if name not in ("docUrl", "requestId"))
    return f"{words.capitalize()}{f' ({shown})' if shown else ''}."


def _exit(status: int, tag: str) -> Exit:
    if tag in _REFUSALS or status in (402, 409, 429):
        return Exit.REFUSED
    if status in (401, 403):
        return Exit.AUTH
    if status == 404:
        return Exit.NOT_FOUND
    if status >= 500:
        return Exit.UPSTREAM
    return Exit.USAGE
