"""A finished film made visible: its files into the object store, and then, last of all, its row in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from matinee.base.clock import HOUR_MS
from matinee.base.errors import MatineeError
from matinee.base.objects import Objects
from matinee.catalog.records import Asset, AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.encoding.records import Stream
from matinee.encoding.streams import dash, devices, hls, storyboard, texts
from matinee.encoding.streams.film import Film
from matinee.encoding.streams.presentation import SoundTrack

_AT_ONCE = 8


def prefix(title_id: int, etag: str) -> str:
    """Where the files of a stream lie."""
    return f"streams/{title_id}/{etag}"


def upload(objects: Objects, film: Film, where: str, *, replacing: bool) -> None:
    """Store every file of a film, what players open last of all.

    Where it fails nothing of a new stream is left; one that is being replaced by its equal is left as it is.
    """
    *most, manifest, master = film.files
    with taken_back(objects, where, keep=replacing), ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(lambda name: objects.put_file(f"{where}/{name}", film.folder / name), most):
            pass
        for name in (manifest, master):
            objects.put_file(f"{where}/{name}", film.folder / name)


@contextmanager
def taken_back(objects: Objects, where: str, *, keep: bool = False) -> Iterator[None]:
    """Remove every object under a prefix where the block fails, unless what lay there before is to be kept."""
    try:
        yield
    except BaseException:
        if not keep:
            with suppress(MatineeError):
                remove(objects, where)
        raise


def remove(objects: Objects, where: str) -> None:
    """Remove every object under a prefix."""
    for info in list(objects.list(where + "/")):
        objects.delete(info.key)


def show(catalog: Catalog, objects: Objects, film: Film, title_id: int) -> None:
    """Store the pictures, and choose each unless another was chosen before, as one that came with the film."""
    drawn = film.pictures
    chosen: dict[str, str] = {}
    for kind, data, size in (
        (AssetKind.STILL, drawn.still, drawn.still_size),
        (AssetKind.POSTER, drawn.poster, drawn.poster_size),
    ):
        key = f"pictures/{title_id}/{kind.value}.webp"
        etag = objects.put(key, data).etag
        others = [one for one in catalog.assets(title_id, kind) if one.uri != key]
        catalog.put_asset(title_id, kind, key, mime="image/webp", width=size[0], height=size[1], etag=etag)
        if not any(one.facts.get("chosen") for one in others):
            chosen[kind.value] = key
    catalog.set_pictures(title_id, **chosen, colour=drawn.colour)


def enter(catalog: Catalog, film: Film, stream: Stream) -> Asset:
    """Write the row that makes a title playable, and drop the rows of the streams that it replaces."""
    told = film.presentation
    largest = told.largest
    row = catalog.put_asset(
        stream.title_id,
        AssetKind.STREAM,
        stream.prefix,
        mime="application/vnd.apple.mpegurl",
        width=largest.width,
        height=largest.height,
        duration_s=float(told.duration),
        etag=stream.etag,
        facts={
            "hls": hls.MASTER,
            "dash": dash.MANIFEST,
            "families": {
                name: {"hls": hls.master_name(name), "dash": dash.manifest_name(name)}
                for name in devices.narrowed(told)
            },
            "storyboard": storyboard.FILE,
            "chapters": texts.CHAPTERS if texts.CHAPTERS in film.files else "",
            "renditions": [asdict(one) for one in stream.renditions],
            "audio": [_audio(one) for one in told.sound],
            "subtitles": [{"language": one.language, "label": one.label, "file": one.file} for one in told.subtitles],
            "encryption": told.scheme,
            "frame_rate": str(largest.frame_rate),
            **({"recoded": asdict(stream.recoded)} if stream.recoded else {}),
        },
    )
    for old in catalog.assets(stream.title_id, AssetKind.STREAM):
        if old.id != row.id:
            catalog.drop_asset(old.id)
    return row


def _audio(track: SoundTrack) -> dict[str, Any]:
    """What is told of a sound track; how loud it was and is where that was measured."""
    told: dict[str, Any] = {"language": track.language, "label": track.label, "codec": track.codecs}
    if track.before is not None and track.after is not None:
        told["loudness"] = {"before": asdict(track.before), "after": asdict(track.after)}
    return told


def tidy(objects: Objects, title_id: int, current: Sequence[str], before_ms: int, *, kind: str = "streams") -> int:
    """Remove streams of a title that were replaced and not written to since `before_ms`; how many.

    `kind` names what else lies in folders so: everything under ``KIND/TITLE/NAME/``.
    """
    ages: dict[str, int] = {}
    for info in objects.list(f"{kind}/{title_id}/"):
        if info.key.count("/") < 3:
            continue
        where = info.key.rsplit("/", info.key.count("/") - 2)[0]
        ages[where] = max(ages.get(where, 0), info.modified_ms)
    old = [where for where, age in ages.items() if where not in current and age < before_ms]
    for where in old:
        remove(objects, where)
    return len(old)


def kept_since(now_ms: int, keep_h: float) -> int:
    """Replaced streams that are older than this are removed."""
    return now_ms - round(keep_h * HOUR_MS)
