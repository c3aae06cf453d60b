"""Figures as people say them."""

from __future__ import annotations

from matinee.catalog.records import Kind, Title


def duration(seconds: float | None) -> str:
    """How long something lasts.

    >>> duration(8160), duration(840), duration(45), duration(None)
    ('2 h 16 min', '14 min', '45 s', '')
    """
    if not seconds:
        return ""
    if seconds < 60:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))


def clock(seconds: float) -> str:
    """A place in a film.

    >>> clock(3725), clock(65)
    ('1:02:05', '1:05')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def age(maturity: int | None) -> str:
    """For whom something is meant.

    >>> age(0), age(12), age(None)
    ('all ages', '12+', 'not rated')
    """
    return "not rated" if maturity is None else f"{maturity}+" if maturity else "all ages"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number of things.

    >>> count(1, "film"), count(6040, "viewer"), count(2, "series", "series")
    ('1 film', '6,040 viewers', '2 series')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def facts(title: Title) -> str:
    """Year, length and mood of a title in one short line."""
    kind = "Series" if title.kind is Kind.SERIES else ""
    parts = [str(title.year or ""), kind, duration(title.runtime_s), sentence(title.mood)]
    return " · ".join(part for part in parts if part)


def listing(names: list[str]) -> str:
    """Names in a sentence.

    >>> listing(["Ana", "Bo", "Cy"])
    'Ana, Bo and Cy'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def sentence(text: str) -> str:
    """The text with a large first letter.

    >>> sentence("as the Shaman")
    'As the Shaman'
    """
    return text[:1].upper() + text[1:]
