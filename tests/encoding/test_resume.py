"""Killed at any moment, and gone on with: finished renditions are not made again, and nothing is ever half shown."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.media.clips import clip

from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings

Add = Callable[[Path], int]
# Size by size, so that there is something to keep.
SETTINGS = EncodingSettings(preset="fast", heights=(90, 180, 360), segment_s=1, together_s=0)

_SCRIPT = """
import sys
from pathlib import Path
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings
from matinee.subsystems import open_workspace
with open_workspace(Path(sys.argv[1])) as workspace:
    Service(workspace.backends, EncodingSettings.model_validate_json(sys.argv[2])).encode(int(sys.argv[3]))
"""


def _start(workspace: Workspace, id_: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _SCRIPT, str(workspace.root), SETTINGS.model_dump_json(), str(id_)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def _until(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        if condition():
            return
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.02)
    pytest.fail("it never came so far")


def _finished(workspace: Workspace) -> set[str]:
    return {path.name for path in (workspace.root / "work").rglob("*.mp4") if not path.name.startswith("draft")}


def _drafts(workspace: Workspace) -> list[Path]:
    return [path for path in (workspace.root / "work").rglob("draft*.mp4") if path.stat().st_size]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_finished_renditions_are_not_encoded_again(
    workspace: Workspace, catalog: Catalog, add: Add, tmp_path: Path, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    id_ = add(clip(tmp_path / "film.mp4", seconds=12, size="640x360", rate=30))
    process = _start(workspace, id_)
    _until(lambda: len(_finished(workspace)) >= 2 and _drafts(workspace), process)
    os.kill(process.pid, number)
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in (workspace.root / "work").rglob("*.mp4")}
    kept = {path: age for path, age in before.items() if not path.name.startswith("draft")}
    assert {path.name for path in kept} >= {"sound-1-aac.mp4", "video-160x90.mp4"}
    assert "video-640x360.mp4" not in {path.name for path in kept}
    assert catalog.assets(id_, AssetKind.STREAM) == []

    with caplog.at_level(logging.INFO, "matinee.media.run"):
        stream = Service(workspace.backends, SETTINGS).encode(id_)
    encodings = [message for message in caplog.messages if "libx264" in message or "-c:a" in message]
    for path in kept:
        width = path.stem.rpartition("-")[2].replace("x", ":")
        assert not any(f"scale={width}" in message for message in encodings), f"{path.name} was made again"
    assert not any("sound-1" in message and "-c:a aac" in message for message in encodings)
    assert any("scale=640:360" in message for message in encodings)
    assert [(one.width, one.height) for one in stream.renditions] == [(160, 90), (320, 180), (640, 360)]
    assert list((workspace.root / "work").rglob("*.mp4")) == []


def test_killed_at_random_moments_it_comes_to_the_same_end(
    workspace: Workspace, catalog: Catalog, add: Add, tmp_path: Path
) -> None:
    id_ = add(clip(tmp_path / "film.mp4", seconds=5, size="640x360", rate=30))
    rng = random.Random(5)
    for _ in range(4):
        process = _start(workspace, id_)
        # Starting Python takes about a second and the work about two: most of these fall into the work.
        time.sleep(rng.uniform(0.6, 3))
        process.kill()
        process.wait()
        for row in catalog.assets(id_, AssetKind.STREAM):
            # If it got so far, then all that the row promises is there.
            assert workspace.backends.objects.exists(f"{row.uri}/{row.facts['hls']}")
            assert workspace.backends.objects.exists(f"{row.uri}/{row.facts['dash']}")
    stream = Service(workspace.backends, SETTINGS).encode(id_)
    keys = {info.key.removeprefix(stream.prefix + "/") for info in workspace.backends.objects.list(stream.prefix)}
    fresh = Service(workspace.backends, SETTINGS).encode(id_, force=True)
    again = {info.key.removeprefix(fresh.prefix + "/") for info in workspace.backends.objects.list(fresh.prefix)}
    assert keys == again


def test_two_processes_at_once_one_works_and_the_other_is_told(workspace: Workspace, add: Add, tmp_path: Path) -> None:
    id_ = add(clip(tmp_path / "film.mp4", seconds=12, size="640x360", rate=30))
    process = _start(workspace, id_)
    _until(lambda: _drafts(workspace), process)
    process.send_signal(signal.SIGSTOP)  # so that it has not finished before the other has begun
    rival = subprocess.run(_start_arguments(workspace, id_), capture_output=True, text=True, check=False)
    assert "Conflict: film is being encoded by another process" in rival.stderr
    process.kill()
    process.wait()


def _start_arguments(workspace: Workspace, id_: int) -> list[str]:
    return [sys.executable, "-c", _SCRIPT, str(workspace.root), SETTINGS.model_dump_json(), str(id_)]
