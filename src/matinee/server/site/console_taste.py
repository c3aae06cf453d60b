"""The console's pages on taste: the shelf, a viewer's page explained, and the map."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from matinee.base import clock
from matinee.server.api.console_taste import Device, Hour, ViewerId, viewer_taste
from matinee.server.context import Here
from matinee.server.session import Operator, Visit
from matinee.server.site.accounts import to
from matinee.server.site.console import Name
from matinee.server.site.render import page
from matinee.server.site.taste_views import bars, row_tables, version_view
from matinee.server.site.views import Who

router = APIRouter(prefix="/console/taste")

DEVICES = (("", "any screen"), ("phone", "phone"), ("tablet", "tablet"), ("desktop", "desktop"), ("tv", "television"))


@router.get("")
def shelf(request: Request, account: Operator, visit: Visit, here: Here) -> Response:
    """What lies on the shelf: versions, the models in each, and what was measured of them."""
    report, now = here.recommendation.shelf_report(), clock.now_ms()
    versions = [version_view(one, now) for one in report.versions]
    places = [one.version for one in versions if not one.fault]
    later = places.index(report.current) + 1 if report.current in places else len(places)
    return page(
        request,
        "console/taste_models.html",
        visit,
        section="taste",
        tab="models",
        versions=versions,
        back_to=places[later] if later < len(places) else "",
        account=account,
    )


@router.get("/rollback")
def ask_rollback(request: Request, account: Operator, visit: Visit, here: Here) -> Response:
    """Is it meant?"""
    report, now = here.recommendation.shelf_report(), clock.now_ms()
    versions = [version_view(one, now) for one in report.versions]
    served = next((one for one in versions if one.served), None)
    later = [one for one in versions[versions.index(served) + 1 :] if not one.fault] if served else []
    if not later:
        return to("/console/taste")
    return page(
        request, "console/taste_rollback.html", visit, section="taste", served=served, then=later[0], account=account
    )


@router.post("/rollback")
def rollback(account: Operator, here: Here) -> Response:
    """Serve the version before."""
    del account
    here.recommendation.roll_back()
    return to("/console/taste")


@router.get("/viewers")
def viewers(request: Request, account: Operator, visit: Visit, here: Here, *, q: Name = "") -> Response:
    """Whose page?"""
    found = here.catalog.find_viewers(q.strip(), 40)
    if q.strip() and len(found) == 1:
        return to(f"/console/taste/viewers/{found[0].id}")
    return page(
        request,
        "console/taste_viewers.html",
        visit,
        section="taste",
        tab="viewers",
        q=q,
        viewers=[Who.of(one) for one in found],
        account=account,
    )


@router.get("/viewers/{viewer_id}")
def viewer(
    request: Request,
    account: Operator,
    viewer_id: ViewerId,
    visit: Visit,
    here: Here,
    *,
    device: Device = "",
    hour: Hour = -1,
) -> Response:
    """One viewer's page, slot by slot, and the taste behind it."""
    found = viewer_taste(here, here.catalog.viewer(viewer_id), device, hour)
    rows = row_tables(found.page.rows)
    return page(
        request,
        "console/taste_viewer.html",
        visit,
        section="taste",
        tab="viewers",
        who=Who.of(found.viewer),
        made=found.page,
        rows=rows,
        slots=sum(len(row.slots) for row in rows),
        known=found.known[:60],
        more=max(0, len(found.known) - 60),
        bars=bars(found.mixture),
        devices=DEVICES,
        device=device,
        hour=hour,
        data=f"/api/console/taste/viewers/{viewer_id}?{urlencode({'device': device, 'hour': hour})}",
        account=account,
    )


@router.get("/map")
def taste_map(
    request: Request,
    account: Operator,
    visit: Visit,
    here: Here,
    *,
    viewer_id: Annotated[int, Query(alias="viewer", ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Titles as points; drawn by `taste-map.js`, and listed for whoever does not see it."""
    found = here.recommendation.taste_map()
    who = here.catalog.viewer(viewer_id) if viewer_id else None
    state = here.events.state(who.id) if who else None
    liked = (
        [one for one, said in state.opinions.items() if (said.thumb or 0) > 0 or (said.stars or 0) >= 4]
        if state
        else []
    )
    listed = sorted(zip(found.names, found.genres, found.title_ids, strict=True), key=lambda one: (one[1], one[0]))
    return page(
        request,
        "console/taste_map.html",
        visit,
        section="taste",
        tab="map",
        points=len(found.title_ids),
        version=found.version,
        listed=listed,
        who=Who.of(who) if who else None,
        liked=",".join(map(str, liked)),
        account=account,
    )
