from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from tests.media.clips import ffmpeg, scenes

from matinee.encoding.streams import stills
from matinee.media.pictures import blackness, sharpness

RNG = np.random.default_rng(3)
_BLOCKS = RNG.integers(0, 256, (9, 16, 3), np.uint8)
SHARP = np.asarray(Image.fromarray(_BLOCKS).resize((160, 90), Image.Resampling.NEAREST))
BLURRED = np.asarray(Image.fromarray(SHARP).filter(ImageFilter.GaussianBlur(8)))
BLACK, GREY = np.zeros_like(SHARP), np.full_like(SHARP, 128)
DARK = (SHARP * 0.08).astype(np.uint8)


@pytest.mark.parametrize("bad", [BLACK, GREY, BLURRED, DARK], ids=["black", "plain", "blurred", "dark"])
def test_the_good_frame_wins(bad: np.ndarray) -> None:
    assert stills.ranked([bad, bad, SHARP, bad])[0] == 2


def test_black_and_plain_come_last() -> None:
    order = stills.ranked([BLACK, BLURRED, GREY, SHARP])
    assert set(order[:2]) == {1, 3}


def test_pictures_of_a_film_that_begins_black_and_blurs(tmp_path: Path) -> None:
    good = "testsrc2=size=320x180:rate=24:duration=1"
    film = tmp_path / "film.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=black:size=320x180:rate=24:duration=3"),
        *("-f", "lavfi", "-i", f"{good},gblur=sigma=20"),
        *("-f", "lavfi", "-i", good),
        *("-filter_complex", "concat=n=3[v]", "-map", "[v]", "-c:v", "libx264", "-pix_fmt", "yuv420p", film),
    )
    made = stills.draw(film, film, Fraction(5))
    for data, size, shape in ((made.still, made.still_size, (320, 180)), (made.poster, made.poster_size, (120, 180))):
        with Image.open(BytesIO(data)) as image:
            assert (image.format, image.size, size) == ("WEBP", shape, shape)
            picture = np.asarray(image.convert("RGB"))
        assert blackness(picture) < 0.5
        assert sharpness(picture) > 0.01
    assert made.colour.startswith("#")


def test_an_all_black_film_still_has_pictures(tmp_path: Path) -> None:
    film = scenes(tmp_path / "film.mp4", ["black"], size="64x36")
    assert stills.draw(film, film, Fraction(1)).colour == "#000000"


def test_an_upright_film(tmp_path: Path) -> None:
    film = scenes(tmp_path / "film.mp4", ["red"], size="180x320")
    made = stills.draw(film, film, Fraction(1))
    assert made.still_size == (180, 101)
    assert made.poster_size == (180, 270)
