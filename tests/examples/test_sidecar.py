"""The example as its reader runs it: a real sidecar as a process, beside a server that speaks as Jellyfin does."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from matinee.cli.run import run as run_command
from matinee.subsystems import create_workspace

SCRIPT = Path(__file__).parents[2] / "examples/sidecar/beside_jellyfin.py"
GENRES = ("Western", "Musical", "Horror")
TOKEN, KEY = "a secret", "key of the dashboard"
USERS = [{"Id": f"u{number}", "Name": name} for number, name in enumerate(("Anna", "Bo", "Cy", "Di", "Ed", "Flo"))]


def items(user: str | None) -> list[dict[str, Any]]:
    """Thirty films, and what a user did with them: user n watched most films of genre n, and began some others."""
    found = []
    for number in range(30):
        item: dict[str, Any] = {
            "Id": f"{number:032x}", "Name": f"Film {number}", "Type": "Movie", "ProductionYear": 1960 + number,
            "RunTimeTicks": 60_000_000_000, "Genres": [GENRES[number % 3]], "OfficialRating": "PG-13",
            "People": [{"Name": f"Actor {number % 5}", "Type": "Actor", "Role": "Somebody"}],
        }  # fmt: skip
        if user is not None:
            own = number % 3 == int(user[1:]) % 3 and number // 3 % 4 != int(user[1:]) // 3
            item["UserData"] = {"IsFavorite": own and number < 6, "Played": own}
            if own:
                item["UserData"]["LastPlayedDate"] = f"2026-01-{number % 28 + 1:02}T20:11:05.1234567Z"
        found.append(item)
    return found


class Jellyfin(BaseHTTPRequestHandler):
    """Answers what the example asks, to whoever has the key."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if self.headers["Authorization"] != f'MediaBrowser Token="{KEY}"':
            self.send_error(401)
            return
        body = json.dumps(USERS if asked.path == "/Users" else {"Items": items(query.get("userId"))}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def jellyfin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Jellyfin)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def matinee(workspace: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matinee", "--workspace", str(workspace), *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


@contextmanager
def sidecar(workspace: Path) -> Iterator[str]:
    """The address of `matinee serve recommendation`, as a process of its own that is told to stop at the end."""
    command = [sys.executable, "-m", "matinee", "--json", "--workspace", str(workspace), "serve", "recommendation"]
    environ = os.environ | {"MATINEE_SERVER__SIDECAR_TOKEN": TOKEN, "MATINEE_RECOMMENDATION__MODEL_CHECK_S": "0"}
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            assert process.stdout is not None
            # Once requests are answered, the address is written as JSON of three lines.
            yield json.loads("".join(process.stdout.readline() for _ in range(3)))["address"]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) in (0, -signal.SIGTERM)


def run(address: str, jellyfin: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    where = ["--jellyfin", jellyfin, "--key", KEY, "--matinee", address, "--token", token, "-n", "3"]
    return subprocess.run(
        [sys.executable, str(SCRIPT), *where], capture_output=True, text=True, timeout=100, check=False
    )


def test_the_example_runs_beside_a_server_before_and_after_training(tmp_path: Path, jellyfin: str) -> None:
    workspace = tmp_path / "beside"
    assert matinee(tmp_path, "init", str(workspace)).returncode == 0
    with sidecar(workspace) as address:
        first = run(address, jellyfin)
        assert first.returncode == 0, first.stderr
        lines = first.stdout.splitlines()
        assert lines[0] == "library      30 titles told: 30 new, 0 changed"
        assert lines[1].startswith("viewing ")
        new = int(lines[1].split(": ")[1].removesuffix(" new"))
        assert new > 30
        assert "(fallback: untrained)" in first.stdout
        trained = matinee(workspace, "--json", "recommendation", "train")
        assert trained.returncode == 0, trained.stderr
        version = json.loads(trained.stdout)["version"]
        second = run(address, jellyfin)
        assert second.returncode == 0, second.stderr
        assert "library      30 titles told: 0 new, 0 changed" in second.stdout
        assert "fallback" not in second.stdout
        assert second.stdout.count(version) == len(USERS)  # taken up by the process that was running all along
        refused = run(address, jellyfin, token="another")
        assert refused.returncode == 1
        assert "401" in refused.stderr


def test_an_unknown_setting_fails_at_the_start(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    create_workspace(tmp_path).close()
    for setting in ("server.sidecar_tokn=x", "recommendation.factorz=3", "sidecar.token=x"):
        where = ["--workspace", str(tmp_path), "--set", setting]
        assert run_command([*where, "serve", "recommendation", "--port", "0"]) not in (0, 1)
        said = capfd.readouterr()
        assert said.out == ""
        assert setting.partition("=")[0].partition(".")[2] in said.err or "[sidecar]" in said.err


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("beside_jellyfin", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_message_of_the_webhook_becomes_an_event() -> None:
    message = {
        "NotificationType": "PlaybackStop", "UserId": "u1", "ItemId": "7f", "PlaybackPositionTicks": 50_000_000,
        "RunTimeTicks": 60_000_000_000, "UtcTimestamp": "2026-01-02T03:04:05.1234567Z",
    }  # fmt: skip
    assert script().event_of(message) == {
        "viewer": "u1", "title": "7f", "kind": "stop", "at_ms": 1_767_323_045_000, "position_s": 5.0,
        "duration_s": 6000.0,
    }  # fmt: skip
