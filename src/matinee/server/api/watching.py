"""What one viewer does: the list, thumbs, stars, and events from players."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Request
from pydantic import BaseModel, Field, TypeAdapter, WithJsonSchema

from matinee.base import clock
from matinee.base.errors import InvalidInput, NotAllowed
from matinee.base.ids import new_id
from matinee.catalog.records import Role, Title, Viewer
from matinee.events.api import Sender, Taken, take
from matinee.events.codec import Refusal
from matinee.events.records import Event, ListChange, Rating, Thumb
from matinee.server.api.titles import TitleId
from matinee.server.context import RNG, Here
from matinee.server.device import context
from matinee.server.errors import documented
from matinee.server.session import Visit, Watching
from matinee.server.session_store import Session
from matinee.server.visibility import seen_by, visible

router = APIRouter(prefix="/api", tags=["watching"], responses=documented(400, 401, 403, 404, 408, 409, 413, 422, 503))


async def _own(visit: Visit, viewer: Watching) -> Viewer:
    if visit.viewing_as is not None:
        raise NotAllowed(
            f"You look at the site as {viewer.name}, whose list and opinions stay as they are.",
            next_step="Stop viewing as somebody else first.",
        )
    return viewer


Own = Annotated[Viewer, Depends(_own)]
"""The viewer who is watching, for whom things may be changed."""


class Mine(BaseModel):
    """What a viewer and a title have to do with each other."""

    thumb: Literal[-1, 0, 1]
    stars: float | None
    listed: bool
    position_s: float | None = Field(description="where the viewer is in it; null where it was never begun")
    duration_s: float | None


class ThumbChange(BaseModel):
    """A thumb: up, down, or taken back."""

    value: Literal[-1, 0, 1]


class StarsChange(BaseModel):
    """Stars."""

    stars: Annotated[float, Field(ge=0.5, le=5)]


@router.get("/list")
def my_list(viewer: Watching, here: Here) -> list[Title]:
    """Titles on the viewer's list, newest first."""
    titles = here.catalog.snapshot().titles
    kept = here.events.state(viewer.id).listed
    return visible(viewer, [titles[one] for one in kept if one in titles], titles)


@router.put("/list/{title_id}", status_code=204)
def put_on_list(title_id: TitleId, viewer: Own, here: Here) -> None:
    """Put a title on the viewer's list."""
    _list(here, viewer, title_id, on=True)


@router.delete("/list/{title_id}", status_code=204)
def take_off_list(title_id: TitleId, viewer: Own, here: Here) -> None:
    """Take a title off the viewer's list."""
    _list(here, viewer, title_id, on=False)


@router.get("/titles/{title_id}/mine")
def mine(title_id: TitleId, viewer: Watching, here: Here) -> Mine:
    """What the viewer thinks of a title and how far the viewer is with it."""
    seen_by(viewer, title_id, here.catalog.snapshot().titles)
    state = here.events.state(viewer.id)
    opinion, watching = state.opinions.get(title_id), state.watching.get(title_id)
    return Mine(
        thumb=(opinion.thumb or 0) if opinion else 0,
        stars=opinion.stars if opinion else None,
        listed=title_id in state.listed,
        position_s=watching.position_s if watching else None,
        duration_s=watching.duration_s if watching else None,
    )


@router.put("/titles/{title_id}/thumb", status_code=204)
def thumb(title_id: TitleId, body: ThumbChange, viewer: Own, here: Here) -> None:
    """Say whether the viewer likes a title."""
    seen_by(viewer, title_id, here.catalog.snapshot().titles)
    now = clock.now_ms()
    here.events.record(
        [Thumb(id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, title_id=title_id, value=body.value)]
    )


@router.put("/titles/{title_id}/rating", status_code=204)
def rate(title_id: TitleId, body: StarsChange, viewer: Own, here: Here) -> None:
    """Give a title stars."""
    seen_by(viewer, title_id, here.catalog.snapshot().titles)
    now = clock.now_ms()
    here.events.record(
        [Rating(id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, title_id=title_id, stars=body.stars)]
    )


def _list(here: Here, viewer: Viewer, title_id: int, *, on: bool) -> None:
    seen_by(viewer, title_id, here.catalog.snapshot().titles)
    now = clock.now_ms()
    here.events.record([ListChange(id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, title_id=title_id, on=on)])


class EventsAnswer(BaseModel):
    """What became of a batch."""

    accepted: int = Field(description="events stored now")
    doubled: int = Field(description="events stored before, known by their id")
    ignored: int = Field(description="events that an operator made while looking at the site as somebody else")
    refused: list[Refusal] = Field(description="the others, with place, field and reason")


# Each event is checked for itself, so that a bad one does not cost the others; the description shows what is good.
_SHOWN = {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/Event"}}
Batch = Annotated[list[Any], Field(min_length=1, max_length=1000), WithJsonSchema(_SHOWN)]


def event_schemas() -> dict[str, Any]:
    """What events look like, for the API's description."""
    adapter: TypeAdapter[Any] = TypeAdapter(Event)
    whole = adapter.json_schema(ref_template="#/components/schemas/{model}")
    kinds = whole.pop("$defs")
    for kind in kinds.values():
        kind["required"] = [name for name in kind["required"] if name != "viewer_id"] + ["kind"]
    return {**kinds, "Event": whole}


@router.post("/events", status_code=202)
def events(
    request: Request,
    visit: Visit,
    here: Here,
    batch: Annotated[Batch, Body(description="1 to 1000 events")],
) -> EventsAnswer:
    """Record what a viewer did; durable on return, and a batch sent again doubles nothing.

    `viewer_id` and `device` may be left out: then they are the viewer who is watching and what the request came from.
    Only operators may name another viewer.
    """
    if visit.viewing_as is not None:
        return EventsAnswer(accepted=0, doubled=0, ignored=len(batch), refused=[])
    sender = Sender(visit.viewer.id if visit.viewer else None, visit.account.role is Role.OPERATOR and not visit.child)
    device = context(request, 0).device
    answer = _take(here, visit, sender, [_named(event, sender, device) for event in batch])
    for outcome, count in (
        ("accepted", answer.accepted),
        ("doubled", answer.doubled),
        ("refused", len(answer.refused)),
    ):
        here.metrics.events.labels(outcome).inc(count)
    if len(answer.refused) == len(batch):
        first = answer.refused[0]
        raise InvalidInput(
            f"No event was taken; of event {first.index}, {first.field or 'all'} {first.reason}.",
            next_step="docs/events.md lists the kinds and their fields.",
        )
    return answer


def _named(event: Any, sender: Sender, device: str) -> Any:
    """The event with what the request says of whoever sends it, where it does not say so itself."""
    if not isinstance(event, dict) or sender.viewer_id is None:
        return event
    return {"viewer_id": sender.viewer_id, "device": device, **event}


def _take(here: Here, visit: Session, sender: Sender, batch: list[Any]) -> EventsAnswer:
    """Take the events on titles that exist for whoever sends them."""
    titles = here.catalog.snapshot().titles
    places: list[int] = []
    refused: list[Refusal] = []
    for index, event in enumerate(batch):
        title_id = event.get("title_id") if isinstance(event, dict) else None
        if type(title_id) is int and not _exists(title_id, visit, sender, titles):
            refused.append(Refusal(index, "title_id", "is no title"))
        else:
            places.append(index)
    taken: Taken = take(here.events, sender, [batch[place] for place in places], clock.now_ms())
    refused += [Refusal(places[one.index], one.field, one.reason) for one in taken.refused]
    return EventsAnswer(
        accepted=taken.accepted, doubled=taken.doubled, ignored=0, refused=sorted(refused, key=lambda one: one.index)
    )


def _exists(title_id: int, visit: Session, sender: Sender, titles: Any) -> bool:
    if title_id not in titles:
        return False
    return sender.operator or visit.viewer is None or bool(visible(visit.viewer, [titles[title_id]], titles))
