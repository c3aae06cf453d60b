"""Routes: events in batches over HTTP."""

# No `from __future__ import annotations` here: FastAPI reads the annotations of a route defined inside a function, and
# as text they could not name that function's arguments.
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Body, Depends
from pydantic import Field

from matinee.base.clock import DAY_MS, now_ms
from matinee.events.codec import Refusal, decode_many
from matinee.events.records import Event
from matinee.events.service import Service

MAX_EVENTS = 1000
AHEAD_MS = DAY_MS
"""How far a device's clock may run ahead; a later event would outrank all that follow it."""


class Sender(NamedTuple):
    """On whose behalf a request comes."""

    viewer_id: int | None
    """The viewer who is watching; None where nobody is chosen."""
    operator: bool = False
    """May send events of any viewer."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch."""

    accepted: int
    """Events stored now."""
    doubled: int
    """Events that were stored before, by their id."""
    refused: list[Refusal]
    """The others, each with its place in the batch, the field and the reason; the rest of the batch was taken."""


# Each item is checked by the codec, one by one, so that one bad event does not cost the others; the schema still
# tells the reader of the API what an event looks like.
_Batch = Annotated[list[Any], Field(max_length=MAX_EVENTS)]


def router(service: Callable[..., Service], sender: Callable[..., Sender]) -> APIRouter:
    """The routes, given FastAPI dependencies that provide the service and the `Sender`."""
    routes = APIRouter(prefix="/api", tags=["events"])

    @routes.post("/events", status_code=202, summary="Record what a viewer did")
    def record(
        events: Annotated[_Batch, Body(description="Up to 1000 events.")],
        to: Annotated[Service, Depends(service)],
        by: Annotated[Sender, Depends(sender)],
    ) -> Taken:
        """Durable on return. Sending a batch again, after a failure, doubles nothing."""
        return take(to, by, events, now_ms())

    return routes


def take(service: Service, sender: Sender, items: list[Any], now: int) -> Taken:
    """Record those of `items` that are events which `sender` may send at the time `now`."""
    events, refusals = decode_many(items)
    places = sorted(set(range(len(items))) - {one.index for one in refusals})
    allowed: list[Event] = []
    for index, event in zip(places, events, strict=True):
        refusal = _refusal(index, event, sender, now)
        if refusal is None:
            allowed.append(event)
        else:
            refusals.append(refusal)
    receipt = service.record(allowed)
    return Taken(receipt.accepted, receipt.doubled, sorted(refusals, key=lambda one: one.index))


def _refusal(index: int, event: Event, sender: Sender, now: int) -> Refusal | None:
    if not sender.operator and event.viewer_id != sender.viewer_id:
        return Refusal(index, "viewer_id", "is another viewer's")
    if event.at_ms > now + AHEAD_MS:
        return Refusal(index, "at_ms", "lies more than a day in the future")
    return None
