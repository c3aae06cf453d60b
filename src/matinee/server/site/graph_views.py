"""Graphs of jobs as the templates draw them: boxes with their words, and the curves between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from matinee.jobs.records import Job
from matinee.jobs.views.connected import Graph
from matinee.server.site.job_views import job_href
from matinee.server.site.job_words import Advance, Span, State, state_of
from matinee.server.site.layers import draw

BOX = (176, 46)
"""Width and height of a job in pixels."""
_STEP = (216, 62)
_EDGE = 10
_LONGEST = 17
"""Letters of a name that fit."""
_drawn = lru_cache(maxsize=64)(draw)  # jobs come and go, their graph stays


@dataclass(frozen=True, slots=True)
class Box:
    """A job of a graph."""

    id: str
    href: str
    x: int
    y: float
    name: str
    words: str
    """What stands below its name."""
    tip: str
    state: State
    share: int | None
    """How far it has come, in percent."""
    here: bool
    """Whether the page is about it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """An edge: the job that it leads to can only begin once the other has succeeded."""

    id: str
    path: str
    state: str
    """Of the job that it leads from."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A whole graph."""

    width: int
    height: int
    box: tuple[int, int]
    """Width and height of a box."""
    boxes: Sequence[Box]
    curves: Sequence[Curve]
    more: bool


def sketch(graph: Graph, here: str, now_ms: int) -> Sketch:
    """The drawing of a graph on the page of one of its jobs."""
    drawing = _drawn(tuple(one.id for one in graph.nodes), tuple((one.after, one.job) for one in graph.edges))
    state = {one.id: state_of(one.status).word for one in graph.nodes}
    return Sketch(
        width=(drawing.columns - 1) * _STEP[0] + BOX[0] + 2 * _EDGE,
        height=round(drawing.height * _STEP[1]) + BOX[1] + 2 * _EDGE,
        box=BOX,
        boxes=[_box(one, drawing.places[one.id], here, now_ms) for one in graph.nodes],
        curves=[
            Curve(f"e-{one.after}/{one.job}", _path(drawing.ways[one.after, one.job]), state[one.after])
            for one in graph.edges
        ],
        more=graph.more,
    )


def _box(job: Job, place: tuple[int, float], here: str, now_ms: int) -> Box:
    state, advance = state_of(job.status), Advance.of(job)
    share = advance.share if advance else None
    took = Span.of(job.started_ms, job.finished_ms, now_ms).text if job.finished_ms else ""
    beside = took or (f"{share} %" if share is not None else "")
    x, y = _corner(place)
    return Box(
        id=job.id,
        href=job_href(job.id),
        x=x,
        y=y,
        name=job.name if len(job.name) <= _LONGEST else f"{job.name[: _LONGEST - 1]}…",
        words=" · ".join(part for part in (state.word, beside) if part),
        tip="\n".join(part for part in (job.name, job.status_msg or state.word, job.user) if part),
        state=state,
        share=share,
        here=job.id == here,
    )


def _corner(place: tuple[int, float]) -> tuple[int, float]:
    column, height = place
    return _EDGE + column * _STEP[0], round(_EDGE + height * _STEP[1], 1)


def _path(way: Sequence[tuple[int, float]]) -> str:
    """Through the middle of every place that the edge passes, level at each of them."""
    corners = [_corner(place) for place in way]
    middle = BOX[1] / 2
    told = [f"M{corners[0][0] + BOX[0]} {corners[0][1] + middle:g}"]
    for (x, y), (to_x, to_y) in pairwise(corners):
        half = (x + BOX[0] + to_x) / 2
        told.append(f"C{half:g} {y + middle:g} {half:g} {to_y + middle:g} {to_x} {to_y + middle:g}")
        told.append(f"H{to_x + BOX[0]}")
    return " ".join(told[:-1])
