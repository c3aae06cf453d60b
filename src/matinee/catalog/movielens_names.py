"""How MovieLens writes a film: ``City of Lost Children, The (Cité des enfants perdus, La) (1995)``."""

from __future__ import annotations

import re
from typing import NamedTuple

from matinee.catalog.names import clean, natural

_YEAR = re.compile(r"\s*\((\d{4})(?:\s*[-–]\s*(?:\d{4})?)?\s*\)+\s*$")
_AKA = re.compile(r"^a\.?\s?k\.?\s?a\.?\s+", re.IGNORECASE)
# What stands in brackets but tells a part or a version and no other name.
_PART = re.compile(
    r"(part|pt\.?|vol\.?|volume|episode|chapter|disc|season|no\.?)\s+\w+|[ivx]+|\d{1,3}|tv|imax|short|restored"
    r"|(the\s+)?\w+('s)?\s+(cut|edition|version)|silent|remake",
    re.IGNORECASE,
)


class Name(NamedTuple):
    """A film's names and year."""

    name: str
    year: int | None = None
    original: str = ""
    aliases: tuple[str, ...] = ()


def parse_name(text: str) -> Name:
    """The name with its article in front, the year, the original name and others.

    >>> parse_name("City of Lost Children, The (Cité des enfants perdus, La) (1995)")
    Name(name='The City of Lost Children', year=1995, original='La Cité des enfants perdus', aliases=())
    >>> parse_name("Seven (a.k.a. Se7en) (1995)")
    Name(name='Seven', year=1995, original='', aliases=('Se7en',))
    """
    text = clean(text)
    rest, year = _without_year(text)
    name, others = _split(rest)
    if year is None:  # once in a while the year stands before the other names
        name, year = _without_year(name)
    aliases = tuple(natural(_AKA.sub("", one)) for one in others)
    foreign = [natural(one) for one in others if not _AKA.match(one)]
    original = foreign[-1] if foreign else ""
    return Name(natural(name), year, original, tuple(one for one in dict.fromkeys(aliases) if one != original))


def _without_year(text: str) -> tuple[str, int | None]:
    found = _YEAR.search(text)
    if found and found.start() and 1870 <= int(found[1]) <= 2100:
        return text[: found.start()], int(found[1])
    return text, None


def _split(text: str) -> tuple[str, list[str]]:
    """The name and what stands in brackets behind it."""
    others: list[str] = []
    while (start := _last_bracket(text)) > 0:
        inside = text[start + 1 : -1].strip()
        if not inside or _PART.fullmatch(inside) or _YEAR.fullmatch(f"({inside})"):
            break
        others.insert(0, inside)
        text = text[:start].rstrip()
    return text or "Untitled", others


def _last_bracket(text: str) -> int:
    """Where the bracket opens that closes at the end of the text; -1 where none does."""
    if not text.endswith(")"):
        return -1
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] == ")") - (text[at] == "(")
        if depth == 0:
            return at
    return -1
