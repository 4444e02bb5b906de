"""The root keys of a server, as far as this machine knows them in plaintext."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from saperly_server import identity
from saperly_server.api.services import Services
from saperly_server.bootstrap import ENVIRONMENTS, Home
from saperly_server.cli import keys_file
from saperly_server.core.db import Tenant
from saperly_server.identity import Unauthorized


@dataclass(frozen=True, slots=True)
class Credentials:
    """`live` and `test` are None where only their prefixes are known. `file` is where they are kept, None for nowhere."""

    live: str | None
    test: str | None
    prefixes: dict[str, str]
    new: bool
    file: Path | None


async def kept(services: Services, home: Home, url: str, data_dir: Path | None) -> Credentials:
    """The keys of the first start, saved to `.env.saperly` here; later, those of the nearest such file that still work.

    The file learns the server's present address, and `data_dir` where that is not the usual one.
    """
    prefixes = await _prefixes(services, home)
    place = {keys_file.BASE_URL: url, keys_file.DATA_DIR: None if data_dir is None else str(data_dir)}
    if home.keys is not None:
        values = {keys_file.LIVE_KEY: home.keys.live, keys_file.TEST_KEY: home.keys.test, **place}
        file = _saved(Path.cwd() / keys_file.NAME, values)
        return Credentials(home.keys.live, home.keys.test, prefixes, True, file)
    path = keys_file.find()
    live, test = await _known(services, home, keys_file.read(path))
    if path is None or (live is None and test is None):
        return Credentials(None, None, prefixes, False, None)
    if keys_file.read(path).get(keys_file.BASE_URL) != url:
        _saved(path, place)
    return Credentials(live, test, prefixes, False, path)


def _saved(path: Path, values: dict[str, str | None]) -> Path | None:
    """None in a folder that cannot be written to; then the keys are on the screen only."""
    try:
        keys_file.write(path, values)
    except OSError:
        return None
    return path


async def _known(services: Services, home: Home, saved: dict[str, str]) -> tuple[str | None, ...]:
    """The saved keys that are good and belong to this very workspace."""
    found: list[str | None] = []
    for environment, name in zip(ENVIRONMENTS, (keys_file.LIVE_KEY, keys_file.TEST_KEY), strict=True):
        secret = saved.get(name, "")
        try:
            caller = await services.keys.authenticate(secret)
        except Unauthorized:
            found.append(None)
            continue
        mine = caller.tenant == Tenant(home.workspace.id, environment)
        found.append(secret if mine else None)
    return tuple(found)


async def _prefixes(services: Services, home: Home) -> dict[str, str]:
    prefixes = {}
    for environment in ENVIRONMENTS:
        async with services.db.tenant(Tenant(home.workspace.id, environment)) as tx:
            roots = await identity.root_keys(tx)
        prefixes[environment] = f"{roots[0].prefix}…" if roots else "(revoked)"
    return prefixes
