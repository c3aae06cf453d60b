"""A viewer watches: begin where it was left, tell how far it is, stop. The next page knows."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from matinee.base.errors import Conflict, NotFound
from matinee.base.ids import new_id
from matinee.base.workspace import Workspace
from matinee.catalog.records import Asset, AssetKind, Title, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.events.records import Play, Progress, Stop
from matinee.events.service import Service as Events
from matinee.recommendation.library import age


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """One playing under way."""

    play: str
    viewer: Viewer
    title: Title
    stream: Asset
    position_s: float
    """Where it began: where it was left, or 0."""


def begin(
    workspace: Workspace, viewer: Viewer, title_id: int, now_ms: int, rng: Random, *, page: str = "", row: str = ""
) -> Playback:
    """Start a title; `page` and `row` say where the viewer found it.

    Raises `NotFound` for a title that does not exist for this viewer, and `Conflict` for one without a stream.
    """
    catalog: Catalog = workspace.service("catalog")
    events: Events = workspace.service("events")
    titles = catalog.snapshot().titles
    title = titles.get(title_id)
    if title is None or age(title, titles) > viewer.maturity:
        raise NotFound(f"There is no title {title_id}.", next_step="Look for it by name.")
    streams = catalog.assets(title_id, AssetKind.STREAM)
    if not streams:
        raise Conflict(f"{title.name} has not been encoded.", next_step="`matinee encode` makes its stream.")
    position_s = _left_at(events, viewer.id, title_id)
    playback = Playback(play=new_id(now_ms, rng), viewer=viewer, title=title, stream=streams[-1], position_s=position_s)
    started = Play(
        id=new_id(now_ms, rng),
        viewer_id=viewer.id,
        title_id=title_id,
        at_ms=now_ms,
        play=playback.play,
        position_s=position_s,
        page=page,
        row=row,
    )
    events.record([started])
    return playback


def tell(
    workspace: Workspace, playback: Playback, now_ms: int, rng: Random, *, position_s: float, duration_s: float
) -> None:
    """Note how far it is."""
    events: Events = workspace.service("events")
    progress = Progress(
        id=new_id(now_ms, rng),
        viewer_id=playback.viewer.id,
        title_id=playback.title.id,
        at_ms=now_ms,
        play=playback.play,
        position_s=position_s,
        duration_s=duration_s,
    )
    events.record([progress])


def stop(
    workspace: Workspace,
    playback: Playback,
    now_ms: int,
    rng: Random,
    *,
    position_s: float,
    duration_s: float,
    watched_s: float,
) -> None:
    """End the playing at `position_s`, after `watched_s` of moving picture."""
    events: Events = workspace.service("events")
    stopped = Stop(
        id=new_id(now_ms, rng),
        viewer_id=playback.viewer.id,
        title_id=playback.title.id,
        at_ms=now_ms,
        play=playback.play,
        position_s=position_s,
        duration_s=duration_s,
        watched_s=watched_s,
    )
    events.record([stopped])


def _left_at(events: Events, viewer_id: int, title_id: int) -> float:
    watching = events.state(viewer_id).watching.get(title_id)
    return 0.0 if watching is None or watching.over() else watching.position_s
