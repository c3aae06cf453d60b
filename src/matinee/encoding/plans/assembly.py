"""Assembly: encoded units put one after the other into the file of a rung, without encoding anything again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from matinee.base.disk import disk_errors
from matinee.encoding.plans.inband import assemble_in_band
from matinee.media import run


def assemble(
    encodes: Sequence[Path],
    out: Path,
    aspect: Fraction,
    *,
    head: Path | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Write one MP4 file of these encodes, in order; `aspect` is width to height on the screen.

    Where they may have different sizes, `head` is the largest of them; see `matinee.encoding.plans.inband`.
    Raises `Unavailable` where the disk is full, and what `matinee.media.run.ffmpeg` and `assemble_in_band` raise.
    """
    if head is not None:
        assemble_in_band(encodes, head, out, aspect, stop)
        return
    listing = out.with_suffix(".txt")
    with disk_errors(listing):
        listing.write_text("".join(f"file 'file:{_quoted(one.absolute())}'\n" for one in encodes))
    try:
        arguments = [
            *("-y", "-protocol_whitelist", "file", "-f", "concat", "-safe", "0", "-i", f"file:{listing}"),
            *("-c", "copy", "-aspect", f"{aspect.numerator}:{aspect.denominator}"),
            *("-fflags", "+bitexact", "-f", "mp4", f"file:{out}"),
        ]
        run.ffmpeg(arguments, about=str(out), stop=stop)
    finally:
        listing.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    """FFmpeg's lists know no escape inside quotes: a quotation mark ends them, stands alone, and begins new ones."""
    return str(path).replace("'", r"'\''")
