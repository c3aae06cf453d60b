"""Pieces: the pictures of one unit in a file of their own, uncompressed, as every trial of it reads them.

The source is decoded once, from its beginning: what a file gives after a jump is not always what it gives when played.
Pieces are made as they are asked for, so that only a few lie on the disk at a time.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from matinee.base.disk import disk_errors, make_folder
from matinee.base.errors import InvalidInput
from matinee.encoding.plans.originals import Original
from matinee.media import run
from matinee.media.containers import input_options
from matinee.media.shots import Shot


@contextmanager
def room(work: Path) -> Iterator[Path]:
    """An empty folder below `work` for pieces, which is gone afterwards; those of runs that were killed go now.

    Several processes may have rooms at once. Raises `Unavailable` where the disk is full.
    """
    rooms = work / "pieces"
    with disk_errors(rooms):
        make_folder(rooms)
        with _held(rooms):
            for one in rooms.iterdir():
                _clear(one)
            folder = Path(tempfile.mkdtemp(dir=rooms))
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Nobody else makes or clears rooms meanwhile."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _clear(room: Path) -> None:
    """Remove a room unless somebody is in it: the kernel lets go of a lock when who held it dies."""
    try:
        lock = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return  # who was in it has just left
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(room, ignore_errors=True)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def pieces(
    original: Original,
    units: Sequence[Shot],
    folder: Path,
    wanted: Callable[[Shot], bool],
    stop: threading.Event | None = None,
) -> Iterator[tuple[Shot, Path]]:
    """Each wanted unit with its piece, in order; remove the piece when it has served.

    `units` cover the film without a gap. Raises `InvalidInput` where the source ends early, `Unavailable` where the
    disk is full, and what `matinee.media.run.ffmpeg` raises.
    """
    last = max((unit.stop for unit in units if wanted(unit)), default=0)
    pictures = _pictures(original, last, stop)
    for unit in units:
        if unit.stop > last:
            return
        if wanted(unit):
            yield unit, _write(original, unit, pictures, folder / f"{unit.start:07}-{unit.stop:07}.y4m")
        else:
            _skip(original, unit, pictures)


def _pictures(original: Original, last: int, stop: threading.Event | None) -> Iterator[bytes]:
    graph = f"[0:{original.track}]{original.filters},format={original.pixel_format}"
    arguments = [
        *(*input_options(original.path), "-filter_complex", graph, "-frames:v", str(last)),
        *("-f", "rawvideo", "-fps_mode", "passthrough", "pipe:1"),
    ]
    return run.pictures(arguments, original.picture_bytes, about=str(original.path), stop=stop)


def _write(original: Original, unit: Shot, pictures: Iterator[bytes], path: Path) -> Path:
    with disk_errors(path):
        try:
            with path.open("wb") as file:
                file.write(original.header())
                for _ in range(unit.frames):
                    file.write(b"FRAME\n")
                    file.write(_next(original, unit, pictures))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return path


def _skip(original: Original, unit: Shot, pictures: Iterator[bytes]) -> None:
    for _ in range(unit.frames):
        _next(original, unit, pictures)


def _next(original: Original, unit: Shot, pictures: Iterator[bytes]) -> bytes:
    picture = next(pictures, None)
    if picture is None:
        raise InvalidInput(
            f"{original.path} ends before {float(unit.stop / original.rate):.2f} s, where it did not before.",
            next_step="Check that nothing else writes to it, and run this again.",
        )
    return picture
