"""Posters and stills that came with a film, as WebP of a size that pages need."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from matinee.base.errors import InvalidInput
from matinee.catalog.records import AssetKind
from matinee.media.pictures import dominant_colour, shrink, webp

_WIDTH = {AssetKind.POSTER: 720, AssetKind.STILL: 1600}
_LARGEST_BYTES = 64 << 20
_LARGEST_PIXELS = 100_000_000
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture, ready to store."""

    data: bytes
    width: int
    height: int
    colour: str


def cover(path: Path, kind: AssetKind) -> Cover:
    """The picture in a file of a stranger. Raises `InvalidInput` for what is none, damaged or far too large."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise _wrong(path, f"is larger than {_LARGEST_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities that Pillow copes with; its limit of pixels we set ourselves
            picture = _pixels(path, data, _WIDTH[kind])
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise _wrong(path, f"is damaged or no picture ({error})") from None
    small = shrink(picture, _WIDTH[kind])
    return Cover(webp(small, _QUALITY), small.shape[1], small.shape[0], dominant_colour(small))


def _pixels(path: Path, data: bytes, width: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
        if image.width * image.height > _LARGEST_PIXELS:
            raise _wrong(path, f"has {image.width} by {image.height} pixels, too many")
        image.draft("RGB", (2 * width, 2 * width))  # lets JPEG skip detail that is thrown away anyway
        return np.asarray(image.convert("RGB"))


def _wrong(path: Path, what: str) -> InvalidInput:
    return InvalidInput(f"{path} {what}.", next_step="Replace it, or remove it: a poster is drawn where there is none.")
