"""Films of more than 8 bits and standard range: tried and planned as they are, under names of their own."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.encoding.high import DISPLAY, carried, high
from tests.encoding.shots import GOAL, two_shots
from tests.media.clips import GRADIENT, clip, ffmpeg

from matinee.base.compute.local import LocalCompute
from matinee.encoding.codecs import CodecName, film_grain
from matinee.encoding.plans import trials
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.knowledge import Priors, Way
from matinee.encoding.plans.plan import Plan
from matinee.encoding.plans.planning import plan
from matinee.encoding.plans.preparing import Prepared, prepare
from matinee.encoding.plans.trials import Cache, Recipe, Task, key_of
from matinee.encoding.plans.trying import Trying
from matinee.media.probe import probe
from matinee.media.quality import vmaf
from matinee.media.records import BT709, Colour

QUICKEST = {"h264": "ultrafast", "hevc": "ultrafast", "av1": "13"}


def _goal(codec: CodecName, **more: object) -> Goal:
    return Goal(codec=codec, preset=QUICKEST[codec], heights=(90, 180), quality=80, longest_s=1, **more)  # type: ignore[arg-type]


def _planned(film: Prepared, goal: Goal, work: Path, compute: LocalCompute) -> tuple[Plan, list[Path]]:
    """The plan of one rung, and the encodes of its units."""
    made = plan(film, goal, Priors.of_codec(goal.codec), work, compute)
    return made, [Cache(work / "trials").encode(key) for key in made.rungs[0].trials]


# As they were before films of more range were tried; whatever was kept under them would be lost.
@pytest.mark.parametrize(
    ("codec", "preset", "key"),
    [
        ("h264", "medium", "141a275edeb9bb156046ca00f9417025"),
        ("hevc", "medium", "43eadffad8cbc44c9badb27924f55e1d"),
        ("av1", "6", "cb796ebddb90d2cdabf0f0db9a1abeb3"),
    ],
)
def test_trials_of_plain_films_keep_their_keys(
    codec: CodecName, preset: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_programs", lambda: "9.0.2")
    task = Task(
        piece=Path(), digest="0123456789abcdef0123456789abcdef", frames=24, size=(320, 180),
        rate=Fraction(24000, 1001), recipes=(), every=2, cache=Path(),
    )  # fmt: skip
    assert key_of(task, Recipe(codec=codec, preset=preset, width=160, height=90, crf=30.25)) == key


def test_trials_of_a_plain_film_are_found_where_they_were_made_before(
    tmp_path: Path, compute: LocalCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_programs", lambda: "9.0.2")
    film = prepare(two_shots(tmp_path / "film.mp4"), "film", tmp_path, GOAL.heights)
    task = Trying(film, GOAL, tmp_path, compute)._task(1, [Way(0, 30.25)], 1, delivered=False)
    assert key_of(task, task.recipes[0]) == "5d232c1d3b8a8444011b44e8a1dc8d9d"


@pytest.mark.parametrize("other", [{"depth": 10}, {"colour": BT709}, {"depth": 10, "colour": Colour(transfer=16)}])
def test_depth_and_colours_decide_the_key_as_well(other: dict[str, object]) -> None:
    task = Task(
        piece=Path(), digest="film", frames=24, size=(320, 180), rate=Fraction(24), recipes=(), every=2, cache=Path()
    )
    recipe = Recipe(codec="av1", preset="6", width=160, height=90, crf=30)
    assert key_of(task, recipe) != key_of(replace(task, **other), recipe)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def hdr10(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Prepared]:
    """A film of HDR10 with 36 pictures, and the folder in which it has been read."""
    work = tmp_path_factory.mktemp("hdr10")
    film = prepare(high(work / "film.mkv", frames=36), "film", work, (90, 180))
    assert (film.original.dynamic, film.full.dynamic) == ("sdr", "pq")
    return work, film


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_a_film_of_high_range_is_tried_in_all_of_it(
    hdr10: tuple[Path, Prepared], compute: LocalCompute, codec: CodecName
) -> None:
    work, film = hdr10
    found, encodes = _planned(film, _goal(codec), work, compute)
    (rung,) = found.rungs
    assert (rung.depth, rung.dynamic, len(encodes)) == (10, "pq", 2)
    for encode in encodes:
        video = probe(encode).video
        assert (video.pixel_format, video.dynamic) == ("yuv420p10le", "pq")
        colour = video.colour
        assert (colour.primaries, colour.transfer, colour.matrix, colour.full_range) == (9, 16, 9, False)
        assert (colour.max_cll, colour.max_fall) == (1000, 400)
        assert colour.mastering is not None
        assert float(colour.mastering.brightest) == pytest.approx(float(DISPLAY.brightest))
        # Decoding may begin at the first picture of any unit.
        assert {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"} <= carried(encode)[0]


def test_h264_has_the_same_units_in_standard_range_and_says_so(
    hdr10: tuple[Path, Prepared], compute: LocalCompute, tmp_path: Path
) -> None:
    work, film = hdr10
    found, encodes = _planned(film, _goal("h264"), work, compute)
    assert (found.rungs[0].depth, found.rungs[0].dynamic) == (8, "sdr")
    assert found.units == tuple(Trying(film, _goal("av1"), work, compute).units)
    assert len(list(work.glob("analyses/*"))) == 1
    video = probe(encodes[0]).video
    assert video.pixel_format == "yuv420p"
    assert replace(video.colour, mastering=None) == BT709
    # As bright as the film is through the filters that everything else here shows it in standard range by.
    original = film.original_in("h264")
    ffmpeg("-i", original.path, "-vf", original.filters, "-frames:v", 1, "-pix_fmt", "gray", tmp_path / "film.png")
    ffmpeg("-i", encodes[0], "-vf", "scale=320:180", "-frames:v", 1, "-pix_fmt", "gray", tmp_path / "encode.png")
    seen, meant = (np.asarray(Image.open(tmp_path / name), float) for name in ("encode.png", "film.png"))
    assert seen.mean() == pytest.approx(meant.mean(), abs=3)


def test_the_score_of_high_range_is_that_of_what_a_screen_of_standard_range_shows(
    hdr10: tuple[Path, Prepared], compute: LocalCompute, tmp_path: Path
) -> None:
    work, film = hdr10
    found, encodes = _planned(film, _goal("hevc"), work, compute)
    original = film.full
    whole = tmp_path / "film.mkv"
    graph = f"{original.filters},format=yuv420p10le"
    ffmpeg("-i", original.path, "-vf", graph, "-c:v", "ffv1", whole)
    listing = tmp_path / "encodes.txt"
    listing.write_text("".join(f"file '{one}'\n" for one in encodes))
    joined = tmp_path / "joined.mp4"
    ffmpeg("-f", "concat", "-safe", 0, "-i", listing, "-c", "copy", joined)
    scores = vmaf(joined, whole, (320, 180), frames=36, colour=original.colour)
    assert scores.mean() == pytest.approx(found.rungs[0].quality["mean"], abs=0.3)


@pytest.mark.parametrize(("told", "colour"), [(("-color_primaries", "bt709"), BT709), ((), None)])
def test_ten_bits_of_standard_range_are_tried_in_ten(
    tmp_path: Path, compute: LocalCompute, told: tuple[str, ...], colour: Colour | None
) -> None:
    path = tmp_path / "film.mkv"
    tags = ",setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv" * bool(told)
    ramp = f"format=yuv420p10le,geq=lum=400+X/4:cb=512:cr=512{tags}"
    ffmpeg("-f", "lavfi", "-i", "color=s=320x180:r=24", "-frames:v", 12, "-vf", ramp, "-c:v", "ffv1", path)
    film = prepare(path, "film", tmp_path, (90, 180))
    assert (film.original.depth, film.full.depth, film.full.colour) == (8, 10, colour)
    found, (encode,) = _planned(film, replace(_goal("hevc"), quality=95), tmp_path, compute)
    assert (found.rungs[0].depth, found.rungs[0].dynamic) == (10, "sdr")
    video = probe(encode).video
    assert (video.pixel_format, video.profile) == ("yuv420p10le", "Main 10")
    assert video.colour == (colour or Colour())
    ffmpeg("-i", encode, "-frames:v", 1, "-pix_fmt", "gray10le", "-f", "rawvideo", tmp_path / "raw")
    assert len(np.unique(np.fromfile(tmp_path / "raw", np.uint16))) > 50  # of 8 bits 20
    _, (plain,) = _planned(film, _goal("h264"), tmp_path, compute)
    assert probe(plain).video.pixel_format == "yuv420p"


@pytest.fixture(scope="module")
def grainy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Prepared]:
    """A film with grain of about six steps, and the folder in which it has been read."""
    work = tmp_path_factory.mktemp("grainy")
    noise = ("-vf", "noise=c0s=21:c0f=t+u:all_seed=3", "-qp", 4)
    path = clip(work / "film.mp4", seconds=1, rate=24, picture=f"{GRADIENT}:speed=0.01", sounds=(), more=noise)
    return work, prepare(path, "film", work, (90, 180))


def test_seen_grain_is_taken_out_of_av1_and_put_back_by_players(
    grainy: tuple[Path, Prepared], compute: LocalCompute, tmp_path: Path
) -> None:
    work, film = grainy
    for grain in (False, True):
        found, (encode,) = _planned(film, _goal("av1", grain=grain), work, compute)
        assert all(("FILM_GRAIN_PARAMS" in one) == grain for one in carried(encode))
        assert (found.rungs[0].grain > 0) == grain
    trial = Cache(work / "trials").known(found.rungs[0].trials[0])
    width, _ = found.rungs[0].sizes[0]
    # Small pictures have less of it: neighbours are taken together.
    assert trial.recipe.grain == film_grain(film.grain * width / 320)
    # Measured without what is put back, as that is not the film's own grain.
    whole = tmp_path / "film.mkv"
    ffmpeg("-i", film.original.path, "-vf", film.original.filters, "-c:v", "ffv1", whole)
    bare, shown = (
        vmaf(encode, whole, (320, 180), frames=24, grain=one).mean() for one in (False, True)
    )  # fmt: skip
    assert found.rungs[0].quality["mean"] == pytest.approx(bare, abs=0.01)
    assert abs(bare - shown) > 0.5


def test_only_av1_has_grain_and_only_where_it_is_seen(
    grainy: tuple[Path, Prepared], compute: LocalCompute, tmp_path: Path
) -> None:
    work, film = grainy
    asked = [
        Trying(film, _goal(codec, grain=True), work, compute)._task(0, [Way(0, 30.0)], 1, delivered=False).recipes[0]
        for codec in ("h264", "hevc", "av1")
    ]
    assert [one.grain > 0 for one in asked] == [False, False, True]
    clean = replace(film, grain=0.4)
    task = Trying(clean, _goal("av1", grain=True), work, compute)._task(0, [Way(0, 30.0)], 1, delivered=False)
    assert task.recipes[0].grain == 0
