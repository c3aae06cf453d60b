"""A film is planned with real encodes: measured, resumable, and told as JSON."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.media.clips import ffmpeg

from matinee.base.compute.local import LocalCompute
from matinee.base.errors import InvalidInput
from matinee.encoding import planning
from matinee.encoding.plan import Plan
from matinee.encoding.planning import Goal, Prepared, plan, prepare
from matinee.encoding.rungs import Placing
from matinee.encoding.search import Priors
from matinee.encoding.trials import Cache
from matinee.media.packets import packets
from matinee.media.quality import pooled, vmaf

GOAL = Goal(preset="ultrafast", heights=(90, 180), placing=Placing(most=3, step=12), longest_s=2)


@pytest.fixture(scope="module")
def compute() -> Iterator[LocalCompute]:
    made = LocalCompute(2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A still shot, and one that moves."""
    path = tmp_path_factory.mktemp("planning") / "film.mp4"
    sources = ("gradients=size=320x180:rate=24:duration=1:speed=0.01", "testsrc2=size=320x180:rate=24:duration=1.5")
    inputs = [part for one in sources for part in ("-f", "lavfi", "-i", one)]
    ffmpeg(*inputs, "-filter_complex", "[0][1]concat=n=2", "-pix_fmt", "yuv420p", "-qp", 4, path)
    return path


@pytest.fixture(scope="module")
def planned(film: Path, compute: LocalCompute, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Prepared, Plan]:
    work = tmp_path_factory.mktemp("work")
    prepared = prepare(film, "film", work, GOAL.heights)
    return work, prepared, plan(prepared, GOAL, Priors.of_codec("h264"), work, compute)


def test_rungs_rise_and_are_as_they_were_measured(planned: tuple[Path, Prepared, Plan], tmp_path: Path) -> None:
    work, prepared, made = planned
    assert [(one.start, one.stop) for one in made.units] == [(0, 24), (24, 60)]
    assert [one.kbps for one in made.rungs] == sorted(one.kbps for one in made.rungs)
    assert len(made.rungs) > 1
    assert all(one.target <= one.quality["mean"] < one.target + 8 for one in made.rungs)
    piece = tmp_path / "original.mkv"
    ffmpeg("-i", prepared.original.path, "-c:v", "ffv1", piece)
    rung = made.rungs[-1]
    encodes = [Cache(work / "trials").encode(key) for key in rung.trials]
    assert sum(one.size_bytes for path in encodes for one in packets(path, 0)) * 8 / 2.5 / 1000 == pytest.approx(
        rung.kbps
    )
    parts = []
    for unit, encode in zip(made.units, encodes, strict=True):
        cut = tmp_path / f"{unit.start}.mkv"
        ffmpeg(
            "-i",
            piece,
            "-vf",
            f"trim=start_frame={unit.start}:end_frame={unit.stop},setpts=N/24/TB",
            "-c:v",
            "ffv1",
            cut,
        )
        parts.append(vmaf(encode, cut, (320, 180), frames=unit.frames))
    assert pooled(np.concatenate(parts), "mean") == pytest.approx(rung.quality["mean"], abs=1e-6)


def test_the_moving_shot_gets_more_bits(planned: tuple[Path, Prepared, Plan]) -> None:
    work, _, made = planned
    sizes = [Cache(work / "trials").encode(key).stat().st_size for key in made.rungs[-1].trials]
    assert sizes[1] > sizes[0]


def test_what_was_found_is_not_made_again(
    planned: tuple[Path, Prepared, Plan], film: Path, compute: LocalCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, _, made = planned
    for name in ("analyse", "pieces"):
        monkeypatch.setattr(planning, name, lambda *_: pytest.fail("the film was read again"))
    again = prepare(film, "film", work, GOAL.heights)
    assert plan(again, GOAL, Priors.of_codec("h264"), work, compute) == made


def test_the_harmonic_mean_is_what_a_plan_reaches_where_it_was_asked(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute
) -> None:
    work, prepared, _ = planned
    made = plan(prepared, replace(GOAL, pooling="harmonic"), Priors.of_codec("h264"), work, compute)
    for rung in made.rungs:
        assert rung.target <= rung.quality["harmonic"] < rung.target + 8  # two units make coarse steps


def test_a_part_that_is_lost_is_made_again_and_the_plan_stays(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute
) -> None:
    work, prepared, made = planned
    for key in made.rungs[0].trials:
        Cache(work / "trials").encode(key).unlink()
    again = plan(prepared, GOAL, Priors.of_codec("h264"), work, compute)
    assert again.rungs == made.rungs


def test_a_plan_survives_json(planned: tuple[Path, Prepared, Plan]) -> None:
    _, _, made = planned
    assert Plan.of(json.loads(json.dumps(made.told()))) == made


@pytest.mark.parametrize("told", [{}, {"version": 99}, {"version": 1}, {"version": 1, "rate": "24", "units": [3]}])
def test_what_is_no_plan_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="plan"):
        Plan.of(told)


def test_a_file_that_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_text("no film")
    with pytest.raises(InvalidInput):
        prepare(tmp_path / "film.mp4", "none", tmp_path, GOAL.heights)
