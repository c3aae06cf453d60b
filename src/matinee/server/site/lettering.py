"""How big a title may be set on its poster: the largest size at which it fits, from the widths of its letters."""

from __future__ import annotations

from functools import lru_cache

SIZES = (20, 17, 14, 11.5, 9.5, 8, 6.8)
"""Sizes of type in hundredths of the poster's width; the class ``f0`` is the largest."""

_NARROW, _WIDE = frozenset("iljtfrI1.,:;'!|()[] "), frozenset("mwMWQO@%—&")
_LINE = 1.02
# Width and height that the letters may fill, in hundredths of the poster's width.
_ROOM = {"wide": (66.0, 40.0), "tall": (84.0, 66.0)}


def size_class(name: str, shape: str) -> str:
    """The class of the largest size at which `name` fits a poster of that shape.

    >>> size_class("Heat", "wide"), size_class("The Lord of the Rings: The Fellowship of the Ring", "wide")
    ('f0', 'f5')
    """
    return f"f{_size(name, shape)}"


@lru_cache(maxsize=65536)
def _size(name: str, shape: str) -> int:
    width, height = _ROOM[shape]
    words = [_ems(word) for word in name.split()]
    for index, size in enumerate(SIZES):
        if max(words, default=0) * size <= width and _lines(words, width / size) * size * _LINE <= height:
            return index
    return len(SIZES) - 1


def _ems(word: str) -> float:
    """Width of a word in Fraunces at weight 600, in ems, a little generously."""
    return sum(0.36 if c in _NARROW else 0.9 if c in _WIDE else 0.72 if c.isupper() else 0.58 for c in word)


def _lines(words: list[float], width: float) -> int:
    """Lines that the words take when each is as full as can be; `width` in ems."""
    lines, filled = 1, 0.0
    for word in words:
        if filled and filled + 0.25 + word > width:
            lines, filled = lines + 1, word
        else:
            filled += word + (0.25 if filled else 0)
    return lines
