"""What the pages say of one title: its hero, its episodes, its stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from markupsafe import Markup

from matinee.catalog.records import Credit, Kind, Title, Viewer
from matinee.events.state import ViewerState
from matinee.server.api.playback import Manifests, Playback, playback_of
from matinee.server.context import Context
from matinee.server.site import tiles, words
from matinee.server.site.views import Choice, EpisodeView, HeroView, PersonView, SeasonView
from matinee.server.visibility import visible

_ORDER = ("director", "creator", "writer", "actor", "composer", "cinematographer", "editor", "producer")


def hero_of(here: Context, viewer: Viewer, title: Title, state: ViewerState, why: str = "") -> HeroView:
    """A title, large, as the viewer finds it."""
    target = target_of(here, viewer, title, state)
    progress = share_of(state, target) if target else None
    return HeroView(
        title=title,
        facts=" · ".join(part for part in (words.facts(title), words.age(title.maturity)) if part),
        why=why,
        picture=backdrop(title),
        choice=choice_of(title, state),
        play=f"/watch/{target.id}" if target else "",
        play_label=_play_label(title, target, progress),
        progress=progress,
    )


def backdrop(title: Title) -> Markup:
    """The picture behind a hero; it has no words of its own."""
    shape = "wide" if title.still else "hero"
    where = tiles.picture_url(title, "wide") if title.still else tiles.art_url(title, shape)
    return Markup('<img class="backdrop" src="{}" alt="" width="1600" height="720" fetchpriority="high">').format(where)


def choice_of(title: Title, state: ViewerState) -> Choice:
    """What the viewer has said of a title."""
    opinion = state.opinions.get(title.id)
    thumb = (opinion.thumb or 0) if opinion else 0
    return Choice(title.id, title.name, listed=title.id in state.listed, thumb=thumb)


def share_of(state: ViewerState, title: Title) -> int | None:
    """Per cent of a title that the viewer has seen; None where it was not begun or is over."""
    watching = state.watching.get(title.id)
    share = watching.share if watching and not watching.over() else None
    return None if share is None else round(share * 100)


def target_of(here: Context, viewer: Viewer, title: Title, state: ViewerState) -> Title | None:
    """What Play plays: the film, or of a series the episode that was left, or the one after the last seen."""
    if title.kind not in {Kind.SERIES, Kind.SEASON}:
        return title if title.playable else None
    playable = [one for one in episodes_of(here, viewer, title) if one.playable]
    begun = [one for one in playable if one.id in state.watching]
    if not begun:
        return playable[0] if playable else None
    last = max(begun, key=lambda one: state.watching[one.id].at_ms)
    if share_of(state, last) is not None:
        return last
    after = playable[playable.index(last) + 1 :]
    return after[0] if after else playable[0]


def episodes_of(here: Context, viewer: Viewer, title: Title) -> Iterator[Title]:
    """The episodes of a series or season that the viewer may see, in order."""
    for child in visible(viewer, here.catalog.children(title.id), here.catalog.snapshot().titles):
        if child.kind is Kind.EPISODE:
            yield child
        else:
            yield from episodes_of(here, viewer, child)


def seasons_of(here: Context, viewer: Viewer, title: Title, state: ViewerState) -> list[SeasonView]:
    """The seasons of a series with their episodes; a season stands for itself."""
    if title.kind not in {Kind.SERIES, Kind.SEASON}:
        return []
    children = visible(viewer, here.catalog.children(title.id), here.catalog.snapshot().titles)
    seasons = [one for one in children if one.kind is Kind.SEASON] or [title]
    found = []
    for season in seasons:
        own = (one for one in episodes_of(here, viewer, season))
        found.append(SeasonView(season.name, tuple(_episode(one, state) for one in own)))
    return [season for season in found if season.episodes]


def people_of(taking_part: Iterable[Credit]) -> list[PersonView]:
    """Who took part, those who made it first; each person once with all parts."""
    order = {role: place for place, role in enumerate(_ORDER)}
    parts: dict[str, list[str]] = {}
    for credit in sorted(taking_part, key=lambda one: (order.get(one.role, len(order)), one.position)):
        part = f"as {credit.character}" if credit.character else credit.role
        parts.setdefault(credit.name, []).append(part)
    return [PersonView(name, words.sentence(words.listing(part))) for name, part in list(parts.items())[:24]]


def particulars_of(title: Title, people: Iterable[Credit]) -> list[tuple[str, str]]:
    """Facts in a table."""
    directors = [one.name for one in people if one.role == "director"]
    rows = (
        ("Year", str(title.year or "")),
        ("Length", words.duration(title.runtime_s)),
        ("For", words.age(title.maturity)),
        ("Directed by", words.listing(directors)),
        ("Original title", title.original_name if title.original_name != title.name else ""),
        ("Language", title.language),
        ("Mood", title.mood),
    )
    return [(name, value) for name, value in rows if value]


def player_of(here: Context, viewer: Viewer, title: Title, *, hls: bool) -> dict[str, Any]:
    """What the player needs to know, as its script reads it. Raises what `playback_of` raises."""
    playback = playback_of(here, viewer, title.id)
    return {
        "title_id": title.id,
        "name": name_of(here, title),
        "manifest": _address(playback, hls=hls),
        "web": _address(playback.families.get("web"), hls=hls),
        "licence": playback.licence,
        "storyboard": playback.storyboard,
        "chapters": playback.chapters,
        "subtitles": [one.model_dump() for one in playback.subtitles],
        "start_s": playback.position_s,
        "next": f"/watch/{playback.next.id}" if playback.next else "",
        "next_name": playback.next.name if playback.next else "",
        "back": f"/title/{series_of(here, title).id}",
    }


def _address(of: Playback | Manifests | None, *, hls: bool) -> str:
    """Of a manifest; empty where there is none."""
    return "" if of is None else of.hls if hls else of.dash


def series_of(here: Context, title: Title) -> Title:
    """The series of an episode or season; anything else itself."""
    titles = here.catalog.snapshot().titles
    while title.parent_id is not None and title.parent_id in titles:
        title = titles[title.parent_id]
    return title


def name_of(here: Context, title: Title) -> str:
    """The name of a title, with the series before that of an episode."""
    series = series_of(here, title)
    return title.name if series.id == title.id else f"{series.name}: {title.name}"


def _episode(title: Title, state: ViewerState) -> EpisodeView:
    picture = Markup(tiles.picture(title, "wide"))  # noqa: S704  escaped where it is made
    return EpisodeView(title, picture, words.facts(title), share_of(state, title))


def _play_label(title: Title, target: Title | None, progress: int | None) -> str:
    verb = "Play" if progress is None else "Resume"
    if target is None or target.id == title.id:
        return verb
    return f"{verb} episode {target.number}" if target.number else verb
