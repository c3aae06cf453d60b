"""The console's pages on encoding: titles that were encoded in several ways, and two encodes of one side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from matinee.base.clock import to_iso
from matinee.server.api.console_encoding import TitleId, compared_title, lines_of
from matinee.server.context import Here
from matinee.server.session import Operator, Visit
from matinee.server.site.encoding_views import CODEC_NAMES, ComparedRow, PairRow, WayRow, shown_first
from matinee.server.site.render import page

router = APIRouter(prefix="/console/encoding")

WayName = Annotated[str, Query(max_length=40)]


@router.get("")
def compared(request: Request, account: Operator, visit: Visit, here: Here) -> Response:
    """Which titles were compared."""
    rows = [ComparedRow.of(one) for one in lines_of(here)]
    return page(request, "console/encoding.html", visit, section="encoding", rows=rows, account=account)


@router.get("/{title_id}")
def side_by_side(
    request: Request,
    account: Operator,
    title_id: TitleId,
    visit: Visit,
    here: Here,
    *,
    left: WayName = "",
    right: WayName = "",
) -> Response:
    """Two encodes of a title in one frame, and what every way takes for the same quality."""
    shown = compared_title(here, title_id)
    found = shown.comparison
    return page(
        request,
        "console/encoding_title.html",
        visit,
        section="encoding",
        title=shown.title,
        found=found,
        when=to_iso(found.made_ms)[:16].replace("T", " "),
        ways=[WayRow.of(one, found) for one in found.ways],
        pairs=[PairRow.of(one, found) for one in found.pairs],
        chosen=shown_first(found, left, right),
        codecs=CODEC_NAMES,
        data=f"/api/console/encoding/comparisons/{title_id}",
        account=account,
    )
