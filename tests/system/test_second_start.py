"""Starting where a server is already: on its data, on its port; and starting again later."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from .conftest import Launcher, Running


def test_the_same_data_directory_points_to_the_server_that_has_it(server: Running, data_dir: Path) -> None:
    said = json.loads(server.run("dev", "--json", "--data-dir", str(data_dir)).stdout)
    assert said == {"event": "running", "pid": server.process.pid, "url": server.until("ready")["url"]}
    plain = server.run("dev", "--data-dir", str(data_dir)).stdout
    assert plain.startswith(f"saperly is already running (pid {server.process.pid}) → http://localhost:")


def test_a_busy_port_that_was_asked_for_is_a_problem_with_a_name(launch: Launcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = launch("dev", "--ephemeral", "--port", str(port))
        assert refused.process.wait(30) == 3
    problem = json.loads(refused.stderr())
    assert problem["message"].startswith(f"Port {port} is in use")
    assert problem["fix"]


def test_commands_find_the_server_and_its_keys_by_themselves(server: Running) -> None:
    ready = server.until("ready")
    assert server.run("key").stdout.strip() == ready["liveKey"]
    assert json.loads(server.run("balance").stdout)["balanceCents"] == 500
    owned = json.loads(server.run("numbers", "list", "--test").stdout)
    assert [number["phoneNumber"] for number in owned] == ["+14155550100"]
    minted = json.loads(server.run("keys", "create", "kid", "--scope", "read").stdout)
    assert [key["name"] for key in json.loads(server.run("keys", "list").stdout)] == ["kid", "Root"]
    server.run("keys", "revoke", minted["id"], "--yes")
    refused = server.run("keys", "test", minted["key"], expect=4)
    assert json.loads(refused.stderr)["code"] == "Unauthorized"


def test_new_root_keys_are_made_at_the_machine(server: Running, data_dir: Path) -> None:
    made = json.loads(server.run("keys", "create", "--root", "--data-dir", str(data_dir)).stdout)
    assert made["keysFile"] is None, "a file with working keys is left alone"
    assert json.loads(server.run("keys", "test", made["liveKey"]).stdout)["environment"] == "live"
    assert json.loads(server.run("keys", "test", made["testKey"]).stdout)["environment"] == "test"


def test_sql_only_reads_unless_told_otherwise(server: Running, data_dir: Path) -> None:
    refused = server.run("db", "sql", "delete from numbers", "--data-dir", str(data_dir), expect=1)
    assert "read-only" in json.loads(refused.stderr)["message"]
    status = json.loads(server.run("db", "status", "--data-dir", str(data_dir)).stdout)
    assert status["revision"] == status["newest"]


def test_a_later_start_keeps_data_and_keys_and_learns_the_new_address(
    server: Running, launch: Launcher, data_dir: Path
) -> None:
    before = server.until("ready")
    assert server.stop() == 0
    again = launch("dev", "--json", "--port", "0", "--data-dir", str(data_dir))
    ready = again.until("ready")
    assert (ready["liveKey"], ready["testKey"]) == (before["liveKey"], before["testKey"])
    assert f"SAPERLY_BASE_URL={ready['url']}" in (launch.folder / ".env.saperly").read_text()
    assert again.stop() == 0

    (launch.folder / ".env.saperly").unlink()
    third = launch("dev", "--json", "--port", "0", "--data-dir", str(data_dir))
    keyless = third.until("ready")
    assert (keyless["apiKey"], keyless["keysFile"]) == (None, None)
    assert third.stop() == 0
