"""Trials: one unit encoded in one way, how many bytes it took and how good each frame looks. Nothing is tried twice.

A trial is kept under the digest of everything that decides it: the pictures, the recipe, the programs and the model of
quality. Whoever asks again, another run or another title's plan, gets what was found before; and since the encode
itself is kept beside it, a trial that turns out to be the best is the finished work.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np

from matinee.base.disk import disk_errors, make_folder, replace_file, sync_folder
from matinee.base.errors import NotFound
from matinee.encoding.codecs import CODECS, CodecName
from matinee.media import run
from matinee.media.containers import input_options
from matinee.media.packets import packets
from matinee.media.quality import Scores, model_for, vmaf
from matinee.media.records import Colour
from matinee.media.tone import tagged

_MAKE = 1
"""Goes up when trials come to be made otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A way to encode pictures."""

    codec: CodecName
    preset: str
    width: int
    height: int
    crf: float
    """Rate factor of the codec: lower is better and larger."""
    grain: int = 0
    """Strength with which AV1 takes grain out and has players put it back; 0 for what comes as it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """What a recipe came to."""

    key: str
    recipe: Recipe
    size_bytes: int
    """Of the compressed frames alone, without any container."""
    scores: Scores
    """VMAF of every frame that was looked at, in order."""
    every: int
    """Of so many frames one was looked at."""
    file_bytes: int
    """Of the file that the encode is kept in."""
    encode_cpu_s: float
    measure_cpu_s: float
    fresh: bool = False
    """Whether it was made now, rather than found."""

    def thinned(self, every: int) -> Trial:
        """The same, had it been looked at less closely."""
        return replace(self, scores=self.scores[:: every // self.every], every=every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Recipes to be tried on one piece, by whichever process."""

    piece: Path
    digest: str
    """Of what decides the pictures; see `digest_of`."""
    frames: int
    size: tuple[int, int]
    rate: Fraction
    depth: Literal[8, 10] = 8
    """Bits of a sample of the piece."""
    colour: Colour | None = None
    """What the piece's samples stand for, and encodes are to say; None where they are to say nothing."""
    recipes: tuple[Recipe, ...]
    every: int
    """Of so many frames one is looked at at least."""
    cache: Path
    delivered: bool = False
    """Whether the encodes themselves are needed, and not only what came of them."""


class Cache:
    """Trials in a folder, which several processes may use at once. Their encodes may be removed to save room."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> Trial | None:
        """The trial kept under this key, or None."""
        try:
            told = json.loads(self._path(key, "json").read_text())
            scores = np.array(told.pop("scores"))
            return Trial(key=key, recipe=Recipe(**told.pop("recipe")), scores=scores, **told)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def known(self, key: str) -> Trial:
        """The trial that a plan names. Raises `NotFound` where it is not here."""
        if (found := self.find(key)) is None:
            raise NotFound(
                f"The trial {key} of a plan is not in {self._folder}.",
                next_step="Plan the film again: what is still there is not made again.",
            )
        return found

    def whole(self, trial: Trial) -> bool:
        """Whether the encode of a trial is there as well."""
        try:
            return self.encode(trial.key).stat().st_size == trial.file_bytes
        except OSError:
            return False

    def prune(self, keep: Collection[str]) -> int:
        """Remove all encodes but those of these trials, and drafts that were left; how many bytes that freed."""
        freed = 0
        for path in self._folder.glob("*/*.mp4"):
            if path.parent.name + path.stem not in keep:
                freed += path.stat().st_size
                path.unlink(missing_ok=True)
        return freed

    def encode(self, key: str) -> Path:
        """Where the encode of a trial lies."""
        return self._path(key, "mp4")

    def draft(self, key: str) -> Path:
        """A path of its own to encode to."""
        folder = self._path(key, "mp4").parent
        with disk_errors(folder):
            make_folder(folder)
        return folder / f"draft-{uuid.uuid4().hex}.mp4"

    def keep(self, trial: Trial, draft: Path) -> None:
        """Keep a trial with its encode: the encode first, so that what is entered is there."""
        with disk_errors(draft):
            draft.replace(self.encode(trial.key))
            sync_folder(draft.parent)
            self.enter(trial)

    def enter(self, trial: Trial) -> None:
        """Keep what is known of a trial whose encode is kept."""
        told: dict[str, Any] = asdict(trial) | {"scores": trial.scores.tolist()}
        for name in ("key", "fresh"):
            del told[name]
        with disk_errors(self._folder):
            replace_file(self._path(trial.key, "json"), json.dumps(told).encode())

    def _path(self, key: str, kind: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.{kind}"


def digest_of(*facts: object) -> str:
    """Of everything that decides a unit's pictures, such as the source's fingerprint and the filters."""
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def key_of(task: Task, recipe: Recipe) -> str:
    """What a trial is kept under."""
    model, how = model_for(task.size[1]), _encoding(task, recipe)
    # Nothing more is said of plain pictures: what was tried before there were others is found.
    more: tuple[object, ...] = () if (task.depth, task.colour) == (8, None) else (task.depth, task.colour)
    more += ("without grain",) if recipe.grain else ()
    facts = (_MAKE, _programs(), model, task.digest, task.frames, task.size, task.rate, recipe, how, *more)
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()


@cache
def _programs() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_version())


def try_all(task: Task, stop: threading.Event | None = None) -> list[Trial]:
    """Every trial of a task, found or made.

    Raises what `matinee.media.run.ffmpeg` raises; what was finished before is kept.
    """
    return [_tried(task, recipe, stop) for recipe in task.recipes]


def found(task: Task) -> list[Trial | None]:
    """Those trials of a task that were made before, and looked at as closely."""
    return [_found(task, key_of(task, recipe)) for recipe in task.recipes]


def _found(task: Task, key: str) -> Trial | None:
    cache_ = Cache(task.cache)
    known = cache_.find(key)
    if known is None or task.every % known.every or (task.delivered and not cache_.whole(known)):
        return None
    return known.thinned(task.every)


def _tried(task: Task, recipe: Recipe, stop: threading.Event | None) -> Trial:
    kept, key = Cache(task.cache), key_of(task, recipe)
    if (known := _found(task, key)) is not None:
        return known
    if (coarse := kept.find(key)) is not None and kept.whole(coarse):
        return _measured_again(task, coarse, kept, stop)
    draft = kept.draft(key)
    try:
        began = run.spent_s()
        run.ffmpeg(_arguments(task, recipe, draft), about=str(task.piece), stop=stop)
        encoded = run.spent_s()
        scores = _measured(task, recipe, draft, stop)
        trial = Trial(
            key=key,
            recipe=recipe,
            size_bytes=sum(one.size_bytes for one in packets(draft, 0)),
            scores=scores,
            every=task.every,
            file_bytes=draft.stat().st_size,
            encode_cpu_s=encoded - began,
            measure_cpu_s=run.spent_s() - encoded,
        )
        kept.keep(trial, draft)
    finally:
        draft.unlink(missing_ok=True)
    return replace(trial, fresh=True)


def _measured_again(task: Task, coarse: Trial, kept: Cache, stop: threading.Event | None) -> Trial:
    """A trial that was looked at less closely than is asked for; its encode serves."""
    began = run.spent_s()
    scores = _measured(task, coarse.recipe, kept.encode(coarse.key), stop)
    spent = coarse.measure_cpu_s + run.spent_s() - began
    trial = replace(coarse, scores=scores, every=task.every, measure_cpu_s=spent)
    kept.enter(trial)
    return replace(trial, fresh=True)


def _arguments(task: Task, recipe: Recipe, out: Path) -> list[str]:
    scaled = (recipe.width, recipe.height) != task.size
    filters = [f"scale={recipe.width}:{recipe.height}:flags=lanczos"] if scaled else []
    filters += [tagged(task.colour)] if task.colour else []
    return [
        *("-y", "-threads", "1", *input_options(task.piece), *(["-vf", ",".join(filters)] if filters else [])),
        *_encoding(task, recipe),
        *("-map_metadata", "-1", "-fflags", "+bitexact", "-video_track_timescale", str(_ticks(task.rate))),
        *("-f", "mp4", f"file:{out}"),
    ]


def _encoding(task: Task, recipe: Recipe) -> list[str]:
    return CODECS[recipe.codec].arguments(recipe.preset, recipe.crf, recipe.grain, task.depth, task.colour)


def _measured(task: Task, recipe: Recipe, encode: Path, stop: threading.Event | None) -> Scores:
    """VMAF beside the piece, without the grain that players put back."""
    return vmaf(
        encode,
        task.piece,
        task.size,
        frames=task.frames,
        every=task.every,
        colour=task.colour,
        grain=not recipe.grain,
        stop=stop,
    )


def _ticks(rate: Fraction) -> int:
    """A clock on which every frame lies exactly."""
    return rate.numerator * max(1, -(-1000 // rate.numerator))
