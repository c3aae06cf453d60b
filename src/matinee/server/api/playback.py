"""What a player needs to know of a title."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from matinee.base.errors import Conflict
from matinee.catalog.records import Asset, AssetKind, Snapshot, Title, Viewer
from matinee.server.api.titles import TitleId
from matinee.server.context import Context, Here
from matinee.server.errors import documented
from matinee.server.session import Watching
from matinee.server.visibility import seen_by, visible

router = APIRouter(prefix="/api", tags=["watching"], responses=documented(401, 404, 409, 422, 503))


class Subtitles(BaseModel):
    """One track of subtitles."""

    language: str
    label: str
    url: str


class Rendition(BaseModel):
    """One size of the picture."""

    width: int
    height: int
    bitrate_kbps: float
    codec: str


class Manifests(BaseModel):
    """Addresses of both manifests."""

    hls: str
    dash: str


class Playback(BaseModel):
    """Addresses for a player, and where to begin."""

    title: Title
    hls: str = Field(description="address of the HLS manifest")
    dash: str = Field(description="address of the DASH manifest")
    families: dict[str, Manifests] = Field(
        description="what a family of devices (web, tv, legacy) is offered, where that is not what everybody is"
    )
    licence: str = Field(description="address of the ClearKey licence server; empty where the stream is clear")
    storyboard: str = Field(description="address of a WebVTT file of seek thumbnails; empty where there is none")
    chapters: str = Field(description="address of a WebVTT file of chapters; empty where there are none")
    subtitles: list[Subtitles]
    renditions: list[Rendition]
    duration_s: float | None
    position_s: float = Field(description="where the viewer left off; 0 at the beginning and after the end")
    next: Title | None = Field(description="the next episode")


@router.get("/titles/{title_id}/playback")
def playback(title_id: TitleId, viewer: Watching, here: Here) -> Playback:
    """Manifests, subtitles, chapters and thumbnails, where to resume, and what comes next."""
    return playback_of(here, viewer, title_id)


def playback_of(here: Context, viewer: Viewer, title_id: int) -> Playback:
    """What a player needs to know; for pages as well as for the API.

    Raises `NotFound` for what the viewer may not see, `Conflict` where there is no stream yet.
    """
    snapshot = here.catalog.snapshot()
    title = seen_by(viewer, title_id, snapshot.titles)
    streams = here.catalog.assets(title_id, AssetKind.STREAM)
    if not streams:
        raise Conflict(f"{title.name} cannot be played yet.", next_step="Come back when it has been encoded.")
    return _playback(here, viewer, title, streams[-1], snapshot)


def _playback(here: Context, viewer: Viewer, title: Title, stream: Asset, snapshot: Snapshot) -> Playback:
    base = f"/media/{stream.uri.strip('/').removeprefix('streams/')}"
    facts = stream.facts
    subtitles = [
        Subtitles(language=one["language"], label=one["label"], url=f"{base}/{one['file']}")
        for one in facts.get("subtitles", ())
    ]
    return Playback(
        title=title,
        hls=f"{base}/{facts.get('hls', 'master.m3u8')}",
        dash=f"{base}/{facts.get('dash', 'manifest.mpd')}",
        families={
            name: Manifests(hls=f"{base}/{one['hls']}", dash=f"{base}/{one['dash']}")
            for name, one in facts.get("families", {}).items()
        },
        licence="" if facts.get("encryption", "none") == "none" else f"/media/{title.id}/licence",
        storyboard=f"{base}/{facts['storyboard']}" if facts.get("storyboard") else "",
        chapters=f"{base}/{facts['chapters']}" if facts.get("chapters") else "",
        subtitles=subtitles,
        renditions=[Rendition.model_validate(one) for one in facts.get("renditions", ())],
        duration_s=stream.duration_s or title.runtime_s,
        position_s=_position(here, viewer, title.id),
        next=next_episode(viewer, title, snapshot),
    )


def _position(here: Context, viewer: Viewer, title_id: int) -> float:
    watching = here.events.state(viewer.id).watching.get(title_id)
    return 0.0 if watching is None or watching.over() else watching.position_s


def next_episode(viewer: Viewer, title: Title, snapshot: Snapshot) -> Title | None:
    """The episode after this one, in its season or the next one, that can be played and seen."""
    season = snapshot.titles.get(title.parent_id) if title.parent_id is not None else None
    if season is None:
        return None
    seasons = snapshot.children.get(season.parent_id, (season,)) if season.parent_id is not None else (season,)
    episodes = [one for each in seasons for one in snapshot.children.get(each.id, ())]
    later = episodes[episodes.index(title) + 1 :] if title in episodes else []
    return next(iter(visible(viewer, (one for one in later if one.playable), snapshot.titles)), None)
