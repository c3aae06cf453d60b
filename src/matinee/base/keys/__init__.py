"""Content keys: what films are encrypted with, in a folder or in a key server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ContentKey:
    """An AES key of 16 bytes, and the 16 bytes by which players ask for it."""

    kid: bytes
    key: bytes = field(repr=False)
    """Never shown, never logged."""


class KeyStore(Protocol):
    """A store of content keys. Methods may be called from any thread and by many processes.

    `content_id` names what is encrypted and `kind` the part of it that has a key of its own, as ``video`` or ``audio``;
    see `matinee.base.keys.names`. Both methods raise `InvalidInput` for names that are none, and `Unavailable` where
    the store cannot be reached or what it keeps is damaged.
    """

    def key(self, content_id: str, kind: str) -> ContentKey:
        """The key of a part: made when it is first asked for, durable on return, the same ever after."""

    def keys(self, content_id: str) -> tuple[ContentKey, ...]:
        """Every key that was made for a content, in the order of the names of its kinds; none are made."""

    def close(self) -> None:
        """Let go of what is open."""
