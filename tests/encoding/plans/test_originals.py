"""Originals: every picture at its time, however the file spaces them, and as much range and depth as is to be kept."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.encoding.high import DISPLAY, high
from tests.media.clips import ffmpeg, fields

from matinee.base.errors import InvalidInput
from matinee.encoding.codecs import CODECS, CodecName
from matinee.encoding.plans.originals import STANDARD, Kept, Original, kept, sized, steadied
from matinee.encoding.plans.pieces import pieces
from matinee.encoding.plans.preparing import Prepared, prepare
from matinee.media.packets import packets
from matinee.media.probe import probe
from matinee.media.quality import vmaf
from matinee.media.records import Colour
from matinee.media.shots import Shot
from matinee.media.tone import tagged

# Each picture's number is its brightness.
_NUMBERED = "format=yuv420p,geq=lum=16+mod(N*2\\,220):cb=128:cr=128"


def _film(path: Path, parts: list[tuple[str, float]], more: str = "null") -> Path:
    """A film of parts with a rate and a length in seconds each."""
    inputs = [word for rate, s in parts for word in ("-f", "lavfi", "-i", f"color=black:s=64x64:r={rate}:d={s}")]
    joined = f"concat=n={len(parts)},{_NUMBERED},{more}"
    how = ("-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-c:v", "libx264", "-qp", 0, "-pix_fmt", "yuv420p")
    ffmpeg(*inputs, "-filter_complex", joined, *how, path)
    return path


def _shown(prepared: Prepared, folder: Path) -> list[int]:
    """The number of every picture that pieces hold."""
    ((_, piece),) = pieces(prepared.original, [Shot(0, prepared.original.frames)], folder, lambda _: True)
    ffmpeg("-i", piece, "-pix_fmt", "gray", "-f", "rawvideo", folder / "grey.raw")
    grey = np.fromfile(folder / "grey.raw", np.uint8).reshape(-1, 64 * 64).mean(axis=1)
    assert len(grey) == prepared.original.frames
    return [round(one) for one in grey]


DROPS = r"select=not(between(n\,20\,26))*not(eq(mod(n\,17)\,3))"


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(
    ("parts", "more", "rate"),
    [
        ([("24", 1.5), ("30", 1.5)], "null", Fraction(30)),
        ([("30", 1.5), ("24", 1.5)], "null", Fraction(30)),
        ([("30", 3)], DROPS, Fraction(30)),
        ([("30000/1001", 3)], DROPS, Fraction(30000, 1001)),
        ([("60", 3)], r"select=not(mod(n\,2))+between(n\,60\,80)", Fraction(30)),
        ([("7", 6)], DROPS, Fraction(7)),
    ],
)
def test_pictures_are_at_their_times_within_half_a_frame(
    tmp_path: Path, parts: list[tuple[str, float]], more: str, rate: Fraction, suffix: str
) -> None:
    film = _film(tmp_path / f"film.{suffix}", parts, more)
    video = probe(film).video
    assert (video.frame_rate, video.variable) == (rate, True)
    prepared = prepare(film, "film", tmp_path, (90,))
    times = sorted(one.time - video.start for one in packets(film, 0))
    ffmpeg("-i", film, "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", tmp_path / "all.raw")
    numbers = np.fromfile(tmp_path / "all.raw", np.uint8).reshape(len(times), -1).mean(axis=1).round().astype(int)
    half = Fraction(1, 2) / rate + Fraction(1, 1000)  # Matroska counts milliseconds
    for i, number in enumerate(_shown(prepared, tmp_path)):
        due = {
            int(numbers[j])
            for j, time in enumerate(times)
            if time <= i / rate + half and (j + 1 == len(times) or times[j + 1] >= i / rate - half)
        }
        assert any(abs(number - one) <= 1 for one in due), (i, number, due)
    assert prepared.original.frames == pytest.approx(
        float(video.duration * rate), abs=2
    )  # the last may lack its length


def test_a_telecined_film_is_prepared_as_it_was_shot_whatever_the_file_says(tmp_path: Path) -> None:
    film = fields(tmp_path / "film.mp4", "telecined")
    assert probe(film).video.frame_rate == Fraction(30000, 1001)
    original = prepare(film, "film", tmp_path, (180,)).original
    assert original.rate == Fraction(24000, 1001)
    assert original.frames == pytest.approx(96, abs=1)


@pytest.fixture(scope="module")
def hdr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of HDR10."""
    return high(tmp_path_factory.mktemp("hdr") / "film.mkv")


def test_a_file_tells_of_its_colours(hdr: Path) -> None:
    video = probe(hdr).video
    assert (video.dynamic, video.bit_depth) == ("pq", 10)
    assert video.colour == Colour(primaries=9, transfer=16, matrix=9, mastering=DISPLAY, max_cll=1000, max_fall=400)
    assert kept(video) == Kept(10, video.colour)


def _kept(film: Path, keep: Kept, folder: Path, size: tuple[int, int] = (320, 180)) -> tuple[Original, Path]:
    """The original of six pictures with all that is to be kept, and its piece."""
    video = probe(film).video
    filters = f"{steadied(video, video.frame_rate, keep=keep)},{sized(video, *size, keep=keep)}"
    original = Original(
        path=film, track=0, filters=filters, width=size[0], height=size[1], rate=video.frame_rate, frames=6,
        depth=keep.depth, colour=keep.colour,
    )  # fmt: skip
    ((_, piece),) = pieces(original, [Shot(0, 6)], folder, lambda _: True)
    return original, piece


def _encode(original: Original, piece: Path, out: Path, codec: CodecName, crf: float) -> Path:
    tags = ("-vf", tagged(original.colour)) if original.colour else ()
    made = CODECS[codec].arguments(CODECS[codec].presets[2], crf, depth=original.depth, colour=original.colour)
    ffmpeg("-i", piece, *tags, *made, out)
    return out


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_high_dynamic_range_is_kept_with_its_metadata(hdr: Path, tmp_path: Path, codec: CodecName) -> None:
    original, piece = _kept(hdr, kept(probe(hdr).video), tmp_path)
    assert piece.stat().st_size == len(original.header()) + 6 * (len(b"FRAME\n") + original.picture_bytes)
    worst = CODECS[codec].crf_high
    good, bad = (_encode(original, piece, tmp_path / f"{crf}.mp4", codec, crf) for crf in (20, worst))
    video = probe(good).video
    assert (video.pixel_format, video.dynamic) == ("yuv420p10le", "pq")
    assert (video.colour.primaries, video.colour.transfer, video.colour.matrix) == (9, 16, 9)
    assert (video.colour.max_cll, video.colour.max_fall, video.colour.full_range) == (1000, 400, False)
    told, display = video.colour.mastering, DISPLAY
    assert told is not None
    assert float(told.brightest) == pytest.approx(1000)
    assert float(told.darkest) == pytest.approx(0.005, rel=0.01)
    assert [float(one) for one in told.red + told.white] == pytest.approx(
        [float(one) for one in display.red + display.white], abs=1e-4
    )
    scores = [vmaf(one, piece, (320, 180), frames=6, colour=original.colour).mean() for one in (good, bad)]
    assert scores[0] > 85
    assert scores[0] > scores[1] + 5


def test_ten_bits_are_kept_where_asked_and_gradients_stay_smooth(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    ramp = "format=yuv420p10le,geq=lum=400+X/4:cb=512:cr=512"
    ffmpeg("-f", "lavfi", "-i", "color=s=320x180:r=24", "-frames:v", 6, "-vf", ramp, "-c:v", "ffv1", film)
    keep = kept(probe(film).video)
    assert keep == Kept(10, None)
    levels = {}
    for how in (keep, STANDARD):
        _, piece = _kept(film, how, tmp_path)
        ffmpeg("-i", piece, "-frames:v", 1, "-pix_fmt", "gray16le", "-f", "rawvideo", tmp_path / "raw")
        levels[how.depth] = len(np.unique(np.fromfile(tmp_path / "raw", np.uint16)))
        piece.unlink()
    assert levels[10] > 3 * levels[8]


def test_without_range_to_keep_it_is_standard(hdr: Path, tmp_path: Path) -> None:
    original, piece = _kept(hdr, STANDARD, tmp_path)
    assert original.pixel_format == "yuv420p"
    assert piece.stat().st_size == len(original.header()) + 6 * (len(b"FRAME\n") + 320 * 180 * 3 // 2)
    with pytest.raises(InvalidInput, match="standard range"):
        CODECS["h264"].arguments("medium", 20, depth=10, colour=Colour())
