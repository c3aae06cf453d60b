"""What chose a title, and why not something better, in the words of whoever watches."""

from __future__ import annotations

import re

from matinee.base.clock import DAY_MS

_NAMED = re.compile(r"(?P<name>.*?)-?(?P<at>\d{13})(-[0-9a-f]+)?")
CHOSEN_BY = {
    "blend": "everything that is known, weighed together",
    "als": "viewers whose taste is like yours",
    "content-als": "viewers whose taste is like yours",
    "ensemble": "what is watched together, and viewers whose taste is like yours",
    "svd": "viewers whose taste is like yours",
    "ease": "what is watched together",
    "item-neighbours": "what is watched together",
    "viewer-neighbours": "viewers whose taste is like yours",
    "popularity": "what most viewers here love",
    "content": "what the films have in common",
    "gru": "the order in which you watched",
    "transformer": "the order in which you watched",
    "new": "what came last",
    "continue": "where you left off",
    "list": "your list",
}
FALLBACKS = {
    "untrained": "nothing has been learned from viewing yet",
    "no-history": "you have liked nothing here yet",
    "unknown-history": "what you watched is too new to be known",
    "all-seen": "you have seen everything else",
}


def split_model(model: str) -> tuple[str, int | None]:
    """The name of a model, and when its version was trained where it says so.

    >>> split_model("item-neighbours-1763770000000-0a1b2c3d"), split_model("new")
    (('item-neighbours', 1763770000000), ('new', None))
    """
    found = _NAMED.fullmatch(model)
    return (found["name"], int(found["at"])) if found else (model, None)


def chosen_by(model: str) -> str:
    """What a model goes by.

    >>> chosen_by("als-1763770000000-0a1b2c3d"), chosen_by("something")
    ('viewers whose taste is like yours', 'the model “something”')
    """
    name, _ = split_model(model)
    return CHOSEN_BY.get(name, f"the model “{name}”")


def fallback_of(fallback: str) -> str:
    """Why it was not the recommender of first choice; empty where it was.

    >>> fallback_of("no-history"), fallback_of("")
    ('you have liked nothing here yet', '')
    """
    return FALLBACKS.get(fallback, fallback.replace("-", " "))


def ago(then_ms: int, now_ms: int) -> str:
    """How long ago something was.

    >>> ago(0, 30_000), ago(0, 7_200_000), ago(0, 3 * 86_400_000)
    ('just now', '2 hours ago', '3 days ago')
    """
    gone = max(0, now_ms - then_ms)
    for length_ms, unit in ((DAY_MS, "day"), (3_600_000, "hour"), (60_000, "minute")):
        if gone >= length_ms:
            count = gone // length_ms
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
