"""Names of contents and kinds, the same for every store: they become file names and parts of addresses."""

from __future__ import annotations

import re

from matinee.base.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_name(name: str) -> str:
    """The name itself; raises `InvalidInput` where it is none.

    >>> check_name("title-12")
    'title-12'
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is no name for content keys.",
            next_step="Use up to 100 letters, digits, dots, hyphens and underscores, the first a letter or digit.",
        )
    return name
