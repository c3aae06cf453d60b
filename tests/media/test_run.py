import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import pytest

from matinee.base.errors import InvalidInput, Unavailable
from matinee.media import run

_PATTERN = ["-f", "lavfi", "-i", "testsrc2=duration=2:rate=25:size=128x72"]


def _wait(condition, what: str) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"waited in vain: {what}")


def _runs(pid: int) -> bool:
    """Whether a process is there and not just waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_reports_progress_in_seconds_of_film(tmp_path: Path) -> None:
    heard: list[Fraction] = []
    run.ffmpeg([*_PATTERN, f"{tmp_path}/film.mp4"], about="the pattern", progress=heard.append)
    assert heard == sorted(heard)
    assert Fraction(19, 10) < heard[-1] <= 2


def test_logs_a_command_that_can_be_pasted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "matinee.media.run"):
        run.ffmpeg([*_PATTERN, "-frames:v", "1", f"{tmp_path}/it's a film.mp4"], about="the pattern")
    command = caplog.messages[0].removeprefix("running: ")
    (tmp_path / "it's a film.mp4").unlink()
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert (tmp_path / "it's a film.mp4").stat().st_size > 0
    assert shlex.split(command)[0] == run.ffmpeg_program()


def test_failure_names_the_file_and_says_why(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"gave up on my film: .*No such file"):
        run.ffmpeg(["-i", f"{tmp_path}/none.mp4", f"{tmp_path}/out.mp4"], about="my film")


def test_only_the_last_lines_of_a_long_complaint_are_kept() -> None:
    code, tail = run.run(["sh", "-c", "for i in $(seq 2000); do echo line $i >&2; done; printf end >&2; exit 3"])
    assert code == 3
    assert tail[-1] == "end"
    assert len(tail) == run.TAIL_LINES


def test_full_disk_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="disk is full"):
        run.ffmpeg(["-y", *_PATTERN, "-f", "rawvideo", "/dev/full"], about="my film")


def test_a_killed_child_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="SIGKILL"):
        raise run._failure("FFmpeg", "my film", *run.run(["sh", "-c", "kill -9 $$"]))


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(Unavailable, match="no-such-program"):
        run.run(["/no-such-program"])


def test_stop_ends_a_child_that_is_polite(tmp_path: Path) -> None:
    _stopped(tmp_path, "sleep 60")


def test_stop_ends_a_child_that_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "GRACE_S", 0.2)
    _stopped(tmp_path, "trap '' TERM; while true; do sleep 0.1; done")


def _stopped(tmp_path: Path, work: str) -> None:
    note, stop = tmp_path / "pid", threading.Event()

    def stop_when_started() -> None:
        _wait(lambda: note.exists() and note.read_text().endswith("\n"), "the child's start")
        stop.set()

    threading.Thread(target=stop_when_started).start()
    with pytest.raises(run.Stopped):
        run.run(["sh", "-c", f"echo $$ > {note}; {work}"], stop=stop)
    assert not _runs(int(note.read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_us(tmp_path: Path, number: signal.Signals) -> None:
    note = tmp_path / "pid"
    script = f"from matinee.media import run; run.run(['sh', '-c', 'echo $$ > {note}; exec sleep 60'])"
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    _wait(lambda: note.exists() and note.read_text().endswith("\n"), "the child's start")
    child = int(note.read_text())
    assert _runs(child)
    os.kill(parent.pid, number)
    parent.wait()
    _wait(lambda: not _runs(child), "the child's end")
