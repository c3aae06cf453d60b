"""What analysis says of films whose shots, bars, grain and difficulty are known."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.media.clips import GRADIENT, clip, ffmpeg, fields, whole_fields

from matinee.encoding.codecs import CODECS, film_grain
from matinee.encoding.plans.analysis import MEASURES, Analysis, analyse, find_bars, find_grain, find_scan
from matinee.encoding.plans.originals import Crop, Original, Scan, own_rate, sized, steadied
from matinee.media.frames import every_frame
from matinee.media.probe import probe
from matinee.media.records import Media
from matinee.media.shots import Shot


def _analysed(path: Path, work: Path) -> Analysis:
    media = probe(path)
    width, height = media.video.display_size
    filters = f"{steadied(media.video, media.video.frame_rate)},{sized(media.video, width, height)}"
    original = Original(
        path=path, track=0, filters=filters, width=width, height=height, rate=media.video.frame_rate, frames=0
    )
    return analyse(original, 0.0, work / "proxy.mp4")


def _film(path: Path, filters: str, *, picture: str = "testsrc2") -> Path:
    return clip(path, seconds=2, sounds=(), picture=picture, more=("-vf", filters, "-qp", 6))


def test_shots_and_how_hard_each_is(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    sources = ("color=gray:size=320x180:rate=25:duration=1", "testsrc2=size=320x180:rate=25:duration=1")
    inputs = [part for one in sources for part in ("-f", "lavfi", "-i", one)]
    ffmpeg(*inputs, "-filter_complex", "[0][1]concat=n=2", "-pix_fmt", "yuv420p", "-qp", 6, film)
    found = _analysed(film, tmp_path)
    assert found.shots == (Shot(0, 25), Shot(25, 50))
    assert found.frames.shape == (50, len(MEASURES))
    still, moving = (found.measures(one) for one in found.shots)
    assert all(still[:3] < moving[:3])


def test_a_film_thinned_by_its_filters_has_as_many_frames_as_come_out(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=2, rate=50, sounds=())
    media = probe(film)
    filters = steadied(media.video, Fraction(25))
    original = Original(path=film, track=0, filters=filters, width=320, height=180, rate=Fraction(25), frames=0)
    assert len(analyse(original, 0.0, tmp_path / "proxy.mp4").frames) == 50


def test_pictures_that_change_their_size_and_colours_on_the_way_keep_their_time(tmp_path: Path) -> None:
    film = tmp_path / "film.ts"
    with film.open("wb") as out:
        for i, (size, matrix) in enumerate((("320x180", "bt709"), ("426x240", "smpte170m"), ("320x180", "bt709"))):
            part = clip(
                tmp_path / f"{i}.ts", seconds=1, size=size, sounds=(), rate=24,
                more=("-colorspace", matrix, "-output_ts_offset", i, "-bf", 0),
            )  # fmt: skip
            out.write(part.read_bytes())
    assert len(_analysed(film, tmp_path).frames) == pytest.approx(72, abs=3)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("null", None),
        ("scale=320:132,setsar=1,pad=320:180:0:24", Crop(320, 132, 0, 24)),
        ("scale=240:180,setsar=1,pad=320:180:40:0", Crop(240, 180, 40, 0)),
        ("scale=318:180,setsar=1,pad=320:180:0:0", None),
    ],
)
def test_bars(tmp_path: Path, filters: str, expected: Crop | None) -> None:
    assert find_bars(probe(_film(tmp_path / "film.mp4", filters))) == expected


def test_bars_that_come_and_go_are_no_bars(tmp_path: Path) -> None:
    film = _film(tmp_path / "film.mp4", "drawbox=y=0:h=24:c=black:t=fill:enable='lt(t,1)'")
    assert find_bars(probe(film)) is None


def test_deep_blue_is_no_bar(tmp_path: Path) -> None:
    film = clip(
        tmp_path / "film.mp4", picture="color=blue", sounds=(), more=("-vf", "drawbox=x=99:y=9:w=50:h=50:c=red")
    )
    assert find_bars(probe(film)) is None


def test_a_black_film_has_no_bars(tmp_path: Path) -> None:
    assert find_bars(probe(clip(tmp_path / "film.mp4", picture="color=black", sounds=()))) is None


def test_grain_is_measured_whatever_lies_under_it(tmp_path: Path) -> None:
    found = {}
    for strength in (0, 6, 14):
        film = _film(tmp_path / f"{strength}.mp4", f"noise=c0s={strength}:c0f=t", picture=f"{GRADIENT}:speed=0.02")
        found[strength] = find_grain(probe(film))
    assert found[0] < 0.7
    assert found[0] + 0.5 < found[6] < found[14] - 0.5


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("scan", ["progressive", "interlaced", "telecined"])
def test_fields_are_seen_whatever_the_file_says(tmp_path: Path, scan: str, marked: bool) -> None:
    media = probe(fields(tmp_path / "film.mkv", scan, marked=marked))
    assert media.video.interlaced == marked
    assert find_scan(media) == scan


def test_where_nothing_moves_the_word_of_the_file_stands(tmp_path: Path) -> None:
    for said, expected in (("prog", "progressive"), ("tff", "interlaced")):
        how = ("-flags", "+ilme+ildct", "-x264opts", "tff=1") if said == "tff" else ()
        film = clip(tmp_path / f"{said}.mkv", picture="smptebars", sounds=(), more=("-vf", f"setfield={said}", *how))
        assert find_scan(probe(film)) == expected


@pytest.mark.real_data
def test_no_real_clip_is_interlaced(real_data: Path) -> None:
    for film in (real_data / "clips").iterdir():
        assert film.suffix == ".md" or find_scan(probe(film)) == "progressive", film.name


@pytest.mark.parametrize(("scan", "off"), [("progressive", 2), ("interlaced", 3), ("telecined", 2)])
def test_fields_are_put_right_by_what_was_seen(tmp_path: Path, scan: Scan, off: float) -> None:
    # The file says the contrary each time.
    media = probe(fields(tmp_path / "film.mkv", scan, marked=scan == "progressive"))
    rate = own_rate(media.video, scan)
    assert rate == {"progressive": 25, "interlaced": 25, "telecined": Fraction(24000, 1001)}[scan]
    whole = whole_fields(tmp_path / "whole.mkv", scan)
    assert _off(media, steadied(media.video, rate, None, scan), whole) < off
    assert scan == "progressive" or _off(media, "null", whole) > 2 * off


def _off(media: Media, filters: str, whole: Path) -> float:
    """How far the pictures differ, with the luma of the worst one in ten, in steps of 8 bits."""
    size = media.video.display_size
    pairs = zip(every_frame(media.path, size, filters=filters), every_frame(whole, size), strict=False)
    found = [np.abs(one.astype(int) - other).mean() for one, other in pairs]
    assert len(found) >= 90
    return float(np.percentile(found, 90))


def test_interlaced_pictures_that_change_their_size_stay_whole(tmp_path: Path) -> None:
    film = tmp_path / "film.ts"
    with film.open("wb") as out:
        for i, size in enumerate(("320x180", "426x240", "320x180")):
            part = tmp_path / f"{i}.ts"
            flags = ("-flags", "+ilme+ildct", "-x264opts", "tff=1", "-bf", 0, "-output_ts_offset", 2 * i)
            source = fields(tmp_path / f"{i}.mkv", "interlaced", marked=True, seconds=2)
            width, height = size.split("x")
            scaled = f"scale={width}:{height}:interl=1,setfield=tff"
            ffmpeg("-i", source, "-vf", scaled, "-c:v", "libx264", "-qp", 10, *flags, part)
            out.write(part.read_bytes())
    media, whole = probe(film), whole_fields(tmp_path / "whole.mkv", "interlaced", seconds=2)
    pictures = list(every_frame(film, (320, 180), filters=steadied(media.video, Fraction(25), None, "interlaced")))
    expected = 3 * list(every_frame(whole, (320, 180)))
    assert len(pictures) == pytest.approx(150, abs=2)
    found = [min(np.abs(one.astype(int) - other).mean() for other in expected[max(0, i - 2) : i + 3])
             for i, one in enumerate(pictures)]  # fmt: skip
    assert np.percentile(found, 90) < 4


def test_grain_is_put_back_about_as_strong_as_it_was(tmp_path: Path) -> None:
    film = _film(tmp_path / "film.mkv", "noise=c0s=6:c0f=t", picture=f"{GRADIENT}:speed=0.02")
    sigma = find_grain(probe(film))
    found = {}
    for grain in (0, film_grain(sigma)):
        encode = tmp_path / f"{grain}.mp4"
        ffmpeg("-i", film, "-frames:v", 24, *CODECS["av1"].arguments("10", 40, grain), encode)
        shown = tmp_path / f"{grain}.mkv"
        ffmpeg("-i", encode, "-c:v", "ffv1", shown)
        found[grain > 0] = find_grain(probe(shown))
    assert found[False] < sigma / 3
    assert sigma / 2 < found[True] < sigma * 3 / 2
