"""Ratings of many countries as the youngest age that a film is meant for."""

from __future__ import annotations

import re

# Motion Picture Association and TV Parental Guidelines (USA); British, Irish and Australian labels that are no plain
# age; words for "everybody" of France, Spain, Austria, Germany, the Netherlands and Brazil.
_LABELS = """
g 0|pg 8|pg-13 13|r 17|nc-17 18|x 18|gp 8|m 13|m/pg 8|approved 8|passed 8
tv-y 0|tv-y7 7|tv-y7-fv 7|tv-g 0|tv-pg 8|tv-14 14|tv-ma 17
u 0|uc 0|12a 12|15a 15|r18 18|ma15+ 15|ma 15+ 15|r18+ 18|r 18+ 18
e 0|al 0|tp 0|tous publics 0|a.t.p. 0|atp 0|t 0|l 0|livre 0|o.al. 0|all 0|ohne altersbeschränkung 0|0+ 0
"""
_AGES = {
    label: int(age) for label, _, age in (one.rpartition(" ") for one in _LABELS.strip().replace("\n", "|").split("|"))
}
_UNRATED = {"", "nr", "n/a", "unrated", "not rated", "none", "not rated yet"}
_COUNTRY = re.compile(r"^(rated\b|[a-z][a-z ]{1,20}:|[a-z]{2}\s*/(?=.*\d))\s*")
_SYSTEM = re.compile(r"^(mpaa|fsk|pegi|bbfc|usk|kijkwijzer|csa|cbfc|ab|from)\s*[:\-]?\s*")
_AGE = re.compile(r"^[-+]?\s*(\d{1,2})\s*(\+|years|jahre)?$")


def maturity(label: str) -> int | None:
    """The age that a label stands for, 0 to 18; None for none and for one that nobody knows.

    >>> [maturity(one) for one in ("PG-13", "Rated R for violence", "FSK 16", "DE:FSK 6", "TV-MA", "18+", "Unrated")]
    [13, 17, 16, 6, 17, 18, None]
    """
    text = " ".join(label.casefold().split())
    if text in _UNRATED:
        return None
    text = _COUNTRY.sub("", text)
    for candidate in (text, text.partition(" for ")[0], text.split(" / ")[0], text.split("/")[-1].strip()):
        age = _age(_SYSTEM.sub("", candidate))
        if age is not None:
            return age
    return None


def _age(text: str) -> int | None:
    known = _AGES.get(text)
    if known is not None:
        return known
    found = _AGE.match(text)
    return min(int(found[1]), 18) if found and int(found[1]) <= 21 else None
