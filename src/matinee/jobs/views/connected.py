"""Whole graphs of jobs: all that are connected, by what they come after, in either direction."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import Connection, Select, bindparam, case, or_, select

from matinee.jobs.queue import store
from matinee.jobs.records import Job, Noun
from matinee.jobs.tables import job_edges

MOST = 500
"""Jobs of a graph that are told at once."""


class Edge(Noun):
    """A job comes after another."""

    job: str
    after: str


class Graph(Noun):
    """Jobs, and which of them come after which."""

    nodes: list[Job] = Field(max_length=MOST)
    """The eldest first."""
    edges: list[Edge]
    more: bool
    """Whether it has more jobs than `nodes`, which are then those nearest to the one that was asked for."""


def connected(connection: Connection, id_: str, most: int = MOST) -> Graph:
    """The graph that a job is in, at most `most` jobs of it. Raises `NotFound`."""
    store.find(connection, id_)
    ids = list(connection.execute(_NEAR, {"id_": id_, "most": most + 1}).scalars())
    shown = ids[:most]
    found = sorted((one.job for one in store.found(connection, shown)), key=lambda one: (one.created_ms, one.id))
    edges = sorted((after, job) for after, job in store.followers(connection, shown) if job in set(shown))
    return Graph(nodes=found, edges=[Edge(job=job, after=after) for after, job in edges], more=len(ids) > most)


def _near() -> Select[Any]:
    """Ids of connected jobs; both databases give the nearest first, and stop at the limit."""
    reached = select(bindparam("id_", type_=job_edges.c.job_id.type).label("id")).cte("reached", recursive=True)
    beside = or_(job_edges.c.job_id == reached.c.id, job_edges.c.after_id == reached.c.id)
    other = case((job_edges.c.job_id == reached.c.id, job_edges.c.after_id), else_=job_edges.c.job_id)
    whole = reached.union(select(other).join(reached, beside))
    return select(whole.c.id).limit(bindparam("most"))


_NEAR = _near()
