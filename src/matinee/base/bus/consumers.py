"""How far each consumer of a topic has come: one small file for each, replaced whole."""

from __future__ import annotations

from pathlib import Path

from matinee.base.disk import make_folder, replace_file
from matinee.base.errors import Unavailable


def store(folder: Path, consumer: str, offset: int) -> None:
    """Remember the offset durably; the one before counts until then."""
    make_folder(folder)
    replace_file(folder / consumer, b"%d\n" % offset)


def load(folder: Path, consumer: str) -> int:
    """The offset last stored, 0 where there is none."""
    path = folder / consumer
    try:
        text = path.read_text(encoding="ascii")
        return int(text)
    except FileNotFoundError:
        return 0
    except (UnicodeDecodeError, ValueError):
        raise Unavailable(
            f"{path} is damaged: it does not hold an offset.",
            next_step="Write the last offset that was worked through into it, or remove it to begin from the start.",
        ) from None
