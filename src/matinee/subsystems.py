"""The table of contents: every subsystem, with one sentence, and where its parts are.

Importing this file imports none of them; `open_workspace` opens a workspace that knows them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matinee.base.subsystem import Subsystem

if TYPE_CHECKING:
    from matinee.base.workspace import Workspace

SUBSYSTEMS: dict[str, Subsystem] = {
    one.name: one
    for one in (
        Subsystem(
            name="catalog",
            sentence="What the service knows: titles, people, assets, annotations, accounts and viewers.",
            service="matinee.catalog.service:Service",
            commands="matinee.catalog.cli:app",
            tables="matinee.catalog",
        ),
        Subsystem(
            name="events",
            sentence="What viewers did: impressions, plays, ratings, searches and quality of experience.",
            service="matinee.events.service:Service",
            commands="matinee.events.cli:app",
            tables="matinee.events",
        ),
        Subsystem(
            name="encoding",
            sentence="From a delivered film to an adaptive stream with subtitles, storyboard and pictures.",
            service="matinee.encoding.service:Service",
            settings="matinee.encoding.settings:EncodingSettings",
            commands="matinee.encoding.cli:app",
        ),
        Subsystem(
            name="recommendation",
            sentence="Which titles for this viewer, in which rows, and why.",
            service="matinee.recommendation.service:Service",
            settings="matinee.recommendation.settings:RecommendationSettings",
            commands="matinee.recommendation.cli:app",
        ),
        Subsystem(
            name="jobs",
            sentence="Anything that is to be run: commands, clusters, and jobs that outlive whoever started them.",
            service="matinee.jobs.service:Service",
            settings="matinee.jobs.settings:JobsSettings",
            commands="matinee.jobs.cli:app",
            tables="matinee.jobs",
        ),
        Subsystem(
            name="server",
            sentence="The viewers' site, the console and the JSON API.",
            settings="matinee.server.settings:ServerSettings",
            tables="matinee.server",
        ),
    )
}


def open_workspace(path: Path | None = None, flags: Sequence[str] = ()) -> Workspace:
    """Open the workspace at `path`, or the one that we stand in; see `matinee.base.workspace.open_workspace`."""
    from matinee.base import workspace

    return workspace.open_workspace(path, SUBSYSTEMS, flags)


def create_workspace(path: Path, flags: Sequence[str] = ()) -> Workspace:
    """Make a workspace and open it; see `matinee.base.workspace.create`."""
    from matinee.base import workspace

    return workspace.create(path, SUBSYSTEMS, flags)
