"""Ingest: films and viewing come in, from data sets and from folders.

As a graph of jobs: a folder is scanned, then each title that has no stream gets the steps of `of_title`. Crafts that
look at films add theirs there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matinee.base.workspace import Workspace
from matinee.catalog import movielens, tmdb
from matinee.catalog.movielens import MovieLens
from matinee.catalog.records import MergeReport
from matinee.catalog.service import Service as Catalog
from matinee.catalog.shelving import ScanReport, Shelving
from matinee.events.service import Service as Events
from matinee.workflows.steps import Graph, Run

_RATINGS = 2_000_000
"""Ratings handed over at once: bounds the memory that copies of the columns take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a data set."""

    name: str
    """As ``ml-1m``."""
    films: MergeReport
    viewers: int = 0
    ratings: int = 0
    """Ratings that are new."""
    known: int = 0
    """Ratings that were recorded before."""
    refused: tuple[str, ...] = ()
    """One sentence for each file of which rows were refused."""


def import_movielens(workspace: Workspace, path: Path, now_ms: int) -> ImportReport:
    """Films, viewers and ratings of a MovieLens data set; see `catalog.movielens.read`.

    The whole set is read before anything is stored. An import that was killed can be run again: films are merged,
    viewers are known by their numbers, and ratings that were recorded are not recorded twice.
    """
    catalog: Catalog = workspace.service("catalog")
    events: Events = workspace.service("events")
    found = movielens.read(path, now_ms)
    films = catalog.merge(found.drafts, now_ms)
    viewers = catalog.viewers_for(found.viewers_source, [str(key) for key in found.viewers.tolist()], now_ms)
    accepted, known = _record(events, found, films, viewers)
    return ImportReport(
        name=found.name,
        films=films,
        viewers=len(viewers),
        ratings=accepted,
        known=known,
        refused=tuple(filter(None, (one.sentence() for one in found.refusals))),
    )


def _record(events: Events, found: MovieLens, films: MergeReport, viewers: dict[str, int]) -> tuple[int, int]:
    """Hand the ratings over, under our ids; how many were new, and how many known."""
    order = np.argsort(found.films)
    title_ids, films_sorted = np.array(films.ids, np.int64)[order], found.films[order]
    viewer_ids = np.array([viewers[str(key)] for key in found.viewers.tolist()], np.int64)
    accepted = known = 0
    for start in range(0, len(found.ratings.stars), _RATINGS):
        part = found.ratings.take(np.arange(start, min(start + _RATINGS, len(found.ratings.stars))))
        receipt = events.record_ratings(
            viewer_ids[np.searchsorted(found.viewers, part.viewers)],
            title_ids[np.searchsorted(films_sorted, part.films)],
            part.stars,
            part.at_ms,
        )
        accepted, known = accepted + receipt.accepted, known + receipt.doubled
    return accepted, known


def import_tmdb(workspace: Workspace, path: Path, credits_path: Path | None, now_ms: int) -> ImportReport:
    """Plots, keywords, people and certifications of films from a table; see `catalog.tmdb.read`."""
    catalog: Catalog = workspace.service("catalog")
    found = tmdb.read(path, credits_path)
    films = catalog.merge(found.drafts, now_ms)
    refused = tuple(filter(None, (one.sentence() for one in found.refusals)))
    return ImportReport(name=found.name, films=films, refused=refused)


def scan(workspace: Workspace, folder: Path, now_ms: int, *, forget: bool = False) -> ScanReport:
    """Films and series of a library folder, which is only read; see `catalog.shelving`."""
    return Shelving(workspace.service("catalog"), workspace.backends.objects).scan(folder, now_ms, forget=forget)


def graph(run: Run, folder: Path) -> Graph:
    """Scan a folder, and have the steps of each title that needs them join this run."""
    titles = ("run", "reencode", "--into", run.id, "--priority", str(run.priority))
    return {
        "scan": run.step("scan", "scan", str(folder.absolute())),
        "titles": run.step("titles", *titles, after=["scan"]),
    }


def of_title(run: Run, title_id: int) -> Graph:
    """What a title needs before it can be watched."""
    name = f"encode-{title_id}"
    return {name: run.step(name, "encoding", "encode", str(title_id), tags=["encoding"])}


def of_titles(run: Run, ids: Iterable[int]) -> Graph:
    """The same for several titles, which do not wait for each other."""
    return {name: step for id_ in ids for name, step in of_title(run, id_).items()}
