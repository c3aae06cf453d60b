"""VMAF of encodes that are known to be perfect, better and worse."""

from pathlib import Path

import numpy as np
import pytest
from tests.media.clips import ffmpeg

from matinee.base.errors import InvalidInput
from matinee.media.quality import MODEL, MODEL_4K, model_for, pooled, vmaf

SIZE = (320, 180)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quality") / "it's an original: 1.mp4"
    picture = "mandelbrot=size=320x180:rate=30000/1001"
    ffmpeg("-f", "lavfi", "-i", picture, "-frames:v", 20, "-pix_fmt", "yuv420p", "-qp", 0, path)
    return path


def _encode(original: Path, path: Path, *more: object) -> Path:
    ffmpeg("-i", original, *more, path)
    return path


def test_the_original_is_as_good_as_itself(original: Path) -> None:
    scores = vmaf(original, original, SIZE, frames=20)
    assert len(scores) == 20
    assert scores.min() > 96


def test_what_files_say_of_their_colours_does_not_count(original: Path, tmp_path: Path) -> None:
    said = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
    told = _encode(
        original, tmp_path / "told.mp4", "-c", "copy", "-bsf:v", "h264_metadata=matrix_coefficients=1", *said
    )
    plain = _encode(original, tmp_path / "plain.mp4", "-crf", 35)
    other = _encode(told, tmp_path / "other.mp4", "-crf", 35, "-colorspace", "bt709", "-color_trc", "bt709")
    known = vmaf(plain, original, SIZE, frames=20)
    for encode in (plain, other):
        for film in (original, told):
            assert vmaf(encode, film, SIZE, frames=20) == pytest.approx(known, abs=0.01)


@pytest.mark.parametrize("size", ["2x2", "16x16", "160x4"])
def test_tiny_pictures_can_be_measured(original: Path, tmp_path: Path, size: str) -> None:
    tiny, width, height = tmp_path / "tiny.mkv", *map(int, size.split("x"))
    ffmpeg("-i", original, "-vf", f"scale={width}:{height}", "-c:v", "ffv1", tiny)
    good, bad = (_encode(tiny, tmp_path / f"{crf}.mp4", "-crf", crf) for crf in (10, 51))
    assert vmaf(tiny, tiny, (width, height), frames=20).min() > 95
    assert vmaf(good, tiny, (width, height), frames=20).mean() > vmaf(bad, tiny, (width, height), frames=20).mean()


def test_fewer_bits_and_fewer_pixels_look_worse(original: Path, tmp_path: Path) -> None:
    good, bad = (_encode(original, tmp_path / f"{crf}.mp4", "-crf", crf) for crf in (20, 40))
    small = _encode(original, tmp_path / "small.mp4", "-crf", 20, "-vf", "scale=160:90")
    means = [vmaf(one, original, SIZE, frames=20).mean() for one in (good, small, bad)]
    assert means[0] > means[1] > means[2]


def test_every_third_frame_has_the_score_that_it_has_among_all(original: Path, tmp_path: Path) -> None:
    encode = _encode(original, tmp_path / "e.mp4", "-crf", 35)
    every = vmaf(encode, original, SIZE, frames=20)
    assert vmaf(encode, original, SIZE, frames=20, every=3) == pytest.approx(every[::3])


def test_other_clocks_do_not_matter(original: Path, tmp_path: Path) -> None:
    encode = _encode(original, tmp_path / "e.mp4", "-crf", 30, "-r", 12, "-vf", "settb=1/12,setpts=N")
    assert len(vmaf(encode, original, SIZE, frames=20)) == 20


@pytest.mark.parametrize("kept", [19, 10])
def test_missing_frames_are_an_error(original: Path, tmp_path: Path, kept: int) -> None:
    encode = _encode(original, tmp_path / "e.mp4", "-crf", 35, "-frames:v", kept)
    with pytest.raises(InvalidInput, match="same 20 frames"):
        vmaf(encode, original, SIZE, frames=20)


def test_poolings() -> None:
    scores = np.array([100.0] * 19 + [0.0])
    assert pooled(scores, "mean") == 95
    assert pooled(scores, "harmonic") == pytest.approx(20 / (19 / 101 + 1) - 1)
    assert pooled(scores, "p5") <= pooled(scores, "p10") == 100
    assert pooled(scores, "p1") < 50


def test_large_pictures_are_judged_as_on_a_large_screen() -> None:
    assert [model_for(height) for height in (360, 1080, 2160)] == [MODEL, MODEL, MODEL_4K]


def test_grain_that_a_player_puts_back_can_be_left_out(original: Path, tmp_path: Path) -> None:
    noisy, encode = tmp_path / "noisy.mkv", tmp_path / "e.mp4"
    ffmpeg("-i", original, "-vf", "noise=c0s=10:c0f=t", "-c:v", "ffv1", noisy)
    how = "lp=1:film-grain=40:film-grain-denoise=1"
    ffmpeg("-i", noisy, "-c:v", "libsvtav1", "-preset", 10, "-crf", 30, "-svtav1-params", how, encode)
    shown, bare = (vmaf(encode, noisy, SIZE, frames=20, grain=grain).mean() for grain in (True, False))
    assert bare > shown
