"""Real processes on real sockets: `saperly` as a developer starts it, watched from outside."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from saperly_server.core.data_dir import DataDir
from saperly_server.core.embedded_postgres import EmbeddedPostgres

SAPERLY = Path(sys.executable).with_name("saperly")
PATIENCE_SEC = 40.0

T = TypeVar("T")
Event = dict[str, Any]


def environment(home: Path) -> dict[str, str]:
    """The environment of a developer who is in a hurry: people talk fast, everything else is as usual."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAPERLY_")}
    return {
        **kept,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "share"),
        "PYTHONUNBUFFERED": "1",
        "SAPERLY_SIMULATION_SPEED": "8",
    }


def eventually(look: Callable[[], T | None], within_sec: float = PATIENCE_SEC) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + within_sec
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {within_sec:g} s")


@dataclass
class Running:
    """A running `saperly` with its output as it comes; `events` are the JSON lines of its stdout."""

    process: subprocess.Popen[str]
    folder: Path
    events: list[Event] = field(default_factory=list)
    _fresh: queue.Queue[Event | None] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._fresh.put(json.loads(line))
        self._fresh.put(None)

    def until(self, kind: str, **facts: Any) -> Event:
        """The first event of a kind with these facts, whether it came already or is yet to come."""
        wanted = {"event": kind, **facts}
        deadline = time.monotonic() + PATIENCE_SEC
        seen = 0
        while True:
            for event in self.events[seen:]:
                seen += 1
                if wanted.items() <= event.items():
                    return event
            fresh = self._fresh.get(timeout=max(0.01, deadline - time.monotonic()))
            if fresh is None:
                raise AssertionError(f"it ended without {wanted}: {self.events}\n{self.stderr()}")
            self.events.append(fresh)

    def stderr(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SEC)

    def client(self, *, test: bool = False) -> httpx.Client:
        """The API with the server's live key, or its test key."""
        ready = self.until("ready")
        headers = {"Authorization": f"Bearer {ready['testKey' if test else 'liveKey']}"}
        return httpx.Client(base_url=ready["url"], headers=headers, timeout=20, trust_env=False)

    def run(self, *arguments: str, text: str = "", expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Another `saperly` command in the same folder, to its end."""
        done = subprocess.run(
            [SAPERLY, *arguments],
            cwd=self.folder,
            env=environment(self.folder),
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SEC * 2,
            check=False,
        )
        if expect is not None:
            assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


class Launcher:
    """Starts commands in a folder of their own and ends what is left of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def __call__(self, *arguments: str, **environ: str) -> Running:
        process = subprocess.Popen(
            [SAPERLY, *arguments],
            cwd=self.folder,
            env={**environment(self.folder), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return Running(process, self.folder)

    def end_all(self) -> None:
        """In good order, so that no database is left behind; a server that does not end is killed."""
        for process in self._started:
            process.terminate()
        for process in self._started:
            try:
                process.wait(PATIENCE_SEC)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path_factory.mktemp("developer"))
    yield launcher
    launcher.end_all()


@pytest.fixture(scope="module")
def data_dir(launch: Launcher) -> Iterator[Path]:
    """A data directory whose parents are open, so that the database of a root user stays inside it."""
    path = Path(tempfile.mkdtemp(prefix="saperly-system-"))
    yield path
    launch.end_all()
    EmbeddedPostgres.start(path).stop("immediate")  # a killed server's database lives on, for the next start
    DataDir(path).remove()


@pytest.fixture(scope="module")
def server(launch: Launcher, data_dir: Path) -> Running:
    """A development server that keeps its data, ready."""
    running = launch("dev", "--json", "--no-open", "--port", "0", "--data-dir", str(data_dir))
    running.until("ready")
    return running
