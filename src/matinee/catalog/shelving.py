"""A scanned library into the catalogue: titles merged, files entered, what has gone taken off.

The library itself is only read. Titles are never removed by a scan, only the files that are no longer there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from matinee.base.errors import InvalidInput, MatineeError
from matinee.base.objects import Objects
from matinee.base.progress import track
from matinee.catalog import covers, scan
from matinee.catalog.beside import Beside
from matinee.catalog.records import Asset, AssetKind, Kind, MergeReport, TitleDraft
from matinee.catalog.scan import Found, Series, Source, Step
from matinee.catalog.service import Service
from matinee.catalog.store.lookup import in_chunks
from matinee.catalog.walking import Refused
from matinee.media.probe import probe

_AT_ONCE = 50
"""Folders whose titles are stored together."""


@dataclass(slots=True)
class ScanReport:
    """What became of a scanned folder."""

    titles: MergeReport = field(default_factory=MergeReport)
    """Films, series, seasons and episodes."""
    new: int = 0
    """Film files that were not there before, or elsewhere."""
    changed: int = 0
    unchanged: int = 0
    moved: int = 0
    """Of the new ones, those that lay elsewhere before."""
    gone: int = 0
    """Film files that were there before and are no longer; their titles stay."""
    subtitles: int = 0
    pictures: int = 0
    refused: list[Refused] = field(default_factory=list)


class Shelving:
    """Puts what scans find into a catalogue."""

    def __init__(self, catalog: Service, objects: Objects) -> None:
        self._catalog = catalog
        self._objects = objects

    def scan(self, folder: Path, now_ms: int, *, forget: bool = False) -> ScanReport:
        """Store the films and series of a folder.

        Can be interrupted and run again. Raises as `walking.walk`, and `InvalidInput` where a folder that held films
        is empty now, as when its disk is not mounted, unless `forget`.
        """
        root = folder.resolve()
        shelf = _Shelf(self._catalog, self._objects, root, now_ms)
        steps = track(scan.read(root), f"scanning {root.name}", unit="folders")
        for some in in_chunks(steps, _AT_ONCE):
            shelf.store(some)
        shelf.take_off(forget=forget)
        return shelf.report


@dataclass(frozen=True, slots=True)
class _Filed:
    """A film file that was found good, and what is to be stored of it."""

    source: Source
    fields: dict[str, Any]


class _Shelf:
    """One scan: what was known of the folder before it, and what has been seen of it so far."""

    def __init__(self, catalog: Service, objects: Objects, root: Path, now_ms: int) -> None:
        self._catalog, self._objects, self._now_ms = catalog, objects, now_ms
        self.report = ScanReport()
        self._known = dict(_known(catalog, root))
        self._sources = {path: asset for (_, kind, path), asset in self._known.items() if kind == AssetKind.SOURCE}
        self._fresh_etags: set[str] = set()
        self._seen: set[tuple[int, AssetKind, str]] = set()
        self._kept: list[str] = []
        """Paths of which nothing is known for sure: unreadable folders, refused files."""
        self._parents: dict[tuple[str, int | None], int] = {}

    def store(self, steps: Iterable[Step]) -> None:
        """Store what some folders hold."""
        good: list[tuple[Found, list[_Filed]]] = []
        for step in steps:
            for one in step.refused:
                self._refuse(one)
            if step.unreadable:
                self._kept.append(f"{step.path}/")
            for found in step.found:
                files = [filed for source in found.sources if (filed := self._filed(source)) is not None]
                if files:
                    good.append((found, files))
        self._shelve_series([found for found, _ in good])
        merged = self._merge([self._draft(found, files) for found, files in good])
        for id_, (found, files) in zip(merged.ids, good, strict=True):
            self._enter_sources(id_, files)
            self._enter_beside(id_, found.beside)

    def take_off(self, *, forget: bool) -> None:
        """Drop the files that are gone."""
        gone = {
            key: asset
            for key, asset in self._known.items()
            if key not in self._seen and not any(key[2] == kept or key[2].startswith(kept) for kept in self._kept)
        }
        sources = {key[2] for key in gone if key[1] == AssetKind.SOURCE}
        if sources and not forget and not any(key[1] == AssetKind.SOURCE for key in self._seen):
            raise InvalidInput(
                f"{len(sources):,} films lay in this folder at the last scan, and now none does; nothing was changed.",
                next_step="Check that its disk is mounted; scan with --forget if the films are really gone.",
            )
        for asset in gone.values():
            self._drop(asset)
        self.report.moved = sum(self._sources[path].etag in self._fresh_etags for path in sources)
        self.report.gone = len(sources) - self.report.moved

    def _refuse(self, one: Refused) -> None:
        self.report.refused.append(one)
        self._kept.append(one.path)

    def _filed(self, source: Source) -> _Filed | None:
        """The film file with what probing tells; None, and refused, where it is no film."""
        path = str(source.file.path)
        known = self._sources.get(path)
        if known is not None and known.etag == source.file.etag:
            names = ("mime", "width", "height", "duration_s")
            return _Filed(source, {name: getattr(known, name) for name in names})
        try:
            media = probe(source.file.path)
        except MatineeError as error:
            self._refuse(Refused(path, error.message.removeprefix(f"{path} ").rstrip(".")))
            return None
        width, height = media.video.display_size
        mime = _MIME.get(source.file.suffix, "video/*")
        return _Filed(
            source, {"mime": mime, "width": width, "height": height, "duration_s": round(float(media.duration), 3)}
        )

    def _draft(self, found: Found, files: list[_Filed]) -> TitleDraft:
        runtime_s = files[0].fields["duration_s"] if found.season is None else found.draft.runtime_s
        parent = self._parents[found.series.key, found.season] if found.series is not None else None
        return replace(found.draft, runtime_s=runtime_s, parent_id=parent)

    def _merge(self, drafts: list[TitleDraft]) -> MergeReport:
        merged = self._catalog.merge(drafts, self._now_ms)
        self.report.titles += merged
        return merged

    def _shelve_series(self, found: list[Found]) -> None:
        """Make sure that the series and seasons of these episodes exist."""
        series = {one.series.key: one.series for one in found if one.series is not None}
        new = [one for one in series.values() if (one.key, None) not in self._parents]
        self._shelve(new)
        seasons = dict.fromkeys((one.series.key, one.season) for one in found if one.series is not None)
        wanted = [(key, season) for key, season in seasons if season is not None and (key, season) not in self._parents]
        drafts = [
            TitleDraft(
                kind=Kind.SEASON,
                name=f"Season {season}" if season else "Specials",
                parent_id=self._parents[key, None],
                number=season,
            )
            for key, season in wanted
        ]
        self._parents.update(zip(wanted, self._merge(drafts).ids, strict=True))

    def _shelve(self, series: list[Series]) -> None:
        for one, id_ in zip(series, self._merge([one.draft for one in series]).ids, strict=True):
            self._parents[one.key, None] = id_
            self._enter_beside(id_, one.beside)

    def _enter_sources(self, title_id: int, files: list[_Filed]) -> None:
        rows = []
        # The largest last: it is the one that is encoded.
        for filed in sorted(files, key=lambda one: (one.fields["width"] or 0) * (one.fields["height"] or 0)):
            file = filed.source.file
            key = (title_id, AssetKind.SOURCE, str(file.path))
            self._seen.add(key)
            known = self._known.get(key)
            if known is not None and known.etag == file.etag:
                self.report.unchanged += 1
                continue
            self.report.changed += known is not None
            self.report.new += known is None
            self._fresh_etags.add(file.etag)
            facts = {"size_bytes": file.size} | ({"version": filed.source.version} if filed.source.version else {})
            rows.append(
                (title_id, AssetKind.SOURCE, str(file.path), {**filed.fields, "etag": file.etag, "facts": facts})
            )
        self._catalog.put_assets(rows)

    def _enter_beside(self, title_id: int, files: Iterable[Beside]) -> None:
        for one in files:
            key = (title_id, one.kind, str(one.file.path))
            self._seen.add(key)
            known = self._known.get(key)
            fresh = known is None or known.etag != one.file.etag
            if one.kind == AssetKind.SUBTITLES:
                self.report.subtitles += 1
                if fresh:
                    self._catalog.put_asset(
                        *key, mime=one.mime, language=one.language, etag=one.file.etag, facts=one.facts
                    )
            elif fresh:
                self._enter_picture(title_id, one, known)
            else:
                self.report.pictures += 1

    def _enter_picture(self, title_id: int, one: Beside, known: Asset | None) -> None:
        try:
            made = covers.cover(one.file.path, one.kind)
        except InvalidInput as error:
            path = str(one.file.path)
            self._refuse(Refused(path, error.message.removeprefix(f"{path} ").rstrip(".")))
            return
        self.report.pictures += 1
        uri = f"pictures/{title_id}/delivered-{one.kind.value}-{one.file.etag}.webp"
        self._objects.put(uri, made.data)
        others = [other for other in self._catalog.assets(title_id, one.kind) if "path" not in other.facts]
        facts: dict[str, Any] = {"path": str(one.file.path), "colour": made.colour}
        facts |= {} if any(other.facts.get("chosen") for other in others) else {"chosen": True}
        self._catalog.put_asset(
            title_id,
            one.kind,
            uri,
            mime="image/webp",
            width=made.width,
            height=made.height,
            etag=one.file.etag,
            facts=facts,
        )
        if known is not None:
            self._drop(known)

    def _drop(self, asset: Asset) -> None:
        self._catalog.drop_asset(asset.id)
        if asset.kind in (AssetKind.POSTER, AssetKind.STILL):
            self._objects.delete(asset.uri)


def _known(catalog: Service, root: Path) -> Iterable[tuple[tuple[int, AssetKind, str], Asset]]:
    """The files under a folder that the catalogue knows, by title, kind and path."""
    under = f"{root}/"
    for kind in (AssetKind.SOURCE, AssetKind.SUBTITLES, AssetKind.POSTER, AssetKind.STILL):
        for asset in catalog.all_assets(kind):
            path = str(asset.facts.get("path", "")) if kind in (AssetKind.POSTER, AssetKind.STILL) else asset.uri
            if path.startswith(under):
                yield (asset.title_id, kind, path), asset


_MIME = {
    ".mkv": "video/x-matroska",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".avi": "video/x-msvideo",
    ".ts": "video/mp2t",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".wmv": "video/x-ms-wmv",
    ".ogv": "video/ogg",
}
