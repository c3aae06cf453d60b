"""Still pictures: how sharp, how dark, which colour, cut to a shape, written as WebP.

A picture is an array of (height, width, 3) RGB bytes; see `matinee.media.frames`.
"""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from matinee.media.frames import Picture

WIDE = Fraction(16, 9)
UPRIGHT = Fraction(2, 3)
_BLACK = 0.1
_PLAIN = 0.05
# Brightness, red against green, blue against yellow.
_OPPONENTS = np.array([[0.2126, 0.7, 0.35], [0.7152, -0.7, 0.35], [0.0722, 0.0, -0.7]], np.float32)
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32) / np.float32(255)


def luma(picture: Picture) -> NDArray[np.float32]:
    """Brightness of each pixel from 0 to 1, by the weights of ITU-R BT.709."""
    return (picture @ _WEIGHTS).astype(np.float32)


def sharpness(picture: Picture) -> float:
    """Variance of the Laplacian of brightness: near 0 for a blurred picture (Pech-Pacheco et al., 2000)."""
    light = luma(picture)
    if min(light.shape) < 3:
        return 0.0
    middle = light[1:-1, 1:-1]
    laplacian = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:] - 4 * middle
    return float(laplacian.var())


def blackness(picture: Picture) -> float:
    """Share of the pixels that are as good as black, from 0 to 1."""
    return float((luma(picture) < _BLACK).mean())


def contrast(picture: Picture) -> float:
    """Standard deviation of brightness: 0 for a plain colour, at most 0.5."""
    return float(luma(picture).std())


def colourfulness(picture: Picture) -> float:
    """How colourful, 0 for grey (Hasler and Süsstrunk, 2003), scaled so that 1 is extreme."""
    red, green, blue = (picture[..., channel].astype(np.float32) / 255 for channel in range(3))
    first, second = red - green, (red + green) / 2 - blue
    spread = np.hypot(first.std(), second.std())
    return float(spread + 0.3 * np.hypot(first.mean(), second.mean()))


def dominant_colour(picture: Picture) -> str:
    """The colour that one would name, as ``#rrggbb``: common, and rather vivid than grey.

    >>> dominant_colour(np.full((9, 16, 3), (200, 30, 40), np.uint8))
    '#c81e28'
    """
    small = Image.fromarray(picture).resize((64, 64), Image.Resampling.BOX)
    reduced = small.quantize(8, Image.Quantize.MEDIANCUT)
    colours = np.array(reduced.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)
    counts = np.bincount(np.asarray(reduced).ravel(), minlength=len(colours))[: len(colours)]
    span = colours.max(axis=1).astype(float) - colours.min(axis=1)
    not_black = colours.max(axis=1) > 255 * _BLACK
    best = colours[np.argmax(counts * (0.2 + span / 255) * (0.1 + not_black))]
    return "#" + bytes(best).hex()


def crop(picture: Picture, aspect: Fraction) -> Picture:
    """The part of this width to height that draws the eye most, as large as it can be.

    Of windows with about the same interest the middle one is taken.
    """
    height, width = picture.shape[:2]
    if width > height * aspect:
        size = max(1, round(height * aspect))
        start = _richest(interest(picture).sum(axis=0), size)
        return picture[:, start : start + size]
    size = max(1, round(width / aspect))
    start = _richest(interest(picture).sum(axis=1), size)
    return picture[start : start + size]


def interest_kept(picture: Picture, aspect: Fraction) -> float:
    """Share of the interest that `crop` keeps, from 0 to 1."""
    height, width = picture.shape[:2]
    across = width > height * aspect
    found = interest(picture).sum(axis=0 if across else 1)
    size = max(1, round(height * aspect if across else width / aspect))
    start = _richest(found, size)
    whole = float(found.sum())
    return float(found[start : start + size].sum()) / whole if whole > 0 else 1.0


def interest(picture: Picture) -> NDArray[np.float32]:
    """How much each pixel draws the eye: edges, and more so where the colour is unlike that of the whole.

    The distance of a smoothed colour from the mean is the saliency of Achanta et al. (2009). Alone it falls for the
    sky, as edges alone do for grass.
    """
    smooth = np.asarray(Image.fromarray(picture).filter(ImageFilter.BoxBlur(2)), np.float32) / 255
    opponents = smooth @ _OPPONENTS
    apart = np.linalg.norm(opponents - opponents.reshape(-1, 3).mean(axis=0), axis=2)
    light = luma(picture)
    edges = np.abs(np.diff(light, axis=1, append=light[:, -1:])) + np.abs(np.diff(light, axis=0, append=light[-1:]))
    found: NDArray[np.float32] = (edges * (_PLAIN + apart)).astype(np.float32)
    return found


def _richest(found: NDArray[np.float32], size: int) -> int:
    """Where the window of `size` with the most interest begins."""
    total = np.concatenate([[0.0], np.cumsum(found)])
    sums = total[size:] - total[:-size]
    middle = (len(sums) - 1) / 2
    away = np.abs(np.arange(len(sums)) - middle) / max(middle, 1)
    return int(np.argmax(sums * (1 - 0.2 * away) - 1e-6 * away))


def shrink(picture: Picture, width: int) -> Picture:
    """The picture at most `width` wide; a narrower one as it is."""
    height, own = picture.shape[:2]
    if own <= width:
        return picture
    size = (width, max(1, round(height * width / own)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def webp(picture: Picture, quality: int) -> bytes:
    """The picture as a WebP file."""
    return _encoded(picture, format="WEBP", quality=quality, method=4)


def jpeg(picture: Picture, quality: int) -> bytes:
    """The picture as a JPEG file."""
    return _encoded(picture, format="JPEG", quality=quality, optimize=True)


def _encoded(picture: Picture, **how: object) -> bytes:
    out = BytesIO()
    Image.fromarray(picture).save(out, **how)  # type: ignore[arg-type]
    return out.getvalue()
