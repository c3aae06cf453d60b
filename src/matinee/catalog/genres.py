"""Genres: one spelling for what sources call by several."""

from __future__ import annotations

from collections.abc import Iterable

from matinee.catalog.names import clean

_SPELLINGS = {
    "children": "Family",
    "children's": "Family",
    "kids": "Family",
    "film-noir": "Film Noir",
    "film noir": "Film Noir",
    "sci-fi": "Science Fiction",
    "scifi": "Science Fiction",
    "science-fiction": "Science Fiction",
    "sci-fi & fantasy": "Science Fiction",
    "action & adventure": "Action",
    "war & politics": "War",
    "tv movie": "TV Film",
    "suspense": "Thriller",
    "biopic": "Biography",
}
_NONE = {"", "unknown", "(no genres listed)", "no genres listed", "n/a"}
FORMATS = {"imax"}
"""What sources list among genres but is no genre."""


def genres(names: Iterable[str]) -> tuple[str, ...]:
    """Each genre once, in our spelling, in the order of the source.

    >>> genres(["Sci-Fi", "Children's", "(no genres listed)", "Family"])
    ('Science Fiction', 'Family')
    """
    found = dict.fromkeys(_genre(clean(name)) for name in names)
    return tuple(name for name in found if name)


def _genre(name: str) -> str:
    key = name.casefold()
    if key in _NONE or key in FORMATS:
        return ""
    return _SPELLINGS.get(key) or (name.title() if name.islower() else name)
