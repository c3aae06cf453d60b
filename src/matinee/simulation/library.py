"""The films as a library on disk, in the names of Jellyfin and Kodi, so that they come in as anybody's would.

Films/Salt Moon (2016)/Salt Moon (2016).mp4, .en.srt, movie.nfo
Series/The Lamplighters/Season 01/The Lamplighters - S01E01 - The First Lamp.mp4, .nfo
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from matinee.base.compute import Compute
from matinee.simulation.dialogue import cues, srt
from matinee.simulation.films import FORMAT, Film, Format, Series, series


@dataclass(frozen=True, slots=True)
class Job:
    """A film to be made, and where its files go."""

    film: Film
    path: Path
    seed: int
    form: Format = FORMAT

    def done(self) -> bool:
        """Whether its picture is there: that file is written last, under its name only when whole."""
        return self.path.exists()


def jobs(films: Iterable[Film], folder: Path, seed: int, form: Format = FORMAT) -> list[Job]:
    """The films to be made in a library folder, the longest first, so that no worker is left with one at the end."""
    found = [Job(film, folder / place(film), seed, form) for film in films]
    return sorted(found, key=lambda job: -job.film.duration_s)


def place(film: Film) -> Path:
    """Where the film lies in a library."""
    if film.series:
        name = f"{film.series} - S{film.season:02d}E{film.episode:02d} - {film.name}"
        return Path("Series", film.series, f"Season {film.season:02d}", f"{name}.mp4")
    name = f"{film.name} ({film.year})"
    return Path("Films", name, f"{name}.mp4")


def make(compute: Compute, wanted: Sequence[Job]) -> Iterator[Job]:
    """Make what is not there yet, side by side; yields each film as it becomes ready, and those that were at once."""
    for one in {job.film.series for job in wanted if job.film.series}:
        _write_series(next(each for each in series() if each.name == one), wanted)
    yield from (job for job in wanted if job.done())
    yield from compute.map(make_one, [job for job in wanted if not job.done()], "filming")


def make_one(job: Job) -> Job:
    """Write the film's files, its picture last."""
    from matinee.simulation.filming import shoot  # what draws is slow to import, and mostly there is nothing to draw

    folder = job.path.parent
    folder.mkdir(parents=True, exist_ok=True)
    _write(job.path.with_suffix(".nfo") if job.film.series else folder / "movie.nfo", nfo(job.film))
    _write(job.path.with_suffix(".en.srt"), srt(cues(job.film)))
    if job.film.second_language:
        _write(job.path.with_suffix(f".{job.film.second_language}.srt"), srt(cues(job.film, translated=True)))
    shoot(job.film, job.seed, job.path, job.form)
    return job


def _write_series(one: Series, wanted: Sequence[Job]) -> None:
    folder = next(job.path for job in wanted if job.film.series == one.name).parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "tvshow.nfo", series_nfo(one))


def _write(path: Path, text: str) -> None:
    """Write a small file whole or not at all; one that says the same already is left alone."""
    data = text.encode()
    if path.exists() and path.read_bytes() == data:
        return
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)  # noqa: PTH105


def nfo(film: Film) -> str:
    """What there is to say of a film or an episode, as Kodi's NFO."""
    root = Element("episodedetails" if film.series else "movie")
    _say(root, title=film.name, year=film.year, plot=film.synopsis, tagline=film.tagline, mpaa=film.maturity,
         mood=film.mood, language=film.language)  # fmt: skip
    if film.series:
        _say(root, showtitle=film.series, season=film.season, episode=film.episode)
    for tag, texts in (("genre", film.genres), ("tag", film.keywords)):
        for text in texts:
            _say(root, **{tag: text})
    _say(root, director=film.director, credits=film.writer, composer=film.composer)
    for name, character in film.cast:
        actor = SubElement(root, "actor")
        _say(actor, name=name, role=character)
    return _document(root)


def series_nfo(one: Series) -> str:
    """What there is to say of a series."""
    root = Element("tvshow")
    _say(root, title=one.name, year=one.year, plot=one.synopsis, tagline=one.tagline, mpaa=one.maturity, mood=one.mood)
    for genre in one.genres:
        _say(root, genre=genre)
    return _document(root)


def _say(parent: Element, **fields: object) -> None:
    for tag, value in fields.items():
        if value not in ("", None):
            SubElement(parent, tag).text = str(value)


def _document(root: Element) -> str:
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + tostring(root, encoding="unicode") + "\n"
