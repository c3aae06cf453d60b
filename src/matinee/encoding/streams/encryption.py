"""Segments under Common Encryption (ISO/IEC 23001-7): ``cenc`` (AES-CTR) or ``cbcs`` (AES-CBC, one block in ten).

Shaka Packager does it, since FFmpeg writes only one of the schemes, and none into segments. It is told where segments
begin, as if an advertisement were to stand between each two, so that they stay what they were when they were clear.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Literal, TypeVar

from matinee.base.errors import Unavailable
from matinee.base.keys import ContentKey
from matinee.encoding.streams.package import Cut
from matinee.encoding.streams.presentation import Segment, SoundTrack, Track, VideoRendition
from matinee.media import run

Scheme = Literal["cenc", "cbcs"]
Kind = Literal["video", "audio"]
KeyOf = Callable[[Kind], ContentKey]
"""The key of all tracks of a kind."""
T = TypeVar("T", VideoRendition, SoundTrack)

_CLEAR, _ORDERS = "clear.mp4", "orders.txt"
_NEVER_S = 10**6
"""Longer than any film: segments begin where they are told to and nowhere else."""
_EARLY_S = 0.0005
"""A cue stands a little before what it cuts at, so that no rounding puts it after."""


@dataclass(frozen=True, slots=True)
class Protection:
    """How a stream is to be encrypted."""

    scheme: Scheme
    key_of: KeyOf


def content_id(title_id: int) -> str:
    """What key stores call a title: its streams share their keys, so that whoever watches a replaced one can go on."""
    return f"title-{title_id}"


def encrypt(folder: Path, made: Cut, protection: Protection, *, about: str, stop: threading.Event | None = None) -> Cut:
    """Replace the segments that lie in `folder` by encrypted ones of the same length; says what they are now.

    Pictures have one key and sound another. Nothing begins in the clear. Raises `Unavailable` where Shaka Packager is
    not installed, the disk is full or a key cannot be had.
    """

    def encrypted(track: T, kind: Kind) -> T:
        key = protection.key_of(kind)
        with _joined(folder, track), _ordered(folder, track, key, protection.scheme):
            _room(folder, track, about)
            run.packager([_stream(track, kind), f"--flagfile={_ORDERS}"], folder=folder, about=about, stop=stop)
        return replace(track, segments=_measured(folder, track, about), kid=key.kid.hex())

    return Cut(
        tuple(encrypted(one, "video") for one in made.video), tuple(encrypted(one, "audio") for one in made.sound)
    )


def _room(folder: Path, track: Track, about: str) -> None:
    """Refuse to begin where the encrypted track has no room beside the clear one: the packager would not say why."""
    needed = sum(one.size_bytes for one in track.segments) * 21 // 20
    if shutil.disk_usage(folder).free < needed:
        raise Unavailable(
            f"The disk is full: encrypting {about} needs {needed / 1e6:.1f} MB more.",
            next_step="Free some space and run this again; what was finished is kept.",
        )


def _stream(track: Track, kind: Kind) -> str:
    template = f"segment-{track.id}-$Number%05d$.m4s"
    return f"in={_CLEAR},stream={kind},init_segment={track.initialisation},segment_template={template}"


def _measured(folder: Path, track: Track, about: str) -> tuple[Segment, ...]:
    files = [folder / name for name in track.files()]
    beyond = folder / replace(track, segments=(*track.segments, track.segments[-1])).files()[-1]
    if beyond.exists() or not all(file.exists() for file in files):
        raise Unavailable(
            f"Shaka Packager cut {about} in other places than it was told.",
            next_step="Use the version that `npm install shaka-packager@3.4.2` brings.",
        )
    return tuple(
        Segment(ticks=one.ticks, size_bytes=file.stat().st_size)
        for one, file in zip(track.segments, files, strict=True)
    )


@contextmanager
def _joined(folder: Path, track: Track) -> Iterator[None]:
    """The clear track in one file instead of its segments, so that the disk need not hold both for long."""
    whole = folder / _CLEAR
    try:
        with whole.open("wb") as out:
            for name in (track.initialisation, *track.files()):
                with (folder / name).open("rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
                (folder / name).unlink()
        yield
    finally:
        whole.unlink(missing_ok=True)


@contextmanager
def _ordered(folder: Path, track: Track, key: ContentKey, scheme: Scheme) -> Iterator[None]:
    """The packager's flags in a file that only its owner may read: keys among arguments would be seen and logged."""
    edges = list(accumulate(track.seconds(one) for one in track.segments))[:-1]
    flags = [
        "--quiet",
        "--enable_raw_key_encryption",
        f"--keys=label=:key_id={key.kid.hex()}:key={key.key.hex()}",
        f"--protection_scheme={scheme}",
        "--protection_systems=Common",
        "--clear_lead=0",
        f"--segment_duration={_NEVER_S}",
        f"--fragment_duration={_NEVER_S}",
        "--generate_sidx_in_media_segments=false",
    ]
    if edges:
        flags.append("--ad_cues=" + ";".join(f"{float(edge) - _EARLY_S:.6f}" for edge in edges))
    orders = folder / _ORDERS
    fd = os.open(orders, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w") as out:
            out.write("\n".join(flags) + "\n")
        yield
    finally:
        orders.unlink()
