"""The library on disk: names that Jellyfin knows, made once, and nothing half made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from matinee.base.compute.local import LocalCompute
from matinee.catalog.nfo import parse
from matinee.media.probe import probe
from matinee.simulation.films import Film, Format, everything, series
from matinee.simulation.library import Job, jobs, make, make_one, nfo, place, series_nfo

SMALL = Format(width=320, height=180)
BY_NAME = {film.name: film for film in everything()}


def quick(job: Job) -> Job:
    shots = tuple(replace(shot, seconds=0.5) for shot in job.film.shots[:2])
    return replace(job, film=replace(job.film, shots=shots, lead_in_s=0.0))


def test_names_are_those_that_other_programs_read() -> None:
    assert place(BY_NAME["Salt Moon"]) == Path("Films/Salt Moon (2016)/Salt Moon (2016).mp4")
    assert place(BY_NAME["Fog Tax"]) == Path(
        "Series/The Lamplighters/Season 01/The Lamplighters - S01E02 - Fog Tax.mp4"
    )


def test_films_are_made_once_and_lie_with_what_belongs_to_them(tmp_path: Path) -> None:
    wanted = [
        quick(job)
        for job in jobs(everything(), tmp_path, 7, SMALL)
        if job.film.name in ("Salt Moon", "Second Sun", "Fog Tax")
    ]
    compute = LocalCompute(2)
    try:
        made = list(make(compute, wanted))
        assert {job.film.name for job in made} == {"Salt Moon", "Second Sun", "Fog Tax"}
        files = sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file())
        assert files == [
            "Films/Salt Moon (2016)/Salt Moon (2016).en.srt",
            "Films/Salt Moon (2016)/Salt Moon (2016).mp4",
            "Films/Salt Moon (2016)/movie.nfo",
            "Films/Second Sun (2024)/Second Sun (2024).en.srt",
            "Films/Second Sun (2024)/Second Sun (2024).es.srt",
            "Films/Second Sun (2024)/Second Sun (2024).mp4",
            "Films/Second Sun (2024)/movie.nfo",
            "Series/The Lamplighters/Season 01/The Lamplighters - S01E02 - Fog Tax.en.srt",
            "Series/The Lamplighters/Season 01/The Lamplighters - S01E02 - Fog Tax.mp4",
            "Series/The Lamplighters/Season 01/The Lamplighters - S01E02 - Fog Tax.nfo",
            "Series/The Lamplighters/tvshow.nfo",
        ]
        times = {job.path: job.path.stat().st_mtime_ns for job in wanted}
        list(make(compute, wanted))
        assert {job.path: job.path.stat().st_mtime_ns for job in wanted} == times
        wanted[0].path.unlink()
        list(make(compute, wanted))
        assert [job.path for job in wanted if job.path.stat().st_mtime_ns != times[job.path]] == [wanted[0].path]
    finally:
        compute.close()


def test_the_probe_agrees_with_the_table(tmp_path: Path) -> None:
    job = quick(next(job for job in jobs(everything(), tmp_path, 7, SMALL) if job.film.name == "Kite Weather"))
    make_one(job)
    found = probe(job.path)
    assert float(found.duration) == pytest.approx(job.film.duration_s, abs=0.06)


@pytest.mark.parametrize("film", everything(), ids=lambda film: film.key)
def test_what_is_written_of_a_film_is_read_back(film: Film) -> None:
    (found,) = parse(nfo(film).encode(), "movie.nfo")
    assert (found.root, found.name, found.year) == ("episode" if film.series else "film", film.name, film.year)
    assert (found.synopsis, found.tagline, found.maturity) == (film.synopsis, film.tagline, film.maturity)
    assert (found.genres, found.keywords) == (film.genres, film.keywords)
    assert (found.season, found.episode) == ((film.season, film.episode) if film.series else (None, None))
    people = [(one.name, one.role, one.character) for one in found.credits]
    assert people == [
        (film.director, "director", ""),
        (film.writer, "writer", ""),
        (film.composer, "composer", ""),
        *((name, "actor", character) for name, character in film.cast),
    ]


def test_what_is_written_of_a_series_is_read_back() -> None:
    (one,) = series()
    (found,) = parse(series_nfo(one).encode(), "tvshow.nfo")
    assert (found.root, found.name, found.genres, found.maturity) == ("series", one.name, one.genres, one.maturity)
