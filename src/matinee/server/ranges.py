"""Parts of a representation: `Range` and `If-Range` of RFC 9110, section 14.

One range is honoured. Several at once, and anything malformed, are ignored, as the standard allows: then the whole
is sent.
"""

from __future__ import annotations

import re

from matinee.server.errors import HttpError

_ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII)


class Unsatisfiable(HttpError):
    """Not a byte of the range exists."""

    status = 416

    def __init__(self, size_bytes: int) -> None:
        super().__init__(
            f"The range lies outside the {size_bytes} bytes of this file.",
            next_step="Ask a range inside it.",
            headers={"Content-Range": f"bytes */{size_bytes}"},
        )


def span(header: str, size_bytes: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None where the whole is to be sent.

    >>> span("bytes=0-99", 1000), span("bytes=-100", 1000), span("bytes=900-", 1000), span("bytes=5-1", 1000)
    ((0, 100), (900, 1000), (900, 1000), None)

    Raises `Unsatisfiable` where no byte of it exists.
    """
    match = _ONE.fullmatch(header)
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "" and int(match[2]) > 0 == size_bytes:
        return None  # satisfiable, by the standard, and nothing that a part could be called
    if match[1] == "":
        start, stop = max(0, size_bytes - int(match[2])), size_bytes
    else:
        start, stop = int(match[1]), min(int(match[2]) + 1, size_bytes) if match[2] else size_bytes
        if match[2] and int(match[2]) < start:
            return None
    if start >= size_bytes or start >= stop:
        raise Unsatisfiable(size_bytes)
    return start, stop


def matches(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names `etag`, comparing weakly.

    >>> matches('W/"a", "b"', '"a"'), matches("*", '"a"'), matches("", '"a"')
    (True, True, False)
    """
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return etag in named or "*" in named
