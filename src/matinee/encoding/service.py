"""Encoding for a catalogue: from the source of a title to its published stream, one title or all that wait."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matinee.base.backends import Backends
from matinee.base.clock import now_ms
from matinee.base.disk import disk_errors
from matinee.base.errors import Conflict, MatineeError, NotFound
from matinee.catalog.records import Asset, AssetKind, Title
from matinee.catalog.service import Service as Catalog
from matinee.encoding import publishing
from matinee.encoding.bench import Bench, in_use, locked
from matinee.encoding.catalogue import Catalogue
from matinee.encoding.codecs import CodecName
from matinee.encoding.compared import Compared, Comparisons
from matinee.encoding.fingerprint import fingerprint
from matinee.encoding.planner import Planner
from matinee.encoding.plans.comparing import Comparison
from matinee.encoding.plans.goal import Goal
from matinee.encoding.plans.renditions import Planned
from matinee.encoding.records import Recoding, Rendition, State, Stream, Work
from matinee.encoding.settings import EncodingSettings
from matinee.encoding.streams.encryption import content_id
from matinee.encoding.streams.film import Film, Sidecar
from matinee.encoding.streams.pipeline import encoded
from matinee.media.languages import language_tag

log = logging.getLogger(__name__)


class Service:
    """Encodes titles. Methods may be called from any thread; two processes never work on the same title."""

    def __init__(self, backends: Backends, settings: EncodingSettings) -> None:
        self._catalog = Catalog(backends)
        self._objects = backends.objects
        self._keys = backends.keys
        self._settings, self._compute = settings, backends.compute
        self._work = (Path(settings.work).expanduser().absolute() if settings.work else backends.work) / "encoding"
        self.planner = Planner(self._work / "plans", backends.compute, settings)
        """Plans film files, of titles and others."""
        self.catalogue = Catalogue(backends, settings, self._work / "plans", self)
        """Encodes everything anew, within a budget."""
        self._comparisons = Comparisons(backends.objects)

    def goal(self, codec: CodecName) -> Goal:
        """What the settings ask of a plan."""
        return self._settings.goal(codec)

    def encode(
        self,
        title_id: int,
        *,
        force: bool = False,
        stop: threading.Event | None = None,
        recoding: Recoding | None = None,
    ) -> Stream:
        """The published stream of a title, encoded where it is not there yet, or again where `force` is given.

        Interrupted work goes on where it was. `recoding` is of a round over the catalogue. Raises `NotFound` where
        there is no such title or it has no source, `Conflict` where another process works on it, `InvalidInput` where
        the source is no film or is damaged, `Unavailable` where the disk is full, and `matinee.media.run.Stopped` when
        `stop` is set meanwhile.
        """
        title, source, settings = (
            self._catalog.title(title_id),
            self.source(title_id),
            self.catalogue.settings(title_id),
        )
        etag = fingerprint(source, settings)
        if not force and (found := self._published(title_id, etag)):
            return found
        with locked(self._work / f"{title_id}.lock", title.name):
            # Whoever held the lock before may have done it.
            if not force and (found := self._published(title_id, etag)):
                return found
            return self._encode(_Asked(title, source, settings, etag, recoding), force=force, stop=stop)

    def encode_all(
        self, ids: Iterable[int] | None = None, *, force: bool = False
    ) -> Generator[tuple[int, Stream | MatineeError], None, None]:
        """Encode several titles side by side (all that are pending, if none are named), yielding each as it ends.

        One that fails does not stop the others: its error is yielded. Leaving the iteration ends what is under way.
        """
        waiting = iter(self.pending() if ids is None else dict.fromkeys(ids))
        stop = threading.Event()
        workers = self._settings.at_once or _at_once(os.cpu_count() or 1)
        with ThreadPoolExecutor(workers, "encoding") as pool:
            under_way: dict[Future[Stream], int] = {}
            try:
                while True:
                    while len(under_way) < workers and (id_ := next(waiting, None)) is not None:
                        under_way[pool.submit(self.encode, id_, force=force, stop=stop)] = id_
                    if not under_way:
                        return
                    done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield under_way.pop(future), _outcome(future)
            finally:
                stop.set()

    def pending(self) -> list[int]:
        """Titles whose source has no stream of its present content and the present settings, by id.

        One whose source file is gone is not pending: see `status`.
        """
        return [work.title_id for work in self.status() if work.state in {"pending", "encoding"}]

    def status(self) -> list[Work]:
        """Where each title with a source stands, by id."""
        streams = {(one.title_id, one.etag) for one in self._catalog.all_assets(AssetKind.STREAM)}
        sources = {one.title_id: one for one in self._catalog.all_assets(AssetKind.SOURCE)}
        names = {title.id: title.name for title in self._catalog.titles(list(sources))}
        settings = self.catalogue.all_settings(list(sources))
        return [
            Work(title_id=id_, name=names.get(id_, ""), source=one.uri, state=self._state(one, settings[id_], streams))
            for id_, one in sorted(sources.items())
        ]

    def compare(self, title_id: int, ways: Sequence[str], goal: Goal) -> Comparison:
        """Ways to encode a title beside each other, kept so that `comparison` finds it afterwards.

        Interrupted work goes on where it was. Raises what `encode` raises, and `InvalidInput` for a way that nobody
        knows and where fewer than two are left.
        """
        source = self.source(title_id)
        with self.planner.comparing(source, goal, ways) as found, disk_errors(self._work):
            with tempfile.TemporaryDirectory(prefix="comparing-", dir=self._work) as work:
                self._comparisons.keep(title_id, found, Path(work), now_ms())
            return found

    def comparisons(self) -> list[Compared]:
        """What was compared, of each title its latest; the latest first."""
        return self._comparisons.all()

    def comparison(self, title_id: int) -> Compared:
        """The latest comparison of a title. Raises `NotFound` where it has none."""
        if (found := self._comparisons.find(title_id)) is None:
            raise NotFound(
                f"Title {title_id} has not been compared.", next_step=f"Run `matinee encoding compare {title_id}`."
            )
        return found

    def tidy(self) -> int:
        """Remove replaced streams and comparisons that have been kept long enough; how many."""
        current: dict[int, list[str]] = {}
        for one in self._catalog.all_assets(AssetKind.STREAM):
            current.setdefault(one.title_id, []).append(one.uri)
        before = publishing.kept_since(now_ms(), self._settings.keep_replaced_h)
        streams = sum(publishing.tidy(self._objects, id_, uris, before) for id_, uris in current.items())
        return streams + self._comparisons.tidy(before)

    def _encode(self, asked: _Asked, *, force: bool, stop: threading.Event | None) -> Stream:
        title, source, settings = asked.title, asked.source, asked.settings
        bench = self._bench(title.id, asked.etag, force=force)
        label, beside = f"encoding {title.name}", self._sidecars(title.id)
        language = language_tag(title.language)
        try:
            with (
                self._pictures(asked) as planned,
                encoded(
                    source,
                    bench,
                    settings,
                    label=label,
                    beside=beside,
                    language=language,
                    key_of=partial(self._keys.key, content_id(title.id)),
                    planned=planned,
                    stop=stop,
                ) as film,
            ):
                if fingerprint(source, settings) != asked.etag:
                    raise Conflict(
                        f"{source} was changed while it was being encoded.",
                        next_step="Encode it again when it is complete.",
                    )
                stream = self._publish(_stream(asked, film, planned), film)
            bench.clear()
            return stream
        finally:
            # What was finished stays for the next try; folders without any go.
            for folder in (bench.folder, bench.folder.parent):
                with suppress(OSError):
                    folder.rmdir()

    def _pictures(self, asked: _Asked) -> AbstractContextManager[Planned | None]:
        if asked.settings.method == "ladder":
            return nullcontext()
        compute = asked.recoding.compute if asked.recoding else self._compute
        return Planner(self._work / "plans", compute, asked.settings).pictures(asked.source)

    def _bench(self, title_id: int, etag: str, *, force: bool) -> Bench:
        """The bench of this source and these settings; those of others are cleared away."""
        folder = self._work / str(title_id)
        for other in folder.glob("*"):
            if force or other.name != etag:
                shutil.rmtree(other, ignore_errors=True)
        return Bench(folder / etag)

    def _publish(self, stream: Stream, film: Film) -> Stream:
        title_id, where = stream.title_id, stream.prefix
        for reason in film.refused:
            log.warning("title %d: %s", title_id, reason)
        publishing.upload(self._objects, film, where, replacing=self._published(title_id, stream.etag) is not None)
        publishing.show(self._catalog, self._objects, film, title_id)
        publishing.enter(self._catalog, film, stream)
        before = publishing.kept_since(now_ms(), self._settings.keep_replaced_h)
        publishing.tidy(self._objects, title_id, [where], before)
        return stream

    def _published(self, title_id: int, etag: str) -> Stream | None:
        for one in self._catalog.assets(title_id, AssetKind.STREAM):
            if one.etag == etag and self._objects.exists(f"{one.uri}/{one.facts['hls']}"):
                return Stream(
                    title_id=title_id,
                    etag=etag,
                    prefix=one.uri,
                    duration_s=one.duration_s or 0.0,
                    renditions=tuple(Rendition(**facts) for facts in one.facts["renditions"]),
                    fresh=False,
                )
        return None

    def source(self, title_id: int) -> Path:
        """The film file of a title. Raises `NotFound` where it has none."""
        sources = self._catalog.assets(title_id, AssetKind.SOURCE)
        if not sources:
            raise NotFound(
                f"Title {title_id} has no film file.", next_step="Scan the folder that holds it: `matinee scan FOLDER`."
            )
        return Path(sources[-1].uri)

    def _sidecars(self, title_id: int) -> list[Sidecar]:
        """Subtitle files of a title; one that cannot be read is told of and left out."""
        found: list[Sidecar] = []
        for one in self._catalog.assets(title_id, AssetKind.SUBTITLES):
            try:
                data = Path(one.uri).read_bytes() if Path(one.uri).is_absolute() else self._objects.get(one.uri)
            except (OSError, MatineeError) as error:
                log.warning("title %d: the subtitles %s cannot be read: %s", title_id, one.uri, error)
                continue
            found.append(_sidecar(one, data))
        return found

    def _state(self, source: Asset, settings: EncodingSettings, streams: set[tuple[int, str]]) -> State:
        try:
            etag = fingerprint(Path(source.uri), settings)
        except MatineeError:
            return "missing"
        if (source.title_id, etag) in streams:
            return "done"
        return "encoding" if in_use(self._work / f"{source.title_id}.lock") else "pending"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be encoded, and how."""

    title: Title
    source: Path
    settings: EncodingSettings
    etag: str
    recoding: Recoding | None


def _stream(asked: _Asked, film: Film, planned: Planned | None) -> Stream:
    """What will have been published."""
    return Stream(
        title_id=asked.title.id,
        etag=asked.etag,
        prefix=publishing.prefix(asked.title.id, asked.etag),
        duration_s=float(film.presentation.duration),
        renditions=planned.renditions(film.renditions) if planned else film.renditions,
        fresh=True,
        refused=film.refused,
        recoded=planned.recoded(asked.recoding, film.renditions) if planned and asked.recoding else None,
    )


def _at_once(processors: int) -> int:
    """Each film keeps two processors busy but for its beginning and end, which a second film fills."""
    return max(min(2, processors), processors // 2)


def _outcome(future: Future[Stream]) -> Stream | MatineeError:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, MatineeError):
        return error
    raise error


def _sidecar(one: Asset, data: bytes) -> Sidecar:
    return Sidecar(
        name=Path(one.uri).name,
        data=data,
        language=language_tag(one.language),
        label=str(one.facts.get("label", "")),
        hearing_impaired=bool(one.facts.get("hearing_impaired")),
        forced=bool(one.facts.get("forced")),
    )
