"""Fields of a table's row: numbers, lengths and years, as strangers write them."""

from __future__ import annotations

import re

_YEAR = re.compile(r"(?:^|\D)((?:18|19|20)\d\d)(?:\D|$)")


class Refused(Exception):
    """A row that cannot be understood; the text completes "a row ..."."""


def whole(text: str) -> int | None:
    """A whole number from 1 to 2^31 - 1; None for anything else.

    >>> whole("12.0"), whole("12"), whole("-1"), whole("twelve")
    (12, 12, None, None)
    """
    found = re.fullmatch(r"(\d{1,10})(?:\.0*)?", text.strip(), re.ASCII)
    number = int(found[1]) if found else 0
    return number if 0 < number < 2**31 else None


def minutes(text: str) -> float | None:
    """Minutes in seconds; None where they are none, 0 or more than a day.

    >>> minutes("162.0"), minutes(""), minutes("0")
    (9720.0, None, None)
    """
    try:
        seconds = float(text) * 60
    except ValueError:
        return None
    return seconds if 0 < seconds <= 86_400 else None


def year_of(text: str) -> int | None:
    """The year in a date; None where there is none.

    >>> year_of("2009-12-10"), year_of("7/16/2010"), year_of("2009.0"), year_of("soon")
    (2009, 2010, 2009, None)
    """
    found = _YEAR.search(text)
    return int(found[1]) if found and int(found[1]) >= 1870 else None
