"""The home page of whoever is watching, for the site and the API alike."""

from __future__ import annotations

from dataclasses import replace

from matinee.catalog.records import Viewer
from matinee.events.state import ViewerState
from matinee.learning.model import Context as Asked
from matinee.recommendation.records import HomePage, Row
from matinee.server.context import RNG, Context
from matinee.server.errors import NoViewer
from matinee.server.session_store import Session
from matinee.server.visibility import may_see


def home_page(here: Context, visit: Session, asked: Asked, state: ViewerState | None = None) -> HomePage:
    """The page, within the viewer's limit; its impressions are recorded beside the request.

    `asked` says when and on what it was asked for (`matinee.server.device.context`); `state` is what the viewer did,
    where the caller has read it already.

    Raises `NoViewer` where none is chosen.
    """
    viewer = visit.watching
    if viewer is None:
        raise NoViewer
    page = here.recommendation.page(viewer, asked.now_ms, RNG, state, asked)
    if viewer.maturity < 18:
        page = within(page, viewer, here)
    here.writer.shown(page, visit)
    return page


def within(page: HomePage, viewer: Viewer, here: Context) -> HomePage:
    """The page without what the viewer may not see; a second lock on a door that the rows have shut already."""
    titles = here.catalog.snapshot().titles
    rows = [
        replace(row, items=tuple(one for one in row.items if may_see(viewer, one.title, titles))) for row in page.rows
    ]
    hero = page.hero if page.hero and may_see(viewer, page.hero.title, titles) else None
    kept: tuple[Row, ...] = tuple(row for row in rows if row.items)
    return replace(page, hero=hero, rows=kept)
