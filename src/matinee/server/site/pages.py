"""Pages for viewers: home, titles, search, browsing, the list and the player."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from matinee.base import clock
from matinee.base.ids import new_id, slug
from matinee.catalog.records import Title
from matinee.events.records import Search
from matinee.recommendation.records import Row
from matinee.server.context import RNG, Context, Here
from matinee.server.device import context
from matinee.server.pages import home_page
from matinee.server.session import Visit, Watching
from matinee.server.site import art, films, words
from matinee.server.site.motifs import MOTIFS
from matinee.server.site.render import is_fragment, page
from matinee.server.site.tiles import Tiles
from matinee.server.site.views import Entry, RowView
from matinee.server.visibility import seen_by, visible

router = APIRouter()
tiles = Tiles()

PAGE = 60
"""Titles on one page of browsing."""
TALL_ROWS = frozenset({"my-list"})
"""Rows that are about collecting: they show posters."""
TitleId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/")
def home(request: Request, visit: Visit, viewer: Watching, here: Here) -> Response:
    """The page of rows that was made for this viewer."""
    state = here.events.state(viewer.id)
    with here.turn:
        made = home_page(here, visit, context(request, clock.now_ms()), state)
        revision = here.catalog.snapshot().revision
        rows = [
            RowView(
                slug=row.slug,
                heading=row.heading,
                reason=row.reason,
                shape="tall" if row.slug in TALL_ROWS else "wide",
                tiles=tiles.strip(
                    (Entry(item.title, item.reason, item.progress) for item in row.items),
                    "tall" if row.slug in TALL_ROWS else "wide",
                    revision,
                    to="watch" if row.slug == "continue-watching" else "title",
                ),
                more=_more(row),
            )
            for row in made.rows
        ]
        hero = films.hero_of(here, viewer, made.hero.title, state, made.hero.reason) if made.hero else None
        return page(request, "home.html", visit, section="home", hero=hero, rows=rows, page_id=made.id)


@router.get("/title/{title_id}")
def title(request: Request, title_id: TitleId, visit: Visit, viewer: Watching, here: Here) -> Response:
    """Everything about one title."""
    snapshot = here.catalog.snapshot()
    found = seen_by(viewer, title_id, snapshot.titles)
    state = here.events.state(viewer.id)
    people = here.catalog.credits(title_id)
    alike = visible(viewer, here.recommendation.similar(title_id, viewer, 20), snapshot.titles)
    row = RowView(
        slug="more",
        heading=f"More like {found.name}",
        reason="People who watched it watched these too",
        shape="wide",
        tiles=_entries(here, alike),
    )
    return page(
        request,
        "title.html",
        visit,
        hero=films.hero_of(here, viewer, found, state),
        people=films.people_of(people),
        particulars=films.particulars_of(found, people),
        seasons=films.seasons_of(here, viewer, found, state),
        more=[row] if alike else [],
    )


@router.get("/watch/{title_id}")
def watch(
    request: Request,
    title_id: TitleId,
    visit: Visit,
    viewer: Watching,
    here: Here,
    *,
    format: Literal["dash", "hls"] = "dash",  # noqa: A002  it is called so in the address
) -> Response:
    """The player. `format` chooses the manifest; both describe the same segments."""
    found = seen_by(viewer, title_id, here.catalog.snapshot().titles)
    film = films.player_of(here, viewer, found, hls=format == "hls")
    return page(request, "watch.html", visit, film=film, data=json.dumps(film))


@router.get("/search")
def search(
    request: Request,
    visit: Visit,
    viewer: Watching,
    here: Here,
    *,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Titles and people by name, a typo forgiven; htmx asks for the results alone."""
    query = q.strip()
    found = here.catalog.search(query, limit=48, maturity=viewer.maturity) if query else []
    found = visible(viewer, found, here.catalog.snapshot().titles)
    if query and visit.viewing_as is None and not is_fragment(request):
        now = clock.now_ms()
        event = Search(id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, query=query, results=len(found))
        here.writer.put(lambda: [event])
    name = "results.html" if is_fragment(request) else "search.html"
    said = _said(query, found)
    return page(request, name, visit, section="search", q=query, words=said, tiles=_entries(here, found))


@router.get("/browse")
def browse(
    request: Request,
    visit: Visit,
    viewer: Watching,
    here: Here,
    *,
    genre: Annotated[str, Query(max_length=100)] = "",
    sort: Literal["added", "name", "year"] = "added",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """All titles, or those of a genre."""
    found = here.catalog.browse(
        genre=genre or None, maturity=viewer.maturity, sort=sort, limit=PAGE, offset=(number - 1) * PAGE
    )
    pages = max(1, -(-found.total // PAGE))
    items = visible(viewer, found.items, here.catalog.snapshot().titles)
    return page(
        request,
        "browse.html",
        visit,
        section="browse",
        heading=genre or "Everything there is",
        words=words.count(found.total, "title"),
        sorts=[(key, label, _browse(genre, key)) for key, label in _SORTS],
        chosen_sort=sort,
        genres=[("All", _browse("", sort), not genre)]
        + [(one, _browse(one, sort), one.casefold() == genre.casefold()) for one in _genres(here, viewer.maturity)],
        tiles=_entries(here, items),
        number=number,
        pages=pages,
        before=_browse(genre, sort, number - 1) if number > 1 else "",
        after=_browse(genre, sort, number + 1) if number < pages else "",
    )


@router.get("/list")
def my_list(request: Request, visit: Visit, viewer: Watching, here: Here) -> Response:
    """What the viewer has put aside, newest first."""
    snapshot, state = here.catalog.snapshot(), here.events.state(viewer.id)
    kept = visible(viewer, here.catalog.titles(state.listed), snapshot.titles)
    posters = tiles.strip((Entry(one) for one in kept), "tall", snapshot.revision)
    return page(request, "list.html", visit, section="list", tiles=posters, words=words.count(len(kept), "title"))


@router.get("/art/{shape}/{name}.svg")
def drawing(shape: Literal["wide", "tall", "hero"], name: str) -> Response:
    """A designed poster, named by motif and seed."""
    motif, _, seed = name.rpartition("-")
    if motif not in MOTIFS or not seed.isdecimal() or int(seed) >= art.SEEDS:
        return Response(status_code=404)
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(art.draw(shape, motif, int(seed)), media_type="image/svg+xml", headers=kept)


@router.get("/favicon.ico")
def favicon(here: Here) -> Response:
    """For browsers that ask without having read the page."""
    return RedirectResponse(here.static.url("favicon.svg"), 301)


_SORTS = (("added", "Newest here"), ("year", "By year"), ("name", "A to Z"))


def _entries(here: Context, titles: list[Title]) -> Markup:
    return tiles.strip((Entry(one) for one in titles), "wide", here.catalog.snapshot().revision)


def _said(query: str, found: list[Title]) -> str:
    if not query:
        return "Type a name. A letter or two may be wrong."
    if not found:
        return f"Nothing is called anything like “{query}”. Try a part of the name, or a person."
    return f"{words.count(len(found), 'title')} for “{query}”"


def _more(row: Row) -> str:
    if row.slug.startswith("genre-"):
        wanted = row.slug.removeprefix("genre-")  # every title of the row has it
        return _browse(next((one for one in row.items[0].title.genres if slug(one) == wanted), ""), "added")
    return {"my-list": "/list", "new": "/browse"}.get(row.slug, "")


def _browse(genre: str, sort: str, number: int = 1) -> str:
    chosen = {"genre": genre, "sort": sort if sort != "added" else "", "page": number if number > 1 else ""}
    query = urlencode({key: value for key, value in chosen.items() if value})
    return f"/browse?{query}" if query else "/browse"


def _genres(here: Context, maturity: int) -> tuple[str, ...]:
    """Genres of what may be seen, the largest first; counted once per revision."""
    snapshot = here.catalog.snapshot()
    known = _counted.get(maturity)
    if known is None or known[0] != snapshot.revision:
        counts = Counter(
            genre
            for one in snapshot.titles.values()
            if maturity >= (18 if one.maturity is None else one.maturity)
            for genre in one.genres
        )
        names = tuple(sorted(counts, key=lambda genre: (-counts[genre], genre))[:24])
        known = _counted[maturity] = (snapshot.revision, names)
    return known[1]


_counted: dict[int, tuple[int, tuple[str, ...]]] = {}
