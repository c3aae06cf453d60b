"""Search by name, tolerant of a typo: an index of character trigrams, the best of which are compared word by word.

Trigram counting finds a few hundred names that share most of their letters with the query (Ukkonen, "Approximate
string matching with q-grams and maximal matches", 1992). Short names share too few when a letter is wrong: they are
found by what is left of them without any one letter (Garbe, SymSpell, 2012). Each candidate is then scored by how well
every word of the query is met by a word of the name, by Damerau-Levenshtein distance (optimal string alignment). A last
word that is still being typed meets any word that begins with it.

    >>> index = NameIndex([(1, "The Shawshank Redemption", 1994), (2, "Heat", 1995), (3, "Léon", 1994)])
    >>> [key for key, score in index.find("shawshenk", 5)], [key for key, score in index.find("leon", 5)]
    ([1], [3])
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from matinee.catalog.names import fold, match_name, natural

_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_CANDIDATES = 300
_SHORT = 8
"""Names of up to so many letters are also found by their deletions."""
_LEAST = 0.6
"""Scores below this are no match."""


class _Query(NamedTuple):
    text: str
    words: list[str]
    year: int | None
    alike: dict[tuple[str, str], float]
    """How much a word of the query and a word of a name are alike, as found so far: names share their words."""


class NameIndex:
    """Names that can be found again by a misspelt part of them.

    Built of ``(key, name, year)``; a key may have several names. `find` may be called from any thread.
    """

    def __init__(self, names: Iterable[tuple[int, str, int | None]]) -> None:
        rows = sorted(
            {(text, key, year) for key, name, year in names for text in _spellings(name)}, key=lambda row: row[:2]
        )
        self._texts = [text for text, _, _ in rows]
        self._keys = [key for _, key, _ in rows]
        self._years = [year for _, _, year in rows]
        self._starts, self._postings, self._codes = _invert(self._texts)
        self._sizes = np.fromiter((len(text) + 2 for text in self._texts), np.int32, len(rows))
        self._shortened: dict[str, list[int]] = {}
        for at, text in enumerate(self._texts):
            if len(text) <= _SHORT:
                for left in _deletions(text):
                    self._shortened.setdefault(left, []).append(at)

    def __len__(self) -> int:
        return len(self._texts)

    def find(self, query: str, n: int) -> list[tuple[int, float]]:
        """Up to `n` keys whose names come close, best first, each with a score up to about 1.

        A name that begins with the query comes before one that only contains it.
        """
        best: dict[int, float] = {}
        if self._texts:
            for asked in _meanings(query):
                self._find(asked, best)
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:n]

    def _find(self, asked: _Query, best: dict[int, float]) -> None:
        """Put the keys whose names come close into `best`, with their scores."""
        candidates = {
            *self._beginning(asked.text, _CANDIDATES),
            *self._alike(asked.text, _CANDIDATES),
            *self._short(asked.text),
        }
        for at in candidates:
            score = self._score(at, asked)
            key = self._keys[at]
            if score >= _LEAST and score > best.get(key, 0.0):
                best[key] = score

    def _beginning(self, text: str, n: int) -> range:
        first = bisect_left(self._texts, text)
        last = bisect_left(self._texts, text + "\U0010ffff")
        return range(first, min(last, first + n))

    def _short(self, text: str) -> list[int]:
        """Places of the short names that are one letter away."""
        if len(text) > _SHORT + 1:
            return []
        return [at for left in _deletions(text) for at in self._shortened.get(left, ())][:_CANDIDATES]

    def _alike(self, text: str, n: int) -> list[int]:
        """Places of the names that share most trigrams with the text."""
        codes = np.unique(_trigrams(text))
        found = np.searchsorted(self._codes, codes)
        found = found[(found < len(self._codes))]
        found = found[np.isin(self._codes[found], codes)]
        if not len(found):
            return []
        lists = [self._postings[self._starts[at] : self._starts[at + 1]] for at in found]
        shared = np.bincount(np.concatenate(lists), minlength=len(self._texts))
        # Of names that share as many trigrams, those with little else come first.
        score = shared - 0.01 * np.minimum(self._sizes, 90) * (shared > 0)
        n = min(n, len(score))
        top = np.argpartition(-score, n - 1)[:n]
        return [int(at) for at in top if shared[at] >= max(1, 0.25 * len(codes))]

    def _score(self, at: int, asked: _Query) -> float:
        text, year = self._texts[at], self._years[at]
        words = text.split()
        met = _words_met(asked, words)
        whole = OSA.normalized_similarity(asked.text, text)
        begins = text.startswith(asked.text)
        score = 0.55 * met + 0.35 * whole + 0.1 * begins
        score = max(score, 0.9 * whole, 0.8 * met if met > 0.7 else 0.0)
        if begins:
            score = max(score, 0.85 + 0.15 * len(asked.text) / len(text))
        elif (
            len(asked.text) > 4 or not asked.text.isascii()
        ) and asked.text in text:  # within a word, or in a script without spaces
            score = max(score, 0.65 + 0.2 * len(asked.text) / len(text))
        if asked.year is not None and year is not None:
            score += 0.15 if year == asked.year else (0.02 if abs(year - asked.year) == 1 else -0.05)
        return score


def _meanings(query: str) -> list[_Query]:
    """What a query may mean: all of it a name, or a name and a year ("heat 1995", but "2001 a space odyssey")."""
    query = query[:200]
    found: list[tuple[str, int | None]] = [(query, None)]
    year = _YEAR.search(query)
    if year is not None:
        found.append((f"{query[: year.start()]} {query[year.end() :]}", int(year.group())))
    texts = [(match_name(text), when) for text, when in found if fold(text)]
    return [_Query(text, text.split(), when, {}) for text, when in texts]


def _spellings(name: str) -> set[str]:
    """The name as names are compared, and with its article, in which somebody may mistype a letter too."""
    return {match_name(name), fold(natural(name)) or match_name(name)}


def _deletions(text: str) -> set[str]:
    """The text, and what is left of it without any one letter."""
    return {text, *(text[:at] + text[at + 1 :] for at in range(len(text)))}


def _words_met(asked: _Query, words: Sequence[str]) -> float:
    """How well the words of a query are met by those of a name, 0 to 1, weighted by their length."""
    total = sum(map(len, asked.words))
    met = 0.0
    for at, word in enumerate(asked.words):
        best = 1.0 if word in words else max((_alike(asked.alike, word, other) for other in words), default=0.0)
        if best < 0.95 and at == len(asked.words) - 1 and any(other.startswith(word) for other in words):
            best = 0.95
        met += best * len(word)
    return met / total


def _alike(known: dict[tuple[str, str], float], word: str, other: str) -> float:
    found = known.get((word, other))
    if found is None:
        found = known[word, other] = OSA.normalized_similarity(word, other)
    return found


def _trigrams(text: str) -> NDArray[np.int64]:
    """Codes of the trigrams of a text that is marked at both ends and at both sides of each space."""
    letters = np.frombuffer(f" {text} ".encode("utf-32-le"), np.uint32).astype(np.int64)
    if len(letters) < 3:
        return np.empty(0, np.int64)
    return (letters[:-2] << 42) | (letters[1:-1] << 21) | letters[2:]


def _invert(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Where the posting list of each trigram begins, all lists behind one another, and the trigrams, sorted."""
    if not texts:
        return np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64)
    joined = np.frombuffer("".join(f" {text} " for text in texts).encode("utf-32-le"), np.uint32).astype(np.int64)
    sizes = np.fromiter((len(text) + 2 for text in texts), np.int64, len(texts))
    owner = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)
    inside = owner[:-2] == owner[2:]
    grams = ((joined[:-2] << 42) | (joined[1:-1] << 21) | joined[2:])[inside]
    owners = owner[:-2][inside]
    order = np.argsort(grams, kind="stable")
    grams, owners = grams[order], owners[order]
    fresh = np.ones(len(grams), bool)
    fresh[1:] = (grams[1:] != grams[:-1]) | (owners[1:] != owners[:-1])
    grams, owners = grams[fresh], owners[fresh]
    codes, starts = np.unique(grams, return_index=True)
    return np.append(starts, len(grams)).astype(np.int64), owners, codes
