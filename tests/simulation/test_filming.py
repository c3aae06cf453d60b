"""A film as it is on disk: deterministic, whole or absent, cut where the table says, with pictures and sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from matinee.simulation import filming, sound
from matinee.simulation.filming import FPS, frames, seeded, shoot
from matinee.simulation.films import Film, Format, everything

SMALL = Format(width=320, height=180)
FILMS = {film.name: film for film in everything()}


def shorter(name: str, shots: int = 3, share: float = 0.3) -> Film:
    film = FILMS[name]
    return replace(film, shots=tuple(replace(shot, seconds=shot.seconds * share) for shot in film.shots[:shots]))


@pytest.fixture(scope="module")
def film() -> Film:
    return shorter("The Salt Road")


@pytest.fixture(scope="module")
def made(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    shoot(film, 7, path, SMALL)
    return path


def test_it_has_the_size_length_and_streams_that_it_should(made: Path, film: Film) -> None:
    with av.open(str(made)) as found:
        picture, audio = found.streams.video[0], found.streams.audio[0]
        assert (picture.width, picture.height, picture.average_rate) == (320, 180, FPS)
        assert picture.codec_context.name == "h264"
        assert picture.frames == round(film.duration_s * FPS)
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48_000, 2)
        assert float(found.duration) / av.time_base == pytest.approx(film.duration_s, abs=0.06)


def test_the_same_seed_makes_the_same_file_and_another_another(made: Path, film: Film, tmp_path: Path) -> None:
    shoot(film, 7, tmp_path / "same.mp4", SMALL)
    assert (tmp_path / "same.mp4").read_bytes() == made.read_bytes()
    shoot(film, 8, tmp_path / "other.mp4", SMALL)
    assert (tmp_path / "other.mp4").read_bytes() != made.read_bytes()


def test_a_film_that_is_interrupted_leaves_nothing_that_looks_finished(
    film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(filming, "_write_frame", power_cut)
    with pytest.raises(KeyboardInterrupt):
        shoot(film, 7, tmp_path / "film.mp4", SMALL)
    assert not list(tmp_path.glob("*.mp4"))
    monkeypatch.undo()
    shoot(film, 7, tmp_path / "film.mp4", SMALL)
    assert [one.name for one in tmp_path.iterdir()] == ["film.mp4"]


def luma(film: Film) -> np.ndarray:
    """Brightness of every frame, small: frames by pixels."""
    return np.stack([planes[:180:4, ::4].astype(np.float32).ravel() for planes in frames(film, 7, SMALL)])


@pytest.mark.parametrize("name", ["The Salt Road", "Embers", "Turbo Horizon", "The Velvet Hour"])
def test_it_cuts_where_the_table_says_and_nowhere_else(name: str) -> None:
    film = replace(shorter(name, shots=4), fade_s=0.0, lettering=False, lead_in_s=0.0)
    pictures = luma(film)
    change = np.abs(np.diff(pictures, axis=0)).mean(axis=1)
    cuts = [round(at * FPS) - 1 for at in film.cuts_s]
    within = np.delete(change, cuts)
    assert change[cuts].min() > 2 * within.max()


def test_black_before_the_first_shot_is_black_and_fades_are_dark() -> None:
    film = shorter("Room at the End", shots=1)
    pictures = luma(film)
    lead_in = round(film.lead_in_s * FPS)
    assert lead_in > 24
    assert pictures[: lead_in - 1].mean() == pytest.approx(16, abs=1)
    assert pictures[lead_in:].mean(axis=1).max() > 40
    assert pictures[-1].mean() < 20


def test_the_name_stands_on_the_black_and_is_gone_when_the_film_begins() -> None:
    film = shorter("Salt Moon", shots=1)
    cards = [planes[:180] for planes in list(frames(film, 7, SMALL))[: round(film.lead_in_s * FPS)]]
    middle = cards[len(cards) // 2]
    assert middle.max() > 200
    assert 0.002 < (middle > 100).mean() < 0.1
    assert cards[-1].max() < 60


def test_pictures_move_and_are_rich_without_bands() -> None:
    film = replace(shorter("Salt Moon", shots=1), lettering=False, lead_in_s=0.0)
    pictures = luma(film)[12:-12]
    assert np.abs(np.diff(pictures, axis=0)).mean(axis=1).min() > 0.3, "every frame differs from the one before"
    sky = next(iter(list(frames(film, 7, SMALL))[20:]))[10:60, :320].astype(np.float32)
    rows = sky.mean(axis=1)
    assert len(np.unique(np.round(rows, 2))) > 40, "a gradient has as many steps as rows, thanks to dither and grain"


@pytest.mark.parametrize("name", ["The Last Keeper", "Pear, Pot and Lemon", "Room at the End"])
def test_sound_is_neither_silent_nor_clipped(name: str) -> None:
    film = FILMS[name]
    heard = sound.score(film.music, film.duration_s, film.cuts_s, seeded(7, name))
    assert heard.shape == (round(film.duration_s * sound.RATE), 2)
    assert np.abs(heard).max() < 0.89, "1 dB of headroom"
    loudness_db = 20 * np.log10(np.sqrt(np.mean(np.square(heard))))
    assert -24 < loudness_db < -17
    seconds = heard[sound.RATE : -sound.RATE, 0]
    whole = seconds[: len(seconds) // sound.RATE * sound.RATE].reshape(-1, sound.RATE)
    assert np.sqrt(np.mean(whole**2, axis=1)).min() > 0.005, "no second of it is silent"
    assert np.abs(heard[:, 0] - heard[:, 1]).mean() > 0.001, "it is stereo"


def test_moods_sound_different() -> None:
    def brightness(name: str) -> float:
        film = FILMS[name]
        heard = sound.score(film.music, 6.0, (), seeded(7, name))[:, 0]
        power = np.abs(np.fft.rfft(heard)) ** 2
        return float((power * np.fft.rfftfreq(len(heard), 1 / sound.RATE)).sum() / power.sum())

    assert brightness("Pear, Pot and Lemon") > 2 * brightness("Room at the End")
