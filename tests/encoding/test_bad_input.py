"""Planning films that are odd, broken, or worked on in bad circumstances: a plan that holds, or one clear sentence."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.disks import fill, small_disk
from tests.media.clips import clip, ffmpeg

from matinee.base.compute.local import LocalCompute
from matinee.base.errors import InvalidInput, Unavailable
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.pieces import pieces, room
from matinee.encoding.plans.plan import Plan
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import Prepared, prepare
from matinee.encoding.plans.rungs import Placing
from matinee.encoding.plans.trials import Cache
from matinee.media import run
from matinee.media.packets import packets
from matinee.media.shots import Shot

__all__ = ["small_disk"]
GOAL = Goal(preset="ultrafast", heights=(90,), placing=Placing(most=2, step=12), longest_s=1, probes=1)
LOSSLESS = ("-c:v", "ffv1")


def _planned(film: Path, compute: LocalCompute, goal: Goal = GOAL) -> tuple[Prepared, Plan]:
    work = film.parent / "work"
    work.mkdir(exist_ok=True)
    prepared = prepare(film, film.name, work, goal.heights)
    made = plan(prepared, goal, Priors.of_codec("h264"), work, compute)
    # What was planned decodes to every frame of the film, and nothing but what was found is left.
    assert made.units[-1].stop == prepared.original.frames
    for rung in made.rungs:
        encodes = [Cache(work / "trials").encode(key) for key in rung.trials]
        assert [len(list(packets(one, 0))) for one in encodes] == [unit.frames for unit in made.units]
        assert 0 < rung.quality["mean"] <= 100
    assert sorted(one.name for one in work.iterdir() if any(one.rglob("*"))) == ["analyses", "trials"]
    return prepared, made


@pytest.mark.parametrize(
    ("size", "seconds", "more", "expected"),
    [
        ("321x179", 1, ("-pix_fmt", "yuv444p"), (160, 88, 25)),
        ("16x16", 1, (), (16, 16, 25)),
        ("2x2", 1, LOSSLESS, (2, 2, 25)),
        ("640x20", 1, (), (160, 4, 25)),
        ("20x640", 1, (), (4, 160, 25)),
        ("320x180", 0.08, (), (160, 90, 2)),
        ("320x180", 0.6, ("-pix_fmt", "yuv422p10le"), (160, 90, 15)),
        ("320x180", 0.6, (*LOSSLESS, "-pix_fmt", "yuv444p12le"), (160, 90, 15)),
        ("320x180", 0.6, (*LOSSLESS, "-pix_fmt", "gray"), (160, 90, 15)),
        ("352x288", 0.6, ("-vf", "setsar=16/11"), (160, 90, 15)),
        ("320x180", 0.6, ("-vf", "geq=lum=mod(N*97\\,256):cb=mod(N*53\\,256):cr=128"), (160, 90, 15)),  # all cuts
        ("320x180", 0.6, ("-vf", "noise=alls=100:allf=t", "-qp", 0), (160, 90, 15)),
        ("320x180", 0.6, ("-vf", "drawbox=c=black:t=fill"), (160, 90, 15)),
    ],
)
def test_odd_pictures(
    tmp_path: Path, compute: LocalCompute, size: str, seconds: float, more: Sequence[object],
    expected: tuple[int, int, int],
) -> None:  # fmt: skip
    film = clip(tmp_path / "film.mkv", size=size, seconds=seconds, sounds=(), more=more)
    prepared, made = _planned(film, compute)
    assert (made.rungs[-1].width, made.rungs[-1].height, prepared.original.frames) == expected


def test_no_size_is_asked_of_a_codec_that_its_encoder_refuses(tmp_path: Path, compute: LocalCompute) -> None:
    film = clip(tmp_path / "film.mkv", size="640x20", seconds=0.4, sounds=())
    goal = replace(GOAL, codec="hevc", heights=(90, 360))
    _, made = _planned(film, compute, goal)
    assert {size for rung in made.rungs for size in rung.sizes} == {(640, 20)}
    tiny = clip(tmp_path / "tiny.mkv", size="14x14", seconds=0.4, sounds=())
    with pytest.raises(InvalidInput, match="14 by 14"):
        _planned(tiny, compute, goal)


@pytest.mark.parametrize("sounds", [(), ("sine=440", "sine=880", "sine=220")])
def test_no_sound_and_many_sounds(tmp_path: Path, compute: LocalCompute, sounds: Sequence[str]) -> None:
    prepared, _ = _planned(clip(tmp_path / "film.mkv", seconds=0.6, sounds=sounds), compute)
    assert prepared.original.frames == 15


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_films_of_phones_come_upright(tmp_path: Path, compute: LocalCompute, turn: int) -> None:
    corner = "drawbox=x=0:y=0:w=160:h=60:color=red:t=fill"
    clip(tmp_path / "lying.mp4", picture="color=blue", seconds=0.6, sounds=(), more=("-vf", corner))
    ffmpeg("-display_rotation", turn, "-i", tmp_path / "lying.mp4", "-c", "copy", tmp_path / "film.mp4")
    prepared, made = _planned(tmp_path / "film.mp4", compute)
    size = (160, 90) if turn == 180 else (90, 160)
    assert (made.rungs[-1].width, made.rungs[-1].height) == size
    shown = _first(prepared, tmp_path)
    red = {90: shown[-10, 10], 180: shown[-10, -10], 270: shown[10, -10]}[turn]
    assert red.argmax() == 0


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("film.mov", ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le")),
        ("film.mov", ("-c:v", "png", "-pix_fmt", "rgba")),
        ("film.mov", ("-c:v", "qtrle", "-pix_fmt", "argb")),
        ("film.mkv", ("-c:v", "ffv1", "-pix_fmt", "yuva420p")),
    ],
)
def test_what_is_transparent_is_black(tmp_path: Path, name: str, how: Sequence[object]) -> None:
    alpha = "format=rgba,geq=r=250:g=250:b=250:a=if(lt(X\\,107)\\,255\\,if(lt(X\\,214)\\,128\\,0))"
    film = clip(tmp_path / name, seconds=0.4, sounds=(), more=(*how, "-vf", alpha))
    shown = _first(prepare(film, "film", tmp_path, (180,)), tmp_path).mean(axis=2)
    assert [shown[90, x] for x in (50, 160, 270)] == pytest.approx([250, 125, 0], abs=4)


def _first(prepared: Prepared, folder: Path) -> np.ndarray:
    """The first picture of the original: red, green, blue."""
    ((_, piece),) = pieces(prepared.original, [Shot(0, 1)], folder, lambda _: True)
    ffmpeg("-i", piece, "-pix_fmt", "rgb24", "-f", "rawvideo", folder / "first.raw")
    piece.unlink()
    size = (prepared.original.height, prepared.original.width, 3)
    return np.fromfile(folder / "first.raw", np.uint8).reshape(size)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("kind", ["zeros", "noise"])
def test_damage_in_the_middle_costs_its_own_pictures_alone(
    tmp_path: Path, compute: LocalCompute, suffix: str, kind: str
) -> None:
    whole = clip(tmp_path / f"a.{suffix}", seconds=2, sounds=(), more=("-g", 10, "-movflags", "faststart"))
    data = bytearray(whole.read_bytes())
    start, stop = len(data) * 9 // 20, len(data) // 2
    noise = random.Random(3).randbytes(stop - start)
    data[start:stop] = bytes(stop - start) if kind == "zeros" else noise
    film = tmp_path / f"film.{suffix}"
    film.write_bytes(data)
    prepared, _ = _planned(film, compute)
    # An AVI has no times: there, what follows comes sooner.
    assert prepared.original.frames == pytest.approx(50, abs=6 if suffix == "avi" else 2)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_film_that_is_cut_off_is_refused(tmp_path: Path, suffix: str) -> None:
    whole = clip(tmp_path / f"a.{suffix}", seconds=2, sounds=(), more=("-movflags", "faststart"))
    data, film = whole.read_bytes(), tmp_path / f"film.{suffix}"
    film.write_bytes(data[: len(data) * 3 // 5])
    with pytest.raises(InvalidInput, match="cut off"):
        prepare(film, "film", tmp_path, GOAL.heights)


def test_a_film_without_pictures_behind_its_index_is_refused(tmp_path: Path) -> None:
    source = clip(tmp_path / "good.mp4", seconds=20, more=["-movflags", "faststart"])
    data = bytearray(source.read_bytes())
    start = data.index(b"mdat") + 4
    data[start + 2000 : -3000] = bytes(len(data) - start - 5000)
    (tmp_path / "film.mp4").write_bytes(data)
    with pytest.raises(InvalidInput, match=r"film\.mp4"):
        prepare(tmp_path / "film.mp4", "film", tmp_path, GOAL.heights)


@pytest.mark.parametrize("kind", ["nothing", "one picture"])
def test_no_film_at_all(tmp_path: Path, kind: str) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    if kind == "one picture":
        clip(film, sounds=(), more=("-frames:v", 1))
    with pytest.raises(InvalidInput, match="is not a film"):
        prepare(film, "film", tmp_path, GOAL.heights)


_MEASURE = """
import resource, sys
from pathlib import Path
from matinee.encoding.plans.preparing import prepare
work = Path(sys.argv[1]).parent / "work"
work.mkdir(exist_ok=True)
made = prepare(Path(sys.argv[1]), sys.argv[1], work, (90,))
print(made.original.frames, len(made.analysis.shots), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_an_hour_in_one_shot_takes_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    taken = {}
    for seconds in (60, 3600):
        # A single keyframe, as screen recorders write them: there is nothing to jump to.
        more = ("-g", 100_000, "-x264-params", "scenecut=0")
        film = clip(tmp_path / f"{seconds}.mp4", seconds=seconds, size="64x36", rate=2, sounds=(), more=more)
        told = subprocess.run([sys.executable, "-c", _MEASURE, film], capture_output=True, text=True, check=True)
        frames, shots, kilobytes = map(int, told.stdout.split())
        assert (frames, shots) == (seconds * 2, 1)
        taken[seconds] = kilobytes
    assert taken[3600] - taken[60] < 32 * 1024


def test_a_disk_without_room_for_pieces(tmp_path: Path, small_disk: Path, compute: LocalCompute) -> None:
    film = clip(tmp_path / "film.mp4", seconds=2, sounds=())
    prepared = prepare(film, "film", small_disk, (180,))
    with pytest.raises(Unavailable, match=r"full|space") as caught:
        plan(prepared, replace(GOAL, heights=(180,)), Priors.of_codec("h264"), small_disk, compute)
    assert "Free some space" in caught.value.next_step
    left = [one for one in small_disk.rglob("*") if one.is_file() and one.suffix != ".npz"]
    assert [one.suffix for one in left if one.parent.parent.name != "trials"] == []
    # With room enough, the same plan comes as if nothing had been.
    assert _planned(film, compute)[1].rungs


def test_a_full_disk_when_a_film_is_read(tmp_path: Path, small_disk: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=2, sounds=())
    fill(small_disk)
    with pytest.raises(Unavailable, match=r"full|space"):
        prepare(film, "film", small_disk, GOAL.heights)


def test_an_encoder_that_is_killed_is_told_and_the_plan_goes_on_later(
    tmp_path: Path, compute: LocalCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = clip(tmp_path / "film.mp4", seconds=3, sounds=())
    # The program is killed by itself at the encode of the second unit's piece.
    killing = tmp_path / "ffmpeg"
    killing.write_text(
        f'#!/bin/sh\ncase "$*" in *0000025-*libx264*) kill -KILL $$;; esac\nexec {run.ffmpeg_program()} "$@"\n'
    )
    killing.chmod(0o755)
    work = tmp_path / "work"
    prepared = prepare(film, film.name, work, GOAL.heights)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(killing))
    other = LocalCompute(1)
    with pytest.raises(Unavailable, match="ended by SIGKILL"):
        plan(prepared, GOAL, Priors.of_codec("h264"), work, other)
    other.close()
    monkeypatch.undo()
    before = _ages(work)
    assert len(before) == 2  # the encode of the first unit, and what is told of it
    assert list(work.rglob("draft*")) == list(work.rglob("*.y4m")) == []
    _planned(film, compute)
    assert {path: age for path, age in _ages(work).items() if path in before} == before


_PLAN = """
import json, sys
from pathlib import Path
from tests.encoding.test_bad_input import KILLED
from matinee.base.compute.local import LocalCompute
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import prepare
from matinee.encoding.plans.knowledge import Priors
if __name__ == "__main__":
    film, work = map(Path, sys.argv[1:])
    made = plan(prepare(film, "film", work, KILLED.heights), KILLED, Priors.of_codec("h264"), work, LocalCompute(2))
    print(json.dumps(made.told()))
"""
KILLED = replace(GOAL, placing=Placing(most=2, step=8), probes=2)


def _ages(work: Path) -> dict[Path, tuple[int, int]]:
    """Every finished trial with its number on the disk and its time: both change when it is made again."""
    found = [(one, one.with_suffix(".mp4")) for one in (work / "trials").glob("*/*.json") if one.name[0] != "."]
    return {one: (one.stat().st_ino, one.stat().st_mtime_ns) for pair in found for one in pair}


def _start(film: Path, work: Path) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    script = work.parent / "plan.py"
    script.write_text(_PLAN)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    command = [sys.executable, str(script), str(film), str(work)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    for _ in range(12_000):
        if condition():
            return
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    pytest.fail("it never came so far")


def _until_quiet(work: Path) -> None:
    """The workers of a process that was killed die with it, a moment later."""
    before: list[tuple[Path, int]] = [(work, -1)]
    while (now := [(one, one.stat().st_size) for one in sorted(work.rglob("draft*"))]) != before:
        before = now
        time.sleep(0.2)


def test_killed_five_times_a_plan_is_as_if_undisturbed_and_no_trial_is_made_twice(
    tmp_path: Path, compute: LocalCompute
) -> None:
    sources = [f"{one}=size=320x180:rate=25:duration=1" for one in ("testsrc2", "smptehdbars", "testsrc")]
    inputs = [part for one in sources for part in ("-f", "lavfi", "-i", one)]
    film = tmp_path / "film.mp4"
    ffmpeg(*inputs, "-filter_complex", "concat=n=3", "-pix_fmt", "yuv420p", "-qp", 10, film)
    work, calm = tmp_path / "work", tmp_path / "calm"
    for one in (work, calm):
        one.mkdir()
    priors = Priors.of_codec("h264")
    expected = plan(prepare(film, "film", calm, KILLED.heights), KILLED, priors, calm, compute)
    rng, known = random.Random(7), dict[Path, tuple[int, int]]()
    for kills in range(5):
        process = _start(film, work)
        # Each run comes a few trials further than the one before; the moment after that is a chance one.
        more = len(known) + 2 * (kills > 0)
        _until(lambda more=more: any(work.iterdir()) and len(_ages(work)) >= more, process)
        time.sleep(rng.uniform(0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        _until_quiet(work)
        found = _ages(work)
        assert {path: found.get(path) for path in known} == known
        known = found
    made = plan(prepare(film, "film", work, KILLED.heights), KILLED, priors, work, compute)
    assert {path: age for path, age in _ages(work).items() if path in known} == known
    assert known
    assert (made.rungs, made.units) == (expected.rungs, expected.units)
    for rung in made.rungs:
        for key in rung.trials:
            assert Cache(work / "trials").encode(key).read_bytes() == Cache(calm / "trials").encode(key).read_bytes()


_IN_A_ROOM = """
import sys, time
from pathlib import Path
from matinee.encoding.plans.pieces import room
with room(Path(sys.argv[1])) as folder:
    (folder / "piece.y4m").write_bytes(bytes(1000))
    print("ready", flush=True)
    time.sleep(60)
"""


def test_rooms_of_the_dead_are_cleared_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", _IN_A_ROOM, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    (theirs,) = (tmp_path / "pieces").iterdir()
    with room(tmp_path) as mine:
        assert (theirs / "piece.y4m").exists()
    assert not mine.exists()
    process.kill()
    process.wait()
    process.stdout.close()
    assert theirs.exists()
    with room(tmp_path):
        assert not theirs.exists()
