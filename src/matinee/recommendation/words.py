"""The words of a page: headings and reasons, short, in the active voice."""

from __future__ import annotations

from matinee.base.clock import DAY_MS
from matinee.catalog.records import Title
from matinee.recommendation.moment import Moment
from matinee.recommendation.taste import LIKED, LOVED, Begun, Liked


def because(liked: Liked) -> str:
    """Why something like it is shown; also the heading of its row."""
    if not liked.watched and liked.strength >= LOVED:
        return f"Because you loved {liked.title.name}"
    if not liked.watched:
        return f"Because you liked {liked.title.name}"
    return f"Because you watched {liked.title.name}"


def history(name: str, stars: float) -> str:
    """What a viewer had to do with a title that counts."""
    if stars >= LOVED:
        return f"You loved {name}"
    return f"You liked {name}" if stars >= LIKED else f"You know {name}"


def left(begun: Begun) -> str:
    """How much is left of it."""
    if begun.progress is None and begun.title.parent_id is not None:
        return "The next episode"
    if begun.left_s is None:
        return "Where you left it"
    minutes = max(1, round(begun.left_s / 60))
    if minutes < 60:
        return "1 minute left" if minutes == 1 else f"{minutes} minutes left"
    return f"{minutes // 60} h {minutes % 60} min left"


def added(title: Title, now_ms: int) -> str:
    """When it came to the library."""
    days = (now_ms - title.added_ms) / DAY_MS
    for limit, words in ((1, "New today"), (7, "New this week"), (31, "New this month")):
        if days < limit:
            return words
    return f"From {title.year}" if title.year else "In the library"


def played(viewers: int) -> str:
    """How many are watching it."""
    if viewers <= 0:
        return "Loved by many"
    return "Watched by one viewer lately" if viewers == 1 else f"Watched by {viewers} viewers lately"


def moment(trait: str, when: Moment) -> tuple[str, str]:
    """Heading and sentence of a row for a part of the day and a device."""
    evening, phone = when.part in {"evening", "night"}, when.device == "phone"
    match trait:
        case "short":
            heading = "Short ones for the morning" if when.part == "morning" else "Short ones"
            heading = "Short ones for on the way" if phone and when.part != "morning" else heading
            return heading, "Over before you have arrived." if phone else "There is time for one."
        case "long":
            heading = "A long evening" if evening else "When there is time"
            return (
                heading,
                "Films that take their time, for the large screen."
                if when.device == "tv"
                else "Films that take their time.",
            )
        case _:
            before = when.part == "early-evening"
            return "Before bedtime" if before else "For everybody in the room", "For the whole family."


def fits(trait: str, title: Title) -> str:
    """Why a title suits such a moment."""
    if title.runtime_s and trait != "family":
        return f"{max(1, round(title.runtime_s / 60))} minutes"
    return {"short": "Short episodes", "long": "Long", "family": "For all ages"}[trait]


def genre_heading(genre: str, *, known: bool) -> str:
    """Of a row of one genre."""
    return f"{genre}, the way you like it" if known else f"{genre} to start with"
