"""A viewer opens the site: the page is made, and what it showed is recorded.

state of the viewer ──┐
models on the shelf ──┼─→ page ─→ shown ─→ impressions, to which later plays are attributed
plays of late ────────┘
"""

from __future__ import annotations

from random import Random

from matinee.base.workspace import Workspace
from matinee.catalog.records import Viewer
from matinee.events.service import Service as Events
from matinee.recommendation.records import HomePage
from matinee.recommendation.service import Service as Recommendation
from matinee.recommendation.service import shown


def homepage(workspace: Workspace, viewer: Viewer, now_ms: int, rng: Random) -> HomePage:
    """The viewer's page, its impressions recorded."""
    recommendation: Recommendation = workspace.service("recommendation")
    events: Events = workspace.service("events")
    page = recommendation.page(viewer, now_ms, rng)
    events.record([shown(page)])
    return page
