"""Killed at the worst moment, and several processes at once: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from matinee.base.backends import Backends
from matinee.events.service import Service

# A process of its own: opens the workspace, records one playing after another and says so once it is acknowledged.
# With an argument it dies by `kill -9` inside the transaction of that playing, after the rows of plays were written.
RECORDER = """
import os, signal, sys
from pathlib import Path
from matinee.base.backends import BackendSettings, open_backends
from matinee.events import service as s
from matinee.events.records import Play

root, url, name, count, deadly = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
with open_backends(BackendSettings(tables=url), root) as backends:
    service = s.Service(backends)
    for i in range(count):
        if i == deadly:
            s.Service._move_offset = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        key = f"play-{name}-{i:04d}"
        service.record([Play(id=key, viewer_id=1, title_id=1, at_ms=i, play=key)])
        print(key, flush=True)
"""


def record(root: Path, url: str, name: str, count: int, deadly: int = -1) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", RECORDER, str(root), url, name, str(count), str(deadly)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_a_process_killed_inside_the_projection_loses_and_doubles_nothing(
    backends: Backends, tmp_path: Path, tables_url: str
) -> None:
    child = record(tmp_path, tables_url, "one", 10, deadly=4)
    acknowledged = child.communicate(timeout=60)[0].split()
    assert child.returncode == -signal.SIGKILL
    assert len(acknowledged) == 4
    # The fifth was durable before its projection was killed; opening the workspace catches up, once.
    assert len(Service(backends).plays_since(0)) == 5
    again = record(tmp_path, tables_url, "one", 10)
    assert len(again.communicate(timeout=60)[0].split()) == 10
    service = Service(backends)
    assert len(service.plays_since(0)) == service.rate() == 10


def test_processes_may_record_at_once(backends: Backends, tmp_path: Path, tables_url: str) -> None:
    children = [record(tmp_path, tables_url, name, 25) for name in ("one", "two")]
    said = [child.communicate(timeout=120)[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert len({key for keys in said for key in keys}) == 50
    service = Service(backends)
    assert len(service.plays_since(0)) == service.rate() == 50
