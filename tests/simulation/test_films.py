"""What films there are: the tables hold together before a single frame is made."""

from __future__ import annotations

import inspect
import itertools

import pytest

from matinee.simulation import scenes, sound
from matinee.simulation.camera import MOVES
from matinee.simulation.dialogue import cues, srt
from matinee.simulation.films import Film, everything, films, series
from matinee.simulation.scenes import scene_names
from matinee.simulation.weather import Palette

FILMS = everything()


def test_there_are_about_thirty_and_a_series() -> None:
    assert 25 <= len(films()) <= 32
    assert [len(one.episodes) for one in series()] == [4]
    assert len({film.key for film in FILMS}) == len(FILMS)


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.key)
def test_every_film_can_be_made(film: Film) -> None:
    for shot in film.shots:
        paint = inspect.signature(scenes.painter(shot.scene))
        paint.bind(None, None, None, **shot.knobs)
        assert shot.move in MOVES
        assert shot.lens >= 1
        Palette.of(shot.palette or film.palette)
    assert film.music["mood"] in sound.HARMONY
    assert set(film.music["voices"]) <= set(sound.VOICES)
    assert set(film.music["noises"]) <= set(sound.NOISES)


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.key)
def test_every_film_is_told_in_full(film: Film) -> None:
    assert film.synopsis.count(".") + film.synopsis.count("?") >= 2
    assert film.genres
    assert film.mood
    assert film.cast
    assert film.director
    assert 1950 <= film.year <= 2030
    assert 8 <= film.duration_s <= 20
    assert film.series or film.tagline


def test_there_is_something_for_every_age_and_in_several_languages() -> None:
    assert {film.maturity for film in FILMS} == {0, 6, 12, 16, 18}
    assert sum(film.maturity <= 6 for film in FILMS) >= 8
    assert len({film.language for film in FILMS}) >= 4
    assert len({genre for film in FILMS for genre in film.genres}) >= 12


def test_some_begin_black_and_some_with_letters() -> None:
    assert sum(film.lead_in_s > 0 for film in FILMS) >= 5
    assert sum(film.lettering for film in FILMS) >= 5
    assert all(film.lead_in_s >= 1.5 for film in FILMS if film.lettering), "long enough to be read"


def test_every_scene_is_filmed() -> None:
    assert set(scene_names()) == {shot.scene for film in FILMS for shot in film.shots}


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.key)
def test_lines_are_said_within_their_shot_and_one_at_a_time(film: Film) -> None:
    for translated in (False, True) if film.second_language else (False,):
        found = cues(film, translated=translated)
        assert found, "somebody says something in every film"
        bounds = [*film.starts_s, film.duration_s]
        for cue in found:
            shot = max(start for start in bounds if start <= cue.start_s)
            end = min(one for one in bounds if one > cue.start_s)
            assert shot < cue.start_s < cue.end_s < end
            assert len(cue.text) / (cue.end_s - cue.start_s) < 25, "can be read"
        assert all(one.end_s < two.start_s for one, two in itertools.pairwise(found))


def test_second_languages_say_as_much_as_the_first() -> None:
    for film in FILMS:
        for shot in film.shots:
            assert len(shot.translated) == (len(shot.lines) if film.second_language else 0)


def test_subrip() -> None:
    text = srt(cues(films()[0])[:1])
    assert text.splitlines()[0] == "1"
    assert text.splitlines()[1] == "00:00:05,750 --> 00:00:08,000"


def test_cuts_fall_on_frames() -> None:
    for film in FILMS:
        assert all((at * 24).is_integer() for at in (*film.starts_s, film.duration_s))
