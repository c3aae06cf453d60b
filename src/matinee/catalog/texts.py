"""Text of unknown encoding."""

from __future__ import annotations

import codecs

from matinee.base.errors import InvalidInput

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes, name: str) -> str:
    """The text, without NULs: by its byte order mark, else UTF-8, else Windows-1252, of which Latin-1 text is a part.

    Raises `InvalidInput` for what is no text at all; `name` is what the message calls it.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data, encoding, name)
    if data[:4096].count(0) > 8:
        raise InvalidInput(f"{name} is not a text file.", next_step="Check that the right file was named.")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return text.replace("\0", "")


def _decode(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding).replace("\0", "")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{name} begins as {encoding} but cannot be read as such: {error.reason}.",
            next_step="Save it as UTF-8.",
        ) from None
