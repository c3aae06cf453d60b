import itertools
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.media.clips import scenes

from matinee.encoding.streams import storyboard
from matinee.media.subtitles import parse

COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


@given(st.fractions(Fraction(1, 25), 20_000), st.sampled_from([Fraction(4), Fraction(2), Fraction(1001, 250)]))
def test_about_a_hundred_thumbnails_of_one_to_some_ten_seconds(duration: Fraction, segment: Fraction) -> None:
    step = storyboard.interval(duration, 0, segment)
    assert 1 <= step < 10 + segment
    assert duration / step <= max(101, duration / 10 + 1)


def test_each_time_shows_its_own_picture(tmp_path: Path) -> None:
    film = scenes(tmp_path / "film.mp4", list(COLOURS) * 30, seconds=1, rate=5, size="64x36")
    files = storyboard.draw(film, Fraction(120), Fraction(1), 32)
    assert set(files) == {"storyboard.vtt", "storyboard-1.jpg", "storyboard-2.jpg"}
    cues = parse(files["storyboard.vtt"].decode())
    assert [cue.start for cue in cues] == list(range(120))
    assert [cue.end for cue in cues] == list(range(1, 121))
    for i, cue in enumerate(cues):
        name, _, place = cue.text.partition("#xywh=")
        x, y, width, height = map(int, place.split(","))
        with Image.open(BytesIO(files[name])) as sheet:
            assert x + width <= sheet.width
            assert y + height <= sheet.height
            mean = np.asarray(sheet)[y + 4 : y + height - 4, x + 4 : x + width - 4].reshape(-1, 3).mean(axis=0)
        assert min(COLOURS, key=lambda name: np.abs(mean - COLOURS[name]).sum()) == list(COLOURS)[i % 4]


@pytest.mark.parametrize("duration", [Fraction(1, 25), Fraction(1), Fraction(5, 2)])
def test_ranges_cover_the_film_to_its_end(tmp_path: Path, duration: Fraction) -> None:
    film = scenes(tmp_path / "film.mp4", ["red"], seconds=float(duration), rate=25, size="64x36")
    cues = parse(storyboard.draw(film, duration, Fraction(1), 32)["storyboard.vtt"].decode())
    assert cues[0].start == 0
    assert cues[-1].end == duration
    assert all(before.end == after.start for before, after in itertools.pairwise(cues))
