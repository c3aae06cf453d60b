"""Originals: every picture at its time, however the file spaces them."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.media.clips import ffmpeg

from matinee.encoding.pieces import pieces
from matinee.encoding.planning import Prepared, prepare
from matinee.media.packets import packets
from matinee.media.probe import probe
from matinee.media.shots import Shot

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
