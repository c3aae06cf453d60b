"""Ways to encode a film beside each other, with real encodes; plots of them; and the same from the command line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.encoding.shots import GOAL, two_shots

from matinee.base.compute.local import LocalCompute
from matinee.base.errors import InvalidInput
from matinee.base.plotting import save
from matinee.cli.run import run
from matinee.encoding.plans import plots
from matinee.encoding.plans.comparing import Comparison, compare
from matinee.encoding.plans.fixed import fixed_rungs
from matinee.encoding.plans.originals import judged
from matinee.encoding.plans.preparing import Prepared, prepare
from matinee.media.packets import packets
from matinee.media.shots import Shot
from matinee.subsystems import create_workspace

FLAGS = ["--set", "encoding.heights=[90,180]", "--set", "encoding.cap_vmaf=80", "--set", "encoding.floor_vmaf=65"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_shots(tmp_path_factory.mktemp("comparing") / "film.mp4")


@pytest.fixture(scope="module")
def compared(
    film: Path, compute: LocalCompute, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Prepared, Comparison]:
    work = tmp_path_factory.mktemp("work")
    prepared = prepare(film, "film", work, GOAL.heights)
    return prepared, compare(prepared, GOAL, ("fixed", "title", "shots"), work, compute)


def test_the_fixed_ladder_is_drawn_smaller_for_smaller_films() -> None:
    assert [(one.width, one.height, one.kbps) for one in fixed_rungs((1920, 1080))][::4] == [
        (416, 234, 145),
        (960, 540, 2000),
        (1920, 1080, 7800),
    ]
    for size in ((640, 360), (480, 204), (360, 640), (1280, 720), (160, 90)):
        rungs = fixed_rungs(size)
        assert (rungs[-1].width, rungs[-1].height) == size
        assert [one.width for one in rungs] == sorted(one.width for one in rungs)
        assert [one.kbps for one in rungs] == sorted({one.kbps for one in rungs})


def test_every_rung_is_as_it_was_measured(compared: tuple[Prepared, Comparison]) -> None:
    prepared, found = compared
    rung = found.ways["fixed"].rungs[-1]
    (file,) = rung.files
    assert judged(prepared.original, file, every=GOAL.every).tolist() == rung.scores.tolist()
    assert sum(one.size_bytes for one in packets(file, 0)) * 8 / 2.5 / 1000 == pytest.approx(rung.kbps)
    assert rung.kbps == pytest.approx(217, rel=0.25)  # of so short a film


def test_savings_are_told_against_each_way(compared: tuple[Prepared, Comparison]) -> None:
    _, found = compared
    assert found.saving("fixed", "fixed") == 0
    saving = found.saving("fixed", "shots")
    assert saving is not None
    assert found.saving("shots", "fixed") == pytest.approx(100 * (1 / (1 + saving / 100) - 1), abs=0.5)
    told = json.loads(json.dumps(found.told()))
    assert [way["way"] for way in told["ways"]] == ["fixed", "title", "shots"]
    assert told["against"] == "fixed"


def test_planned_ways_have_rungs_of_the_same_qualities(compared: tuple[Prepared, Comparison]) -> None:
    _, found = compared
    title, shots = (found.ways[name].plan for name in ("title", "shots"))
    assert title
    assert shots
    assert {one.target for one in shots.rungs} <= {one.target for one in title.rungs}
    for rung in shots.rungs:
        assert rung.quality["mean"] == pytest.approx(rung.target, abs=2)


def test_a_pair_has_about_the_same_bitrate(compared: tuple[Prepared, Comparison]) -> None:
    _, found = compared
    one, other = found.pair("title", "shots")
    assert one.kbps == pytest.approx(other.kbps, rel=0.5)


def test_quality_over_time_is_that_of_the_frames_that_were_looked_at(compared: tuple[Prepared, Comparison]) -> None:
    """Each unit is looked at from its own first frame, so that those of odd length shift what comes after."""
    _, found = compared
    odd = replace(found, units=(Shot(0, 7), Shot(7, 12), Shot(12, 60)))
    planned, whole = found.ways["shots"].rungs[0], found.ways["fixed"].rungs[0]
    every = found.every
    frames = [*range(0, 7, every), *range(7, 12, every), *range(12, 60, every)]
    scores = np.linspace(40, 90, len(frames))
    over_time = odd.over_time(replace(planned, scores=scores))
    assert over_time[frames] == pytest.approx(scores)
    assert len(over_time) == 60
    assert over_time[1] == pytest.approx(scores[0] + (scores[1] - scores[0]) / every)
    assert odd.over_time(whole)[::every] == pytest.approx(whole.scores)
    low = scores - np.where(np.array(frames) > 30, np.where(np.array(frames) < 40, 20, 0), 0)
    apart = odd.most_apart_s(replace(planned, scores=scores), replace(planned, scores=low))
    assert apart * 24 == pytest.approx(35, abs=3)


def test_plots_are_drawn(compared: tuple[Prepared, Comparison], tmp_path: Path) -> None:
    _, found = compared
    drawn = (
        plots.hulls(found),
        plots.over_time(found, "title", "shots"),
        plots.bits_by_shot(found, ("title", "shots")),
    )
    for number, figure in enumerate(drawn):
        save(figure, tmp_path / f"{number}.svg")
        assert (tmp_path / f"{number}.svg").stat().st_size > 2000
    assert len(drawn[0].axes[0].lines) == 3


@pytest.mark.parametrize("way", ["best", "fixed-av1", "shots-vp9", ""])
def test_a_way_that_nobody_knows_is_refused(
    compared: tuple[Prepared, Comparison], compute: LocalCompute, way: str, tmp_path: Path
) -> None:
    prepared, _ = compared
    with pytest.raises(InvalidInput, match="no way"):
        compare(prepared, GOAL, ("title", way), tmp_path, compute)


@pytest.fixture
def there(tmp_path: Path) -> list[str]:
    with create_workspace(tmp_path / "workspace") as made:
        root = made.root
    return ["--workspace", str(root), *FLAGS]


def test_a_file_is_analysed_planned_and_compared(
    there: list[str], film: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def told(*command: str) -> dict[str, object]:
        assert run(["--json", *there, "encoding", *command]) == 0
        found: dict[str, object] = json.loads(capfdbinary.readouterr().out)
        return found

    facts = told("analyse", str(film))
    assert (facts["shots_found"], facts["picture"], facts["vmaf_model"]) == (2, "320x180", "vmaf_v0.6.1")
    assert facts["range"] == "8 bits, sdr"
    out, folder = tmp_path / "plan.json", tmp_path / "rungs"
    plan = told(
        "plan", str(film), "--preset", "ultrafast", "--quality", "75", "--out", str(out), "--write", str(folder)
    )
    assert len(plan["files"]) == 1  # type: ignore[arg-type]
    (file,) = folder.iterdir()
    assert len(list(packets(file, 0))) == 60
    assert json.loads(out.read_text())["units"] == plan["units"]
    ways = ("--ways", "title,shots", "--preset", "ultrafast", "--out", str(tmp_path / "compared"))
    assert [way["way"] for way in told("compare", str(film), *ways)["ways"]] == ["title", "shots"]  # type: ignore[attr-defined]
    assert {one.name for one in (tmp_path / "compared").iterdir()} == {
        "bits.svg",
        "comparison.json",
        "hulls.svg",
        "quality.svg",
    }


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("plan", "none.mp4"), "There is no film file none.mp4."),
        (("plan", "99"), "99"),
        (("plan", "FILM", "--codec", "vp9"), "There is no codec 'vp9'."),
        (("plan", "FILM", "--pooling", "best"), "Quality is not counted as 'best'."),
        (("plan", "FILM", "--preset", "warp"), "libx264 has no preset 'warp'."),
        (("compare", "FILM", "--ways", "shots"), "One way has nothing beside it."),
    ],
)
def test_what_cannot_be_done_is_said(
    there: list[str], film: Path, command: tuple[str, ...], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([*there, "encoding", *(str(film) if one == "FILM" else one for one in command)]) != 0
    assert says in " ".join(capfd.readouterr().err.split())
