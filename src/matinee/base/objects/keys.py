"""Which keys name an object: relative POSIX paths that no file system, shell or browser could take for more."""

from __future__ import annotations

from matinee.base.errors import InvalidInput

MAX_KEY_BYTES = 1000
MAX_NAME_BYTES = 240
RESERVED = ".incoming"
"""Where a folder of objects keeps what is not yet whole."""


def check_key(key: str) -> str:
    """The key itself; raises `InvalidInput` where it is empty, absolute, climbs, or holds what none should.

    >>> check_key("titles/12/poster.webp")
    'titles/12/poster.webp'
    """
    reason = _fault(key)
    if reason:
        raise InvalidInput(
            f"{key[:200]!r} is not a key for an object: {reason}.",
            next_step="Write a relative path such as titles/12/poster.webp.",
        )
    return key


def check_prefix(prefix: str) -> str:
    """The beginning of keys itself; raises `InvalidInput` where no key could begin like that."""
    if prefix:
        check_key(prefix.removesuffix("/"))
    return prefix


def _fault(key: str) -> str:
    names = key.split("/")
    faults = {
        "it is empty": not key,
        "it begins with a slash": key.startswith("/"),
        "it holds a backslash": "\\" in key,
        "it holds a control character": any(ord(letter) < 32 or ord(letter) == 127 for letter in key),
        "it holds ?versionId=, which S3 programs take for more": "?versionId=" in key,
        "it holds half a character": any("\ud800" <= letter <= "\udfff" for letter in key),
        "one of its names is empty, . or ..": any(name in {"", ".", ".."} for name in names),
        f"{RESERVED} is kept for unfinished objects": names[0] == RESERVED,
        "it is too long": _bytes(key) > MAX_KEY_BYTES or max(map(_bytes, names)) > MAX_NAME_BYTES,
    }
    return next((reason for reason, found in faults.items() if found), "")


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))
