"""The catalogue encoded anew: every title that waits, most watched first, within a budget of processor time.

Before it begins it says what it will take and save, afterwards what it took and saved. Stopped at any moment, it goes
on where it was: finished titles are published, and of the others every trial is kept.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from matinee.base.backends import Backends
from matinee.base.clock import DAY_MS, now_ms
from matinee.base.compute.metered import Metered, OverBudget
from matinee.base.errors import InvalidInput, MatineeError, NotFound
from matinee.base.progress import track, working
from matinee.catalog.records import Asset, AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.encoding.budget import Demand, shared
from matinee.encoding.codecs import CodecName
from matinee.encoding.fingerprint import content
from matinee.encoding.forecast import Experience, Foretold, cost_s, foretold
from matinee.encoding.ladder import fitted
from matinee.encoding.planner import Planner
from matinee.encoding.plans.originals import thinned
from matinee.encoding.plans.trying import Trying
from matinee.encoding.records import Recoding, Stream
from matinee.encoding.replaced import Replaced
from matinee.encoding.savings import Savings
from matinee.encoding.settings import EncodingSettings
from matinee.events.service import Service as Events
from matinee.media import run
from matinee.media.probe import probe

_CAPS = "encoding/caps.json"


class Encoder(Protocol):
    """Who encodes titles; see `matinee.encoding.service.Service`."""

    def pending(self) -> list[int]:
        """Titles that wait."""

    def source(self, title_id: int) -> Path:
        """The film file of a title."""

    def encode(self, title_id: int, *, recoding: Recoding | None = None) -> Stream:
        """The stream of a title, published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A title that waits, and what is expected of encoding it."""

    title_id: int
    name: str
    watched_s: float
    cpu_s: float
    """Of processor."""
    cap_vmaf: float
    """Quality of its best rendition."""
    kbps: float | None
    """Of the best rendition that it has; None where it has no stream."""
    saved: Savings


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a round over the catalogue would do."""

    titles: tuple[Waiting, ...]
    """That the budget reaches, in the order in which they are encoded."""
    beyond: tuple[int, ...]
    """That it does not reach, in the same order."""
    failed: Mapping[int, MatineeError]
    """Titles whose film cannot be read, and why."""
    allowed_s: float
    caps: Mapping[int, float]
    """Quality of the best rendition that a budget of bits leaves titles, those that had been given one among them."""

    @property
    def cpu_s(self) -> float:
        """Of all titles that the budget reaches."""
        return sum(one.cpu_s for one in self.titles)


@dataclass(frozen=True, slots=True)
class _Read:
    """A title whose film has been read."""

    waiting: Waiting
    foretold: Sequence[Foretold]
    """In the order of the settings' codecs."""


class Catalogue:
    """All titles that wait to be encoded, and the quality that each is allowed."""

    def __init__(self, backends: Backends, settings: EncodingSettings, work: Path, encoder: Encoder) -> None:
        self._catalog, self._events = Catalog(backends), Events(backends)
        self._objects, self._compute = backends.objects, backends.compute
        self._settings, self._work, self._encoder = settings, work, encoder

    def settings(self, title_id: int) -> EncodingSettings:
        """How a title is encoded: as all are, but for the quality that a budget of bits leaves it."""
        return self.all_settings([title_id])[title_id]

    def all_settings(self, ids: Iterable[int]) -> dict[int, EncodingSettings]:
        """The same for several titles."""
        caps = self._caps()
        return {
            id_: self._settings.model_copy(update={"cap_vmaf": caps[id_]}) if id_ in caps else self._settings
            for id_ in ids
        }

    def survey(self, *, cpu_s: float = float("inf"), days: float = 28, mean_kbps: float | None = None) -> Survey:
        """What encoding all that waits would take and save, most watched in the last `days` first.

        Films that `cpu_s` seconds of processor reach are read for it. With `mean_kbps`, all that is watched is to take
        so many kbps on average in the first of the settings' codecs, each title in its best rendition: titles that wait
        share what the settled ones leave, at constant slope, and keep what they are given.
        Raises `InvalidInput` where the settings do not plan films.
        """
        if self._settings.method == "ladder":
            raise InvalidInput(
                "The settings give every film the same ladder: encoding anew would save nothing.",
                next_step='Set method = "shots" under [encoding] in matinee.toml, or pass --set encoding.method=shots.',
            )
        watched = self._events.watched_since(now_ms() - round(days * DAY_MS))
        order = sorted(self._encoder.pending(), key=lambda id_: (-watched.get(id_, 0.0), id_))
        streams = {one.title_id: one for one in self._catalog.all_assets(AssetKind.STREAM)}
        names = {one.id: one.name for one in self._catalog.titles(order)}
        costs, failed = self._costs(order, streams.values())
        reached = _reached(costs, cpu_s)
        learnt = {codec: _experience(codec, streams.values()) for codec in self._settings.codecs}
        read = list[_Read]()
        for id_ in track(reached, "reading the films that wait"):
            waiting = Waiting(
                title_id=id_,
                name=names.get(id_, ""),
                watched_s=watched.get(id_, 0.0),
                cpu_s=costs[id_],
                cap_vmaf=self._settings.cap_vmaf,
                kbps=_best_kbps(streams.get(id_)),
                saved={},
            )
            try:
                read.append(self._read(waiting, streams.get(id_), learnt))
            except MatineeError as error:
                failed[id_] = error
        caps = self._caps()
        if mean_kbps is not None:
            caps |= self._shared(read, watched, streams, mean_kbps)
        return Survey(
            titles=tuple(
                replace(one.waiting, cap_vmaf=caps.get(one.waiting.title_id, self._settings.cap_vmaf)) for one in read
            ),
            beyond=tuple(id_ for id_ in costs if id_ not in set(reached)),
            failed=failed,
            allowed_s=cpu_s,
            caps=caps,
        )

    def encode(self, survey: Survey) -> Generator[tuple[int, Stream | MatineeError], None, None]:
        """Encode what a survey found, yielding each title as it ends; it ends early where the budget is spent.

        One that fails does not stop the others: its error is yielded.
        """
        if survey.caps != self._caps():
            caps = {str(id_): cap for id_, cap in survey.caps.items()}
            self._objects.put(_CAPS, json.dumps(caps).encode())
        left = survey.allowed_s
        for one in track(survey.titles, "encoding the catalogue anew"):
            label = f"encoding {one.name} anew, about {one.cpu_s:.0f} s of processor"
            began = run.spent_s()
            with working(label, one.cpu_s, "s of processor") as task:
                compute = Metered(self._compute, allowed_s=left, spending=task.advance)
                try:
                    outcome: Stream | MatineeError = self._encode(one, compute)
                except MatineeError as error:
                    outcome = error
                except OverBudget:
                    return
            yield one.title_id, outcome
            left -= compute.spent_s + run.spent_s() - began

    def _encode(self, one: Waiting, compute: Metered) -> Stream:
        source, settings = self._encoder.source(one.title_id), self.settings(one.title_id)
        streams = self._catalog.assets(one.title_id, AssetKind.STREAM)
        film = Planner(self._work, compute, settings).prepare(source)
        work = self._work / content(source)
        replaced = (
            Replaced(self._objects, streams[-1]).measured(film, settings.pooling, work, compute) if streams else []
        )
        recoding = Recoding(compute=compute, replaced=tuple(replaced), cpu_s=one.cpu_s, saved=one.saved)
        return self._encoder.encode(one.title_id, recoding=recoding)

    def _costs(
        self, order: Sequence[int], streams: Iterable[Asset]
    ) -> tuple[dict[int, float], dict[int, MatineeError]]:
        """What each title will take, mended by what others took; and films of which that cannot be said."""
        known = [one.facts["recoded"] for one in streams if "recoded" in one.facts]
        learnt = Experience(cpu_s=[(one["cpu_s_foretold"], one["cpu_s"]) for one in known])
        costs, failed = dict[int, float](), dict[int, MatineeError]()
        for id_ in order:
            try:
                media = probe(self._encoder.source(id_))
            except MatineeError as error:
                failed[id_] = error
                continue
            width, height = fitted(media.video.display_size, max(self._settings.heights))
            rate = thinned(media.video.frame_rate, self._settings.max_frame_rate)
            frames = round(media.video.duration * rate)
            costs[id_] = learnt.cost_s(cost_s(width, height, frames, self._settings.codecs))
        return costs, failed

    def _read(self, waiting: Waiting, stream: Asset | None, learnt: Mapping[CodecName, Experience]) -> _Read:
        source = self._encoder.source(waiting.title_id)
        film = Planner(self._work, self._compute, self._settings).prepare(source)
        old = list(Replaced(self._objects, stream).renditions().values()) if stream else []
        found, savings = list[Foretold](), dict[CodecName, float | None]()
        for codec, experience in learnt.items():
            goal = self._settings.goal(codec)
            found.append(foretold(film, Trying(film, goal, self._work, self._compute), goal, old))
            seen = found[-1].saved
            savings[codec] = None if seen is None else experience.saving(seen)
        return _Read(replace(waiting, saved=savings), found)

    def _shared(
        self, read: Sequence[_Read], watched: Mapping[int, float], streams: Mapping[int, Asset], mean_kbps: float
    ) -> dict[int, float]:
        """The quality that the budget of bits leaves each title that waits."""
        waiting = {one.waiting.title_id: one for one in read}
        taken = {
            id_: (_best_kbps(one) or 0.0, watched.get(id_, 0.0)) for id_, one in streams.items() if id_ not in waiting
        }
        wanted = {id_: self._demand(one.foretold[0], one.waiting.watched_s) for id_, one in waiting.items()}
        return {id_: round(cap, 1) for id_, cap in shared(wanted, taken, mean_kbps).items()}

    def _demand(self, seen: Foretold, watched_s: float) -> Demand:
        floor, cap = self._settings.floor_vmaf, self._settings.cap_vmaf
        within = np.flatnonzero((seen.vmaf > floor) & (seen.vmaf <= cap))
        kept = within if len(within) else np.array([int(np.argmin(np.abs(seen.vmaf - cap)))])
        return Demand(kbps=seen.kbps[kept], vmaf=seen.vmaf[kept], watched_s=watched_s)

    def _caps(self) -> dict[int, float]:
        try:
            return {int(id_): float(cap) for id_, cap in json.loads(self._objects.get(_CAPS)).items()}
        except NotFound:
            return {}


def _reached(costs: Mapping[int, float], allowed_s: float) -> list[int]:
    """The titles, in order, until the budget is spent; a title that takes more than all of it is begun."""
    found, spent = list[int](), 0.0
    for id_, cost in costs.items():
        if spent >= allowed_s:
            break
        found.append(id_)
        spent += cost
    return found


def _best_kbps(stream: Asset | None) -> float | None:
    return max(one["bitrate_kbps"] for one in stream.facts["renditions"]) if stream else None


def _experience(codec: CodecName, streams: Iterable[Asset]) -> Experience:
    pairs = [
        (one.facts["recoded"]["saved_foretold"].get(codec), one.facts["recoded"]["saved"].get(codec))
        for one in streams
        if "recoded" in one.facts
    ]
    return Experience(saved=[(then, now) for then, now in pairs if then is not None and now is not None])
