"""Passwords: argon2id, with the same work for an address that nobody has."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from matinee.base.errors import InvalidInput

LEAST, MOST = 8, 1_000
_hasher = PasswordHasher()
# A hash of nothing anybody knows, verified in place of the one that an unknown address does not have.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$K0JHcVpSd2x3Y0hYb0dtZQ$4bPcYbbDBGjoZ8rE4c8Kq0rNQ2lQH1w7zv3JQ6kqT3A"


def hash_password(password: str) -> str:
    """The password as argon2id keeps it, with its parameters (RFC 9106).

    Raises `InvalidInput` where it is too short to be safe or too long to be meant.
    """
    if not LEAST <= len(password) <= MOST:
        raise InvalidInput(
            f"A password has {LEAST} to {MOST} characters; this one has {len(password)}.",
            next_step="Choose another one; a few words in a row are easy to remember.",
        )
    return _hasher.hash(password.encode("utf-8", "surrogatepass"))


def verify(kept: str | None, password: str) -> bool:
    """Whether it is the password; takes as long where nothing is kept."""
    try:
        return _hasher.verify(kept or _NOBODY, password[:MOST].encode("utf-8", "surrogatepass")) and kept is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the parameters of today are other than those it was hashed with."""
    return _hasher.check_needs_rehash(kept)
