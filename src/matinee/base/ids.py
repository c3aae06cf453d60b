"""Identifiers: new ones that sort by time, stable ones that are the same on every run, and slugs."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from functools import lru_cache
from random import Random

_NOT_WORD = re.compile(r"[^a-z0-9]+")


def new_id(now_ms: int, rng: Random) -> str:
    """A UUID version 7 (RFC 9562): unique, and sorted by time as text."""
    value = (now_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | rng.getrandbits(12) << 64
    value |= 0b10 << 62 | rng.getrandbits(62)
    return str(uuid.UUID(int=value))


def stable_id(*parts: object) -> str:
    """A UUID version 8 made of the parts alone: the same parts give the same id on any machine.

    >>> stable_id("movielens", 1, 1193) == stable_id("movielens", 1, 1193)
    True
    """
    text = "\x1f".join(str(part) for part in parts)
    digest = bytearray(hashlib.blake2b(text.encode(), digest_size=16).digest())
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


@lru_cache(4096)  # pages ask for the same few names again and again
def slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, for addresses that people read.

    >>> slug("Amélie (2001)")
    'amelie-2001'
    """
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NOT_WORD.sub("-", plain.lower()).strip("-") or "untitled"
