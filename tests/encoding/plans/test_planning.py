"""A film is planned with real encodes: measured, resumable, and told as JSON."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.encoding.shots import GOAL, two_shots
from tests.media.clips import ffmpeg

from matinee.base.compute.local import LocalCompute
from matinee.base.errors import InvalidInput
from matinee.encoding.plans import preparing, trying
from matinee.encoding.plans.assembly import assemble
from matinee.encoding.plans.knowledge import Priors
from matinee.encoding.plans.originals import judged
from matinee.encoding.plans.plan import Plan
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import Prepared, prepare
from matinee.encoding.plans.trials import Cache
from matinee.media.packets import packets
from matinee.media.quality import Pooling, pooled, vmaf


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_shots(tmp_path_factory.mktemp("planning") / "film.mp4")


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
    assert all(abs(one.target - one.quality["mean"]) < 2 for one in made.rungs)
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
        parts.append(vmaf(encode, cut, (320, 180), frames=unit.frames, every=GOAL.every))
    assert pooled(np.concatenate(parts), "mean") == pytest.approx(rung.quality["mean"], abs=1e-6)


def test_the_moving_shot_gets_more_bits(planned: tuple[Path, Prepared, Plan]) -> None:
    work, _, made = planned
    sizes = [Cache(work / "trials").encode(key).stat().st_size for key in made.rungs[-1].trials]
    assert sizes[1] > sizes[0]


def test_what_was_found_is_not_made_again(
    planned: tuple[Path, Prepared, Plan], film: Path, compute: LocalCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, _, made = planned
    for module, name in (
        (preparing, "find_bars"),
        (preparing, "find_scan"),
        (preparing, "analyse"),
        (trying, "pieces"),
    ):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("the film was read again"))
    again = prepare(film, "film", work, GOAL.heights)
    assert plan(again, GOAL, Priors.of_codec("h264"), work, compute) == made


@pytest.mark.parametrize("kept", [0, 9, 0.5, -1])
def test_a_film_is_read_again_where_what_was_seen_is_damaged(
    planned: tuple[Path, Prepared, Plan], film: Path, tmp_path: Path, kept: float
) -> None:
    work, made, _ = planned
    (seen,) = work.glob("analyses/*")
    whole, path = seen.read_bytes(), tmp_path / "analyses" / seen.name
    path.parent.mkdir()
    path.write_bytes(whole[: int(kept) if kept != 0.5 else len(whole) // 2])
    again = prepare(film, "film", tmp_path, GOAL.heights)
    assert again.original == made.original
    assert again.analysis.shots == made.analysis.shots
    assert path.read_bytes() == whole


def test_plans_of_one_film_count_what_they_share_once(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute
) -> None:
    work, prepared, made = planned
    priors, paid = Priors.of_codec("h264"), set[str]()
    alone = [plan(prepared, goal, priors, work, compute).spent for goal in (GOAL, replace(GOAL, quality=85))]
    first = plan(prepared, GOAL, priors, work, compute, paid=paid)
    assert first.spent.trials == made.spent.trials == len(paid)
    second = plan(prepared, replace(GOAL, quality=85), priors, work, compute, paid=paid)
    assert len(paid) == first.spent.trials + second.spent.trials
    assert second.spent.trials < alone[1].trials
    assert second.spent.cpu_s < alone[1].cpu_s
    assert plan(prepared, GOAL, priors, work, compute, paid=paid).spent.cpu_s == 0


def test_the_harmonic_mean_is_what_a_plan_reaches_where_it_was_asked(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute
) -> None:
    work, prepared, _ = planned
    made = plan(prepared, replace(GOAL, pooling="harmonic"), Priors.of_codec("h264"), work, compute)
    for rung in made.rungs:
        assert abs(rung.target - rung.quality["harmonic"]) < 3


@pytest.mark.parametrize("pooling", ["mean", "harmonic", "p10"])
def test_a_quality_that_is_asked_for_is_met_by_all_frames(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute, pooling: Pooling, tmp_path: Path
) -> None:
    work, prepared, _ = planned
    made = plan(prepared, replace(GOAL, quality=85, pooling=pooling), Priors.of_codec("h264"), work, compute)
    (rung,) = made.rungs
    assert rung.quality[pooling] == pytest.approx(85, abs=0.5)
    file, cache = tmp_path / "file.mp4", Cache(work / "trials")
    assemble([cache.encode(key) for key in rung.trials], file, prepared.original.aspect)
    scores = judged(prepared.original, file)
    assert len(scores) == 60
    assert pooled(scores, pooling) == pytest.approx(rung.quality[pooling], abs=0.5)


def test_qualities_that_are_asked_for_make_a_ladder(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute
) -> None:
    work, prepared, _ = planned
    made = plan(prepared, replace(GOAL, qualities=(70, 84)), Priors.of_codec("h264"), work, compute)
    assert [one.target for one in made.rungs] == [70, 84]
    assert [one.quality["mean"] for one in made.rungs] == pytest.approx([70, 84], abs=2)


def test_a_bitrate_that_is_asked_for_is_kept_to_and_used(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute
) -> None:
    work, prepared, _ = planned
    made = plan(prepared, replace(GOAL, kbps=200), Priors.of_codec("h264"), work, compute)
    (rung,) = made.rungs
    assert 190 < rung.kbps <= 200


def test_a_unit_takes_at_most_so_many_times_the_mean(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute
) -> None:
    work, prepared, free = planned
    made = plan(prepared, replace(GOAL, peak=1.4), Priors.of_codec("h264"), work, compute)
    assert max(_peaks(work, free)) > 1.5 > 1.41 > max(_peaks(work, made))


def _peaks(work: Path, made: Plan) -> Iterator[float]:
    for rung in made.rungs:
        for unit, key in zip(made.units, rung.trials, strict=True):
            bits = sum(one.size_bytes for one in packets(Cache(work / "trials").encode(key), 0)) * 8
            yield bits / (unit.frames / float(made.rate)) / 1000 / rung.kbps


def test_encodes_that_were_removed_to_save_room_are_made_again_where_they_are_delivered(
    planned: tuple[Path, Prepared, Plan], compute: LocalCompute
) -> None:
    work, prepared, made = planned
    cache = Cache(work / "trials")
    before = [cache.encode(key).read_bytes() for key in made.rungs[0].trials]
    assert cache.prune({key for rung in made.rungs[1:] for key in rung.trials}) > sum(map(len, before))
    again = plan(prepared, GOAL, Priors.of_codec("h264"), work, compute)
    assert again.rungs == made.rungs
    assert [cache.encode(key).read_bytes() for key in made.rungs[0].trials] == before


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
