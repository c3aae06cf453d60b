"""Output without secrets: what a job writes goes through a pipe, and each secret in it becomes ``***``.

Secrets of several lines are struck out line by line as well, since programs print them so. Like every such filter it
knows a secret by its letters: one that a job encodes before it prints it is not recognised.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

STARS = b"***"
_SHORTEST_LINE = 6
"""Shorter lines of a secret would strike out half of what is printed."""
_CHUNK = 1 << 16


class Mask:
    """Strikes secrets out of a stream of bytes, wherever it is cut into pieces."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {one for secret in secrets for one in (secret, *_lines(secret))}
        self._secrets = sorted((one.encode() for one in found), key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets)))
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may be written of all that came so far; what may be the beginning of a secret is held back."""
        text = self._pattern.sub(STARS, self._held + data)
        held = self._beginning(text)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def end(self) -> bytes:
        """The rest: what began like a secret when the stream broke off is struck out as well."""
        held, self._held = self._held, b""
        return STARS if len(held) > 3 else held

    def _beginning(self, text: bytes) -> int:
        """How many bytes at the end could be the beginning of a secret."""
        return max((_overlap(text, one) for one in self._secrets), default=0)


class MaskedFile:
    """A file that others write through `descriptor`, without secrets."""

    def __init__(self, path: Path, secrets: Iterable[str]) -> None:
        self._mask = Mask(secrets)
        source, self.descriptor = os.pipe()
        self._thread = threading.Thread(target=self._copy, args=(source, path.open("ab")), name="mask", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of our end; the file is whole once the writers have done so too."""
        os.close(self.descriptor)

    def join(self, timeout_s: float) -> None:
        """Wait until the file is whole, but no longer than this."""
        self._thread.join(timeout_s)

    def _copy(self, source: int, target: BinaryIO) -> None:
        with os.fdopen(source, "rb", buffering=0) as stream, target:
            while data := stream.read(_CHUNK):
                target.write(self._mask.feed(data))
                target.flush()
            target.write(self._mask.end())


def _lines(secret: str) -> list[str]:
    return [one for one in secret.splitlines() if len(one) >= _SHORTEST_LINE]


def _overlap(text: bytes, secret: bytes) -> int:
    longest = min(len(text), len(secret) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(secret[:n])), 0)
