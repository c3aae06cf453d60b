"""The home page as data."""

from __future__ import annotations

from fastapi import APIRouter, Request

from matinee.base.clock import now_ms
from matinee.recommendation.records import HomePage
from matinee.server.context import Here
from matinee.server.device import context
from matinee.server.errors import documented
from matinee.server.pages import home_page
from matinee.server.session import Visit, Watching

router = APIRouter(prefix="/api", tags=["watching"], responses=documented(401, 404, 409, 503))


@router.get("/home")
def home(request: Request, visit: Visit, viewer: Watching, here: Here) -> HomePage:  # noqa: ARG001  it must be chosen
    """Rows for the viewer, each with its reason; what is shown is recorded as impressions."""
    return home_page(here, visit, context(request, now_ms()))
