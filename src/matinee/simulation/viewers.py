"""Who watches: households of viewers with tastes and habits, all known, so that tests can ask what a model recovers.

A taste is a set of weights over genres, moods, people and pace. Most viewers lean to one of a few temperaments, as
audiences do, and differ within them; what they think of a title is `affinity`, the truth behind all they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Floats = NDArray[np.float64]

# What draws each temperament: weights of genres and of moods, and how quick a film it likes (0 to 1).
TEMPERAMENTS: Mapping[str, tuple[Mapping[str, float], Mapping[str, float], float]] = {
    "family evenings": (
        {"Family": 1.6, "Animation": 1.2, "Comedy": 0.6, "Music": 0.3},
        {"playful": 1.0, "cozy": 0.7},
        0.6,
    ),
    "dark streets": (
        {"Crime": 1.5, "Thriller": 1.4, "Mystery": 0.9},
        {"dark": 0.9, "tense": 0.8, "bleak": 0.6},
        0.6,
    ),
    "romantics": (
        {"Romance": 1.7, "Drama": 0.8, "Music": 0.5},
        {"tender": 1.0, "bittersweet": 0.8, "nostalgic": 0.6},
        0.3,
    ),
    "quiet nature": ({"Documentary": 1.9, "Adventure": 0.3}, {"serene": 1.2, "hopeful": 0.5}, 0.1),
    "far worlds": (
        {"Science Fiction": 1.6, "Adventure": 1.0, "Action": 0.9, "Fantasy": 0.6},
        {"epic": 0.9, "exhilarating": 0.7},
        0.7,
    ),
    "shivers": (
        {"Horror": 1.8, "Mystery": 0.9, "Thriller": 0.6, "Fantasy": 0.3},
        {"eerie": 1.1, "tense": 0.5},
        0.4,
    ),
    "picture houses": (
        {"Drama": 1.3, "History": 0.8, "Mystery": 0.5},
        {"melancholy": 0.9, "dreamy": 0.7, "wry": 0.6},
        0.2,
    ),
}
_SHARES = (0.22, 0.17, 0.13, 0.11, 0.16, 0.09, 0.12)
_DEVICES = ("television", "phone", "tablet", "laptop")
_FIRST = """Ada Amir Anouk Aron Asha Ben Bruna Carlo Chloe Dara Demir Edda Eino Elif Emre Esme Farid Femke Finn Freya
Gita Hana Hugo Ida Ilse Imani Ines Iris Ivan Jaya Jonas Jun Kaya Kofi Lale Lars Leila Lin Luca Maja Malik Mara Mateo
Mei Milo Mina Nadia Nils Noa Nora Olu Omar Oona Otto Pia Priya Rafi Rhea Rosa Rui Sami Sana Saskia Sena Silas Sora
Tariq Tess Theo Tilda Uma Vera Viggo Wen Yara Yusuf Zadie Zora""".split()  # noqa: SIM905  names are read more easily so
_LAST = """Abara Alder Bakker Berg Castell Chen Costa Danso Duarte Eriksen Fabre Falk Garcia Haas Haddad Ito Jansen Kaur
Keller Kowal Lind Lopes Mensah Moreau Nagy Novak Okafor Olsen Park Quist Rahman Rossi Sato Silva Suzuki Tanaka Torres
Varga Vogel Weiss Yilmaz Zeller""".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Offer:
    """A title as the simulation sees it."""

    title_id: int
    name: str
    genres: tuple[str, ...]
    mood: str
    people: tuple[str, ...]
    pace: float
    maturity: int
    """The youngest age it is meant for."""
    duration_s: float
    episodes: tuple[tuple[int, float], ...] = ()
    """Id and length of each episode, where it is a series."""


@dataclass(frozen=True, slots=True)
class Person:
    """A viewer: one profile of a household."""

    key: str
    """Unique in the world, as ``h017-2``."""
    name: str
    household: int
    child: bool
    maturity: int
    temperament: str
    genres: Mapping[str, float]
    moods: Mapping[str, float]
    people: frozenset[str]
    """Actors and directors whose name alone is a reason."""
    pace: float
    hour: float
    """Middle of the hours in which this person watches."""
    visits_a_day: float
    patience: float
    """How readily something that disappoints is watched to its end, 0 to 1."""
    device: str
    throughput_kbps: float
    """Of the household's line, on a good evening."""


def people(seed: int, count: int, known: Sequence[str] = ()) -> tuple[Person, ...]:
    """`count` viewers in households of one to four; `known` are names that some of them follow."""
    rng = np.random.default_rng((seed, 0x7E0))
    found: list[Person] = []
    household = 0
    while len(found) < count:
        size = int(rng.choice((1, 2, 3, 4), p=(0.34, 0.34, 0.18, 0.14)))
        surname, line = str(rng.choice(_LAST)), float(np.exp(rng.normal(9.4, 0.7)))
        some = range(min(size, count - len(found)))
        found += [_person(rng, household, number, surname, line, known) for number in some]
        household += 1
    return tuple(found)


def _person(rng: Rng, household: int, number: int, surname: str, line: float, known: Sequence[str]) -> Person:  # noqa: PLR0917
    child = number >= 2 and bool(rng.random() < 0.6)
    names = tuple(TEMPERAMENTS)
    temperament = names[0] if child else names[int(rng.choice(len(names), p=_SHARES))]
    genres, moods, pace = TEMPERAMENTS[temperament]
    second = TEMPERAMENTS[names[int(rng.integers(len(names)))]]
    return Person(
        key=f"h{household:03d}-{number + 1}",
        name=f"{rng.choice(_FIRST)} {surname}",
        household=household,
        child=child,
        maturity=int(rng.choice((6, 12))) if child else 18,
        temperament=temperament,
        genres=_blend(rng, genres, second[0]),
        moods=_blend(rng, moods, second[1]),
        people=frozenset(str(one) for one in rng.choice(known, min(2, len(known)), replace=False))
        if len(known)
        else frozenset(),
        pace=float(np.clip(rng.normal(pace, 0.15), 0, 1)),
        hour=float(
            rng.normal(16.5, 1.2) if child else rng.choice((20.8, 22.3, 13.0), p=(0.7, 0.2, 0.1)) + rng.normal(0, 0.6)
        ),
        visits_a_day=float(rng.gamma(3.0, 0.17)),
        patience=float(rng.beta(2, 3)),
        device=str(rng.choice(_DEVICES, p=(0.1, 0.2, 0.6, 0.1) if child else (0.5, 0.2, 0.1, 0.2))),
        throughput_kbps=line,
    )


def _blend(rng: Rng, first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """A temperament with something of another one, and a grain of this person's own."""
    share = float(rng.uniform(0.0, 0.45))
    return {
        name: float(max(0.0, first.get(name, 0.0) * rng.uniform(0.6, 1.4) + share * second.get(name, 0.0)))
        for name in sorted({*first, *second})
    }


def affinity(watchers: Sequence[Person], offers: Sequence[Offer]) -> Floats:
    """What each viewer really thinks of each title: viewers by titles, mean 0 and deviation 1 within a viewer."""
    genres = _weights(watchers, offers, lambda person: person.genres, lambda offer: offer.genres)
    moods = _weights(watchers, offers, lambda person: person.moods, lambda offer: (offer.mood,))
    followed = np.array([[len(person.people & set(offer.people)) for offer in offers] for person in watchers], float)
    pace = np.abs(np.subtract.outer([person.pace for person in watchers], [offer.pace for offer in offers]))
    raw = genres + 0.9 * moods + 0.35 * np.minimum(followed, 2) - 0.8 * pace
    centred = raw - raw.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(centred.std(axis=1, keepdims=True), 1e-9), np.float64)


def _weights(
    watchers: Sequence[Person],
    offers: Sequence[Offer],
    of_person: Callable[[Person], Mapping[str, float]],
    of_offer: Callable[[Offer], Iterable[str]],
) -> Floats:
    names = sorted({name for offer in offers for name in of_offer(offer)})
    place = {name: index for index, name in enumerate(names)}
    likes = np.zeros((len(watchers), len(names)))
    for row, person in enumerate(watchers):
        for name, weight in of_person(person).items():
            if name in place:
                likes[row, place[name]] = weight
    has = np.zeros((len(offers), len(names)))
    for row, offer in enumerate(offers):
        found = [place[name] for name in of_offer(offer)]
        has[row, found] = 1 / np.sqrt(len(found))
    return np.asarray(likes @ has.T, np.float64)


def allowed(watchers: Sequence[Person], offers: Sequence[Offer]) -> NDArray[np.bool_]:
    """Whether each title is meant for each viewer's age."""
    ages = np.array([person.maturity for person in watchers])
    return np.asarray(ages[:, None] >= np.array([offer.maturity for offer in offers])[None, :], np.bool_)
