"""`saperly dev`: everything on this machine, from nothing to a number that answers."""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saperly_server.cli import keys_file
from saperly_server.cli.console.banner import Banner, Step
from saperly_server.cli.output import dollars
from saperly_server.core import logging
from saperly_server.core.data_dir import DataDir

from . import configuration
from .startup import AlreadyRunning, Ground, ground, process, workspace_facts

if TYPE_CHECKING:
    from saperly_server.bootstrap import Home
    from saperly_server.cli.console.screen import Screen
    from saperly_server.cli.console.story import CallStory
    from saperly_server.demo import Demo
    from saperly_server.main import Process

    from .credentials import Credentials


@dataclass(frozen=True, slots=True)
class Wish:
    """The command's options; None: not given."""

    port: int | None = None
    host: str | None = None
    data_dir: Path | None = None
    ephemeral: bool = False
    demo: bool = True
    as_json: bool = False
    quiet: bool = False
    insecure: bool = False


@dataclass(slots=True)
class _Start:
    """A start under way: what has been made ready, and since when."""

    began: float = field(default_factory=time.monotonic)
    steps: list[Step] = field(default_factory=list)
    _last: float = field(default_factory=time.monotonic)

    def done(self, name: str, what: str, *, warning: bool = False) -> None:
        now = time.monotonic()
        self.steps.append(Step(name, what, now - self._last, warning))
        self._last = now

    def seconds(self) -> float:
        return time.monotonic() - self.began


def host(wish: Wish) -> int:
    """Run until a signal; the exit code. A Problem when it cannot start."""
    start = _Start()
    machine = wish.as_json
    settings = configuration.load(mode="development", port=wish.port, host=wish.host, data_dir=wish.data_dir)
    configuration.check_host(settings.host, insecure=wish.insecure)
    level = settings.log_level if "log_level" in settings.model_fields_set else "warning"
    logging.configure(level=level, machine=machine, keep_personal=True)
    explicit = "port" in settings.model_fields_set
    try:
        with ground(settings, ephemeral=wish.ephemeral, explicit_port=explicit, alone=True) as on, _keys_file(on):
            return _run(_serve(on, wish, start, machine=machine))
    except AlreadyRunning as other:
        _point_to(other, machine=machine)
        return 0


def _keys_file(on: Ground) -> AbstractContextManager[None]:
    return keys_file.borrowed(Path.cwd() / keys_file.NAME, on.place.path) if on.ephemeral else nullcontext()


def _run(serve: Any) -> int:
    from .web import new_event_loop, termination_interrupts

    with termination_interrupts(), asyncio.Runner(loop_factory=new_event_loop) as runner:
        code: int = runner.run(serve)
        return code


def _point_to(other: AlreadyRunning, *, machine: bool) -> None:
    if machine:
        print(json.dumps({"event": "running", "pid": other.pid, "url": other.url}))
    else:
        print(f"{other} → {other.url}" if other.url else f"{other} and still starting")


async def _serve(on: Ground, wish: Wish, start: _Start, *, machine: bool) -> int:
    from saperly_server.cli.console.screen import JsonLines, Terminal
    from saperly_server.cli.console.story import CallStory
    from saperly_server.ledger import RateCard

    start.done("data", f"{_shown(on.place)} ({_kind(on)})")
    screen: Screen = JsonLines() if machine else Terminal(quiet=wish.quiet)
    story = CallStory(RateCard.load(on.settings.rate_file), screen.tell, lambda: datetime.now(UTC))
    async with process(on, story.observe) as server:
        start.done("carrier", "simulated (no real calls, no real money)")
        start.done("brain", "demo receptionist (rules, no LLM key needed)")
        await _until_the_end(on, wish, start, server, screen, story)
    screen.over(story.totals)
    return 0


async def _until_the_end(
    on: Ground, wish: Wish, start: _Start, server: Process, screen: Screen, story: CallStory
) -> None:
    from saperly_server import bootstrap
    from saperly_server.cli.console.watch import watch_messages

    from .credentials import kept
    from .web import StopSignals, serving, until_stopped

    stop = StopSignals(on.abandon)
    home = await bootstrap.first_workspace(server.services.db, server.services.rates, on.settings)
    demo = await _demo(server, home, start) if wish.demo else None
    watching = asyncio.ensure_future(watch_messages(server.services.db, home.workspace.id, screen.tell, story.totals))
    try:
        async with serving(server.app, on.listening, largest_frame=on.settings.max_body_bytes) as web:
            on.place.publish(on.url)
            unusual = on.place.path if on.place.path != DataDir.default().path else None
            credentials = await kept(server.services, home, on.url, unusual)
            screen.ready(_banner(on, start, home, demo, credentials), _event(on, home, demo, credentials))
            await until_stopped(stop, web)
            screen.stopping(len(server.services.calls.live))
            await server.drain()
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _demo(server: Process, home: Home, start: _Start) -> Demo | None:
    from saperly_server import demo

    try:
        found = await demo.ensure(server.services, home.workspace.id)
    except demo.DemoNotReady as reason:
        start.done("demo", str(reason), warning=True)
        return None
    credit = f"{dollars(server.services.rates.signup_credit_cents)} credit live and test" if home.keys else ""
    what = "1 number · 1 connection" if found else "taken apart; yours stays as you left it"
    start.done("demo", " · ".join(part for part in (what, credit) if part))
    return found


def _banner(on: Ground, start: _Start, home: Home, demo: Demo | None, keys: Credentials) -> Banner:
    from saperly_server.cli.commands.version import installed

    moved = on.listening.instead_of
    return Banner(
        version=installed(),
        welcome_back=home.keys is None,
        steps=start.steps,
        url=on.url,
        keys=_key_lines(keys),
        number=demo.phone_number if demo else None,
        answered_by=demo.connection if demo else None,
        ready_sec=start.seconds(),
        notice=f"Port {moved} is in use by another program, so this is port {on.listening.port}." if moved else None,
    )


def _key_lines(keys: Credentials) -> list[tuple[str, str]]:
    if keys.new:
        kept = f"{keys.file.name}, for your eyes only" if keys.file else "nowhere: this folder cannot be written to"
        return [("Live key", keys.live or ""), ("Test key", keys.test or ""), ("Saved to", kept)]
    lines = [("Live key", keys.prefixes["live"]), ("Test key", keys.prefixes["test"])]
    how = "saperly key --show" if keys.file else "not in this folder; make new ones: saperly keys create --root"
    return [*lines, ("In full", how)]


def _event(on: Ground, home: Home, demo: Demo | None, keys: Credentials) -> dict[str, Any]:
    return {
        "event": "ready",
        "url": on.url,
        **workspace_facts(home),
        "apiKey": keys.live,
        "liveKey": keys.live,
        "testKey": keys.test,
        "keysFile": str(keys.file) if keys.file else None,
        "number": demo.phone_number if demo else None,
        "dataDir": str(on.place.path),
        "pid": os.getpid(),
    }


def _shown(place: DataDir) -> str:
    """The path, from the home directory where it is in there."""
    with suppress(ValueError, RuntimeError):
        return f"~/{place.path.relative_to(Path.home())}"
    return str(place.path)


def _kind(on: Ground) -> str:
    if on.database.embedded is None:
        return on.database.name
    state = (
        "new, "
        if on.database.new
        else "taken over from a server that was killed, "
        if on.database.embedded.adopted
        else ""
    )
    return f"{state}{on.database.name}"
