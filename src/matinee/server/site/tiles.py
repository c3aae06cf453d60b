"""Tiles of titles as HTML, made once per title and revision of the catalogue.

A home page shows some two hundred tiles; made from a template each time they would cost more than everything
else on the page. What a tile looks like depends on its title alone; what depends on the viewer (progress, the
reason) is set between two ready pieces.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from urllib.parse import quote

from markupsafe import Markup

from matinee.catalog.records import Title
from matinee.server.site import art, lettering, words
from matinee.server.site.views import Entry

_Pieces = tuple[str, str, str]
REASONS = 4096
"""Reasons kept as HTML: most stand in many tiles, as "Because you loved Heat" does."""


class Tiles:
    """The tiles of one server. May be used from any thread."""

    def __init__(self) -> None:
        self._revision = -1
        self._pieces: dict[tuple[str, str], dict[int, _Pieces]] = {}
        self._lock = threading.Lock()

    def strip(self, entries: Iterable[Entry], shape: str, revision: int, *, to: str = "title") -> Markup:
        """List items for the entries of a row, in the shape ``wide`` (16:9) or ``tall`` (2:3).

        They lead to the page of the title, or with ``to="watch"`` to the player; beside each a link says why.
        """
        if revision != self._revision:
            with self._lock:
                self._pieces, self._revision = {}, revision
        known = self._pieces.setdefault((shape, to), {})
        parts: list[str] = []
        for title, reason, progress in entries:
            pieces = known.get(title.id)
            if pieces is None:
                pieces = known[title.id] = _pieces_of(title, shape, to)
            before, between, after = pieces
            parts += (before, _progress(progress), between, _why(reason), after)
        return Markup("".join(parts))  # noqa: S704  every part is escaped where it is made


def picture(title: Title, shape: str, *, lazy: bool = True) -> str:
    """The picture of a title, or its designed poster, with the name set on it; fills whatever holds it."""
    name, wide = escape(title.name), shape == "wide"
    uri = title.still if wide else title.poster
    width, height = (640, 360) if wide else (400, 600)
    load = ' loading="lazy" decoding="async"' if lazy else ' fetchpriority="high"'
    size = lettering.size_class(title.name, shape)
    if uri:
        ground = f' style="background:{title.colour}"' if title.colour else ""
        return (
            f'<img src="{picture_url(title, shape)}" alt="" width="{width}" height="{height}"{load}{ground}>'
            f'<span class="name on-still {size}">{name}</span>'
        )
    seed = art.seed_of(title.name, title.year)
    palette = art.palette_of(seed)
    ink = "ink-dark" if palette.dark_ink else "ink-light"
    return (
        f'<img src="{art_url(title, shape)}" alt="" width="{width}" height="{height}"{load} '
        f'style="background:{palette.ground}"><span class="name {ink} {size}">{name}</span>'
    )


def picture_url(title: Title, shape: str) -> str:
    """Where the still (``wide``) or poster (``tall``) of a title is."""
    return "/" + quote(title.poster if shape == "tall" else title.still)


def art_url(title: Title, shape: str) -> str:
    """Where the designed poster of a title without a picture is; says nothing of the title."""
    seed = art.seed_of(title.name, title.year)
    return f"/art/{shape}/{art.motif_of(title.genres, seed)}-{seed}.svg"


def _pieces_of(title: Title, shape: str, to: str) -> _Pieces:
    facts = escape(words.facts(title))
    return (
        f'<li class="tile" data-t="{title.id}"><a href="/{to}/{title.id}">'
        f'<span class="pic {shape}">{picture(title, shape)}',
        f'</span><span class="under"><span class="facts">{facts}</span>',
        f'</span></a><a class="ask" href="/why/{title.id}" aria-label="Why this? {escape(title.name)}">'
        "Why this?</a></li>",
    )


def _progress(progress: float | None) -> str:
    if progress is None:
        return ""
    share = round(progress * 100)
    return f'<progress class="seen" max="100" value="{share}" aria-label="{share} % watched"></progress>'


@lru_cache(REASONS)
def _why(reason: str) -> str:
    return f'<span class="why">{escape(reason)}</span>' if reason else ""
