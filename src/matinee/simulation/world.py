"""A world from a seed: its films, the people who watch, and what a catalogue calls the titles that they watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from matinee.catalog.records import Kind, Title
from matinee.events.records import Event
from matinee.simulation import viewers, viewing
from matinee.simulation.films import Film, everything
from matinee.simulation.viewers import Offer, Person

_STRIDE = 7
"""Films are taken this far apart from the tables, so that a few of them are a mixed bag; shares no factor with 32."""


@dataclass(frozen=True)
class World:
    """Everything follows from the seed and the two sizes."""

    seed: int
    film_count: int | None = None
    """How many films and episodes; None for all there are."""
    viewer_count: int = 300

    @cached_property
    def films(self) -> tuple[Film, ...]:
        """The films of this world."""
        known = everything()
        mixed = [known[index * _STRIDE % len(known)] for index in range(len(known))]
        chosen = {film.key for film in mixed[: self.film_count]}
        return tuple(film for film in known if film.key in chosen)

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """The viewers of this world, with their tastes."""
        names = sorted({name for film in self.films for name in (film.director, *(actor for actor, _ in film.cast))})
        return viewers.people(self.seed, self.viewer_count, names)

    def offers(self, titles: Mapping[int, Title]) -> tuple[Offer, ...]:
        """What the catalogue holds of this world: its films, and its series with their episodes, by id.

        Titles that are not of this world are left out.
        """
        films = {(film.name, film.year): film for film in self.films if not film.series}
        found = [
            _offer(title, films[title.name, title.year])
            for title in titles.values()
            if title.kind == Kind.FILM and title.year is not None and (title.name, title.year) in films
        ]
        for title in titles.values():
            episodes = [film for film in self.films if film.series == title.name]
            if title.kind == Kind.SERIES and episodes:
                found.append(replace(_offer(title, episodes[0]), episodes=_episodes(title, titles)))
        return tuple(sorted((one for one in found if one.episodes or one.duration_s), key=lambda one: one.title_id))

    def month(self, viewer_ids: Mapping[str, int], titles: Mapping[int, Title], now_ms: int) -> list[Event]:
        """What the people of this world did in the month before `now_ms`, in order."""
        return viewing.month(self.people, viewer_ids, self.offers(titles), now_ms, self.seed)


def _offer(title: Title, film: Film) -> Offer:
    return Offer(
        title_id=title.id,
        name=title.name,
        genres=film.genres,
        mood=film.mood,
        people=(film.director, *(actor for actor, _ in film.cast)),
        pace=film.pace,
        maturity=film.maturity,
        duration_s=title.runtime_s or film.duration_s,
    )


def _episodes(series: Title, titles: Mapping[int, Title]) -> tuple[tuple[int, float], ...]:
    seasons = {one.id: one for one in titles.values() if one.kind == Kind.SEASON and one.parent_id == series.id}
    found = [one for one in titles.values() if one.kind == Kind.EPISODE and one.parent_id in {*seasons, series.id}]
    ordered = sorted(
        found, key=lambda one: (getattr(seasons.get(one.parent_id or 0), "number", 0) or 0, one.number or 0)
    )
    return tuple((one.id, one.runtime_s or 10.0) for one in ordered)
