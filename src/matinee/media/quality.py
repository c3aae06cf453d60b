"""How good an encode looks beside the pictures that it was made from: VMAF, frame by frame.

VMAF (Li et al., "Toward a practical perceptual video quality metric", 2016) predicts what viewers would say, from 0 to
100. It is told as FFmpeg's libvmaf computes it, with a model that is named here and not left to a default. An encode
of another size is enlarged as a player does, by bicubic interpolation, to the size of the original.

A film has a score for every frame; what stands for the whole is a choice. The mean forgives a bad minute, the harmonic
mean less, a low percentile asks how bad the worst of it is.

    >>> pooled(np.array([90.0, 90.0, 20.0]), "mean"), round(pooled(np.array([90.0, 90.0, 20.0]), "harmonic"), 1)
    (66.66666666666667, 42.1)
"""

from __future__ import annotations

import re
import threading
from math import ceil
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput
from matinee.media import run
from matinee.media.containers import input_options
from matinee.media.records import Colour
from matinee.media.tone import TO_SDR, tagged

Pooling = Literal["mean", "harmonic", "p1", "p5", "p10"]
"""How the scores of frames become one: arithmetic or harmonic mean, or the percentile that so many fall below."""
Scores = NDArray[np.float64]
MODEL, MODEL_4K = "vmaf_v0.6.1", "vmaf_4k_v0.6.1"
_ENLARGED = 2160
"""Lines from which viewers are taken to sit as near as the 4K model has them."""
_UNTOLD = "colorspace=unknown:color_primaries=unknown:color_trc=unknown:range=unspecified"
_LEAST = 32
"""Pixels of the shorter side: libvmaf falls over where its smallest scale comes to nothing."""


def model_for(height: int) -> str:
    """The model for originals of so many lines."""
    return MODEL_4K if height >= _ENLARGED else MODEL


def vmaf(
    encode: Path,
    original: Path,
    size: tuple[int, int],
    *,
    frames: int,
    every: int = 1,
    threads: int = 1,
    pictures: str = "[1:v]null",
    encoded: str = "[0:v]null",
    colour: Colour | None = None,
    grain: bool = True,
    stop: threading.Event | None = None,
) -> Scores:
    """The score of every frame of `encode`, or of every so many.

    `original` has as many frames, at `size` (width, height), once it has gone through the filters `pictures`, which
    begin with ``[1:v]`` or a stream by number; so has the encode, at any size, after `encoded`. Tiny pictures are
    enlarged before they are compared.
    `colour` is that of the pictures: in high dynamic range both are compared as a screen of standard range shows them,
    since the model has learnt from nothing else, and so that their scores and those of encodes in standard range are on
    one scale. Without `grain`, what an AV1 encode has its player put back is left out: the model takes grain that is
    not the original's own for damage, however alike the two look. Raises `InvalidInput` where either has other frames
    than `frames`, and what `matinee.media.run.ffmpeg` raises.
    """
    rows: list[str] = []
    how = f"model=version={model_for(size[1])}:n_threads={threads}:n_subsample={every}"
    times = ceil(_LEAST / min(_LEAST, *size))
    scaled = f"scale={size[0] * times}:{size[1] * times}:flags=bicubic:out_range=tv"
    # Where the two say different things of their colours, one would be converted first; most encodes say nothing.
    numbered = f"setparams={_UNTOLD},settb=AVTB,setpts=N/TB/25"
    shown = f"{tagged(colour)},{TO_SDR}" if colour is not None and colour.dynamic != "sdr" else "format=yuv420p"
    graph = (
        f"{encoded},{scaled},{shown},{numbered}[encode];"
        f"{pictures},{scaled},{shown},{numbered}[original];"
        f"[encode][original]libvmaf={how}:shortest=1:log_fmt=csv:log_path=/dev/stdout"
    )
    bare = [] if grain else ["-export_side_data", "film_grain"]
    arguments = [*bare, *input_options(encode), *input_options(original), "-lavfi", graph, "-f", "null", "-"]
    run.ffmpeg(arguments, about=str(encode), line=rows.append, stop=stop)
    scores = _scores(rows)
    if len(scores) != -(-frames // every):
        raise InvalidInput(
            f"{encode} and {original} do not have the same {frames} frames: {len(scores)} could be compared.",
            next_step="Encode it again.",
        )
    return scores


def _scores(rows: list[str]) -> Scores:
    """The column of VMAF in libvmaf's table."""
    table = [row.rstrip(",").split(",") for row in rows if re.match(r"(Frame|\d+),", row)]
    column = table[0].index("vmaf")
    return np.array([float(row[column]) for row in table[1:]])


def pooled(scores: Scores, pooling: Pooling) -> float:
    """One number for many frames."""
    if pooling == "mean":
        return float(scores.mean())
    if pooling == "harmonic":
        return float(1 / np.mean(1 / (scores + 1)) - 1)
    return float(np.percentile(scores, int(pooling[1:])))
