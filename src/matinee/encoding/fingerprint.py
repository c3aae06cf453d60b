"""Etag of a stream: what the source is and how it is to be encoded, in sixteen letters."""

from __future__ import annotations

import hashlib
from pathlib import Path

from matinee.base.errors import NotFound, Unavailable
from matinee.encoding.settings import EncodingSettings

_ENDS = 64 * 1024
# Goes up when this package comes to make other streams from the same settings.
_MAKE = 2


def fingerprint(source: Path, settings: EncodingSettings) -> str:
    """The same for the same file and settings; see `content`."""
    return hashlib.blake2b(f"{_MAKE} {content(source)} {settings.digest()}".encode(), digest_size=8).hexdigest()


def content(source: Path) -> str:
    """The same for the same file: by size, time of change, and the file's first and last 64 KiB.

    Raises `NotFound` where the file is gone, `Unavailable` where it cannot be read.
    """
    try:
        facts = source.stat()
        with source.open("rb") as file:
            ends = file.read(_ENDS)
            file.seek(max(0, facts.st_size - _ENDS))
            ends += file.read(_ENDS)
    except FileNotFoundError:
        raise NotFound(
            f"The source file {source} is gone.", next_step="Put it back, or scan the folder that it moved to."
        ) from None
    except OSError as error:
        raise Unavailable(
            f"The source file {source} cannot be read: {error.strerror}.", next_step="Check its owner and permissions."
        ) from None
    told = f"{facts.st_size} {facts.st_mtime_ns} ".encode()
    return hashlib.blake2b(told + ends, digest_size=8).hexdigest()
