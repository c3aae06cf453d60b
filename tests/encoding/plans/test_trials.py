"""Trials: kept whole, never made twice, put together from any rate factors, and the same after a kill."""

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.media.clips import clip, ffmpeg

from matinee.base.errors import InvalidInput
from matinee.encoding.codecs import CODECS
from matinee.encoding.plans.assembly import assemble
from matinee.encoding.plans.originals import Original, steadied
from matinee.encoding.plans.pieces import pieces
from matinee.encoding.plans.trials import Cache, Recipe, Task, digest_of, found, key_of, try_all
from matinee.media.packets import packets
from matinee.media.probe import probe
from matinee.media.shots import Shot

UNITS = [Shot(0, 20), Shot(20, 30), Shot(30, 50)]
RECIPE = Recipe(codec="h264", preset="ultrafast", width=160, height=90, crf=30)


@pytest.fixture
def original(tmp_path: Path) -> Original:
    media = probe(clip(tmp_path / "film.mp4", seconds=2, sounds=()))
    filters = steadied(media.video, Fraction(25))
    return Original(path=media.path, track=0, filters=filters, width=320, height=180, rate=Fraction(25), frames=50)


@pytest.fixture
def task(original: Original, tmp_path: Path) -> Task:
    ((unit, piece),) = pieces(original, UNITS, tmp_path, lambda one: one.start == 0)
    return Task(
        piece=piece, digest=digest_of("film", unit), frames=unit.frames, size=(320, 180), rate=Fraction(25),
        recipes=(RECIPE, replace(RECIPE, crf=40)), every=1, cache=tmp_path / "trials",
    )  # fmt: skip


def _hashes(path: Path, *more: object) -> list[str]:
    table = ffmpeg("-i", path, *more, "-f", "framemd5", "-")
    return [line.split(",")[-1].strip() for line in table.splitlines() if not line.startswith("#")]


def test_pieces_hold_the_frames_of_the_film(original: Original, tmp_path: Path) -> None:
    whole = _hashes(original.path, "-pix_fmt", "yuv420p")
    for unit, piece in pieces(original, UNITS, tmp_path, lambda _: True):
        assert _hashes(piece) == whole[unit.start : unit.stop]
        piece.unlink()


def test_only_wanted_pieces_are_made_and_nothing_after_the_last(original: Original, tmp_path: Path) -> None:
    wanted = [unit for unit, _ in pieces(original, UNITS, tmp_path, lambda one: one.start == 20)]
    assert wanted == [Shot(20, 30)]
    assert sorted(one.name for one in tmp_path.glob("*.y4m")) == ["0000020-0000030.y4m"]


def test_a_film_that_ends_early_is_an_error(original: Original, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"ends before 2\.40 s"):
        list(pieces(original, [*UNITS, Shot(50, 60)], tmp_path, lambda _: True))
    assert len(list(tmp_path.glob("*.y4m"))) == 3


def test_a_trial_tells_what_it_took_and_how_it_looks(task: Task) -> None:
    good, bad = try_all(task)
    assert good.size_bytes > bad.size_bytes
    assert good.scores.mean() > bad.scores.mean()
    assert len(good.scores) == task.frames
    assert good.fresh
    assert good.encode_cpu_s > 0 < good.measure_cpu_s
    kept = Cache(task.cache).encode(good.key)
    assert good.size_bytes == sum(one.size_bytes for one in packets(kept, 0))
    assert [one.key for one in packets(kept, 0)].count(True) == 1


def test_nothing_is_tried_twice(task: Task) -> None:
    first = try_all(task)
    task.piece.unlink()  # so that nothing can be
    again = try_all(task)
    assert [one.fresh for one in again] == [False, False]
    assert [one.size_bytes for one in again] == [one.size_bytes for one in first]
    assert [one.scores.tolist() for one in again] == [one.scores.tolist() for one in first]


@pytest.mark.parametrize("other", [{"digest": "another"}, {"frames": 19}, {"rate": Fraction(24)}])
def test_what_decides_a_trial_decides_its_key(task: Task, other: dict[str, object]) -> None:
    assert key_of(task, RECIPE) != key_of(replace(task, **other), RECIPE)
    assert key_of(task, RECIPE) != key_of(task, replace(RECIPE, grain=5))
    assert key_of(task, RECIPE) == key_of(replace(task, piece=Path("elsewhere"), cache=Path("there")), RECIPE)


@pytest.mark.parametrize("harm", ["truncated", "gone", "garbled", "foreign"])
def test_a_damaged_trial_is_made_again(task: Task, harm: str) -> None:
    first, _ = try_all(task)
    encode = Cache(task.cache).encode(first.key)
    told = encode.with_suffix(".json")
    if harm == "truncated":
        encode.write_bytes(encode.read_bytes()[:100])
    elif harm == "gone":
        encode.unlink()
    else:
        told.write_text("{" if harm == "garbled" else "[]")
    delivered = replace(task, delivered=True)
    assert [one is None for one in found(delivered)] == [True, False]
    assert try_all(delivered)[0].size_bytes == first.size_bytes
    assert None not in found(delivered)


def test_what_came_of_a_trial_is_known_without_its_encode(task: Task) -> None:
    first, second = try_all(task)
    cache = Cache(task.cache)
    assert cache.prune({second.key}) == first.file_bytes
    assert [one.fresh for one in try_all(task)] == [False, False]
    assert [cache.whole(one) for one in (first, second)] == [False, True]


def test_a_close_look_serves_for_a_coarse_one_and_a_coarse_one_is_repeated_without_encoding(task: Task) -> None:
    coarse = replace(task, every=2)
    (first, _), cache = try_all(coarse), Cache(task.cache)
    encode = cache.encode(first.key)
    made = encode.stat().st_mtime_ns
    close, _ = try_all(task)
    assert encode.stat().st_mtime_ns == made
    assert close.scores[::2].tolist() == first.scores.tolist()
    again, _ = try_all(coarse)
    assert not again.fresh
    assert again.scores.tolist() == first.scores.tolist()


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_units_of_different_rate_factors_play_as_one(codec: str, original: Original, tmp_path: Path) -> None:
    quick = CODECS[codec].presets[0]
    recipes = [Recipe(codec=codec, preset=quick, width=160, height=90, crf=crf) for crf in (22, 45, 33)]
    encodes = []
    for recipe, (unit, piece) in zip(recipes, pieces(original, UNITS, tmp_path, lambda _: True), strict=True):
        task = Task(
            piece=piece, digest=digest_of(unit), frames=unit.frames, size=(320, 180), rate=original.rate,
            recipes=(recipe,), every=5, cache=tmp_path / "kept 'here'",
        )  # fmt: skip
        encodes.append(Cache(task.cache).encode(try_all(task)[0].key))
    film = tmp_path / "it's put together.mp4"
    assemble(encodes, film, Fraction(16, 9))
    assert _hashes(film) == [one for encode in encodes for one in _hashes(encode)]
    starts = [one.time * 25 for one in packets(film, 0) if one.key]
    assert starts == [0, 20, 30]


def test_a_killed_trial_leaves_nothing_that_counts(task: Task, tmp_path: Path) -> None:
    expected = try_all(replace(task, cache=tmp_path / "undisturbed"))
    script = (
        "import pickle, sys; from matinee.encoding.plans.trials import try_all; try_all(pickle.load(sys.stdin.buffer))"
    )
    for delay_s in (0.6, 0.8, 1.0, 1.2):
        with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as one:
            assert one.stdin is not None
            one.stdin.write(pickle.dumps(task))
            one.stdin.close()
            time.sleep(delay_s)
            os.kill(one.pid, signal.SIGKILL)
    made = try_all(task)
    for trial, other in zip(made, expected, strict=True):
        here, there = Cache(task.cache).encode(trial.key), Cache(tmp_path / "undisturbed").encode(other.key)
        assert here.read_bytes() == there.read_bytes()
        assert trial.scores.tolist() == other.scores.tolist()
