from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from matinee.media import pictures

RNG = np.random.default_rng(7)
NOISE = RNG.integers(0, 256, (90, 160, 3), np.uint8)
BLACK, GREY = np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 128, np.uint8)


def _blurred(picture: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def test_blur_lowers_sharpness_step_by_step() -> None:
    steps = [pictures.sharpness(_blurred(NOISE, radius)) for radius in (0, 0.5, 1, 2, 4)]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] < steps[0] / 100
    assert pictures.sharpness(GREY) == 0


def test_blackness_contrast_and_colour() -> None:
    assert pictures.blackness(BLACK) == 1
    assert pictures.blackness(GREY) == 0
    assert pictures.contrast(GREY) == 0
    halves = BLACK.copy()
    halves[:, 80:] = 255
    assert pictures.contrast(halves) == pytest.approx(0.5)
    assert pictures.blackness(halves) == 0.5
    assert pictures.colourfulness(GREY) == 0
    assert pictures.colourfulness(NOISE) > 0.3


def test_the_colour_that_one_would_name() -> None:
    scene = np.full((90, 160, 3), (120, 120, 124), np.uint8)
    scene[20:70, 40:100] = (210, 40, 30)
    assert pictures.dominant_colour(scene) == "#d2281e"
    assert pictures.dominant_colour(BLACK) == "#000000"


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from([pictures.WIDE, pictures.UPRIGHT, Fraction(1)]))
def test_crops_have_the_shape_and_lose_one_side_only(width: int, height: int, aspect: Fraction) -> None:
    cut = pictures.crop(np.zeros((height, width, 3), np.uint8), aspect)
    assert cut.shape[0] == height or cut.shape[1] == width
    assert abs(cut.shape[1] - cut.shape[0] * aspect) <= max(1, aspect)


def test_crops_keep_what_draws_the_eye() -> None:
    scene = GREY.copy()
    scene[:, 110:150] = NOISE[:, 110:150]
    assert (pictures.crop(scene, pictures.UPRIGHT) != 128).any(axis=2).mean() > 0.6
    assert pictures.interest_kept(scene, pictures.UPRIGHT) > 0.9
    # Nothing to choose by: the middle. The cut is a view, whose place in the whole tells where it begins.
    middle = pictures.crop(GREY, pictures.UPRIGHT)
    assert (middle.ctypes.data - GREY.ctypes.data) // 3 == 50


def test_files_can_be_opened_and_small_pictures_stay_small() -> None:
    for data, kind in ((pictures.webp(NOISE, 80), "WEBP"), (pictures.jpeg(NOISE, 80), "JPEG")):
        with Image.open(BytesIO(data)) as image:
            assert (image.format, image.size) == (kind, (160, 90))
    assert pictures.shrink(NOISE, 320) is NOISE
    assert pictures.shrink(NOISE, 80).shape == (45, 80, 3)
