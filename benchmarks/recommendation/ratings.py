"""How far predicted stars are off: ml-100k's own five folds and ml-1m 90/10, beside myFM and Surprise.

`bayes` knows of a title its genres and year besides the ratings, and nothing of times; `time-svd` is asked for the time
of the rating, as in its paper. Knobs were chosen on a part of the training ratings of u1. myFM is given the same as
`bayes`: who rated what for viewers and titles, genres and years, as an ordinal scale and as a length.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from benchmarks.recommendation.environments import HERE, WORK, python
from benchmarks.recommendation.keeping import kept
from benchmarks.report import Bar, Row, at_most
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.model import NOTHING, Context, histories_of
from matinee.recommendation import methods

SEEDS = (0, 1, 2)
FOLDS = ("u1", "u2", "u3", "u4", "u5")
KNOBS: dict[str, dict[str, Any]] = {"svd": {}, "svd++": {}, "time-svd": {}, "bayes": {}}
PEERS = {"myfm": ("myfm ordinal", "myfm gaussian"), "surprise": ("surprise svd", "surprise svd++")}
Table = NDArray[np.int64]
"""One row per rating: viewer, title, stars, seconds since 1970."""


class Fold(NamedTuple):
    """What is learned from, what is asked, and what is known of titles."""

    data: str
    train: Table
    test: Table
    features: Features


def measure(path: Path, seeds: Sequence[int] = SEEDS) -> list[Row]:
    """Every model and peer on every fold."""
    return [row for fold in _folds(path, seeds) for row in _measured(fold)]


def bars(rows: Sequence[Row]) -> list[Bar]:
    """The promises for `bayes`."""
    found = {row.data: row.value for row in rows if (row.system, row.metric) == ("matinee bayes", "RMSE")}
    small = float(np.mean([found[f"ml-100k {name}"] for name in FOLDS]))
    large = float(np.mean([value for data, value in found.items() if data.startswith("ml-1m")]))
    return [
        at_most("RMSE on ml-100k u1", found["ml-100k u1"], 0.889),
        at_most("RMSE on ml-100k, mean of u1 to u5", small, 0.889),
        at_most("RMSE on ml-1m 90/10, mean of seeds", large, 0.830),
        at_most("RMSE on ml-1m 90/10, GLocal-K as published", large, 0.8227),
    ]


def _measured(fold: Fold) -> Iterator[Row]:
    known = Interactions.from_columns(*fold.train[:, :3].T, fold.train[:, 3] * 1000)
    for kind, knobs in KNOBS.items():
        yield from kept("ratings", f"{kind} {fold.data}", partial(_ours, kind, fold, known), **knobs)
    for peer, systems in PEERS.items():
        for system in systems:
            script = crc32((HERE / "rating_peer.py").read_bytes())
            yield from kept("ratings", f"{system} {fold.data}", partial(_theirs, peer, system, fold), script=script)


def _ours(kind: str, fold: Fold, known: Interactions) -> Iterator[Row]:
    given = KNOBS[kind] | ({"features": fold.features} if kind == "bayes" else {})
    begun = time.perf_counter()
    model: Any = methods.make(kind, **given).fit(known, np.random.default_rng(0))
    fitted = time.perf_counter()
    off = _error(model, known, fold.test, timed=kind == "time-svd")
    yield Row(system=f"matinee {kind}", data=fold.data, metric="RMSE", value=off, unit="stars")
    yield Row(system=f"matinee {kind}", data=fold.data, metric="fit", value=fitted - begun, unit="s")


def _theirs(peer: str, system: str, fold: Fold) -> Iterator[Row]:
    off, seconds = _peer(peer, system, fold)
    yield Row(system=system, data=fold.data, metric="RMSE", value=off, unit="stars")
    yield Row(system=system, data=fold.data, metric="fit", value=seconds, unit="s")


def _error(model: Any, known: Interactions, test: Table, *, timed: bool) -> float:
    """Root mean squared error; one history for each viewer, and for each time where times are told."""
    folded = histories_of(model.title_ids, known)
    keys, which = np.unique(test[:, [0, 3]] if timed else test[:, :1], axis=0, return_inverse=True)
    histories = []
    for key in keys:
        row = known.row_of(int(key[0]))
        history = NOTHING if row is None else folded[row]
        histories.append(history._replace(context=Context(now_ms=int(key[1]) * 1000)) if timed else history)
    ends = np.cumsum(np.bincount(which.ravel()))[:-1]
    parts = np.split(test[np.argsort(which.ravel(), kind="stable")], ends)
    columns, truth = [columns_of(model.title_ids, part[:, 1]) for part in parts], [part[:, 2] for part in parts]
    off = np.concatenate(model.predict(histories, columns)) - np.concatenate(truth)
    return float(np.sqrt(np.mean(off**2)))


def _peer(peer: str, system: str, fold: Fold) -> tuple[float, float]:
    WORK.mkdir(exist_ok=True)
    asked = WORK / "asked-ratings.npz"
    features = fold.features.values.tocoo()
    np.savez(
        asked, train=fold.train, test=fold.test, title_ids=fold.features.title_ids, rows=features.row,
        columns=features.col, values=features.data, shape=np.array(features.shape),
    )  # fmt: skip
    command = [str(python(peer)), str(HERE / "rating_peer.py"), system, str(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    asked.unlink()
    if done.returncode:
        sys.exit(f"{system} failed:\n{done.stderr}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return float(answer["rmse"]), float(answer["fit_s"])


def _folds(path: Path, seeds: Sequence[int]) -> Iterator[Fold]:
    with ZipFile(path / "ml-100k.zip") as archive:
        films = [line.split("|") for line in archive.read("ml-100k/u.item").decode("latin-1").splitlines()]
        about = [(int(one[0]), [str(n) for n, flag in enumerate(one[5:]) if flag == "1"], one[2][-4:]) for one in films]
        features = _features(about)
        for name in FOLDS:
            train, test = (_table(archive.read(f"ml-100k/{name}.{part}"), "\t") for part in ("base", "test"))
            yield Fold(f"ml-100k {name}", train, test, features)
    with ZipFile(path / "ml-1m.zip") as archive:
        films = [line.split("::") for line in archive.read("ml-1m/movies.dat").decode("latin-1").splitlines()]
        features = _features([(int(one[0]), one[2].split("|"), one[1][-5:-1]) for one in films])
        ratings = _table(archive.read("ml-1m/ratings.dat").replace(b"::", b"\t"), "\t")
    for seed in seeds:
        held = np.random.default_rng(seed).random(len(ratings)) < 0.1
        yield Fold(f"ml-1m 90/10 seed {seed}", ratings[~held], ratings[held], features)


def _table(data: bytes, separator: str) -> Table:
    return np.array([line.split(separator) for line in data.decode().splitlines()], np.int64)


def _features(about: list[tuple[int, list[str], str]]) -> Features:
    """Genres, sharing one whole between them, and the year with half of those beside it."""
    rows, names, values, place = [], dict[str, int](), [], []
    about = sorted(about)
    for row, (_, genres, year) in enumerate(about):
        told = [(f"genre:{one}", 1 / np.sqrt(len(genres))) for one in genres]
        if year.isdigit():
            told += [(f"year:{int(year) + away}", 1.0 if away == 0 else 0.5) for away in (-1, 0, 1)]
        for name, value in told:
            rows.append(row)
            place.append(names.setdefault(name, len(names)))
            values.append(value)
    matrix = csr_array((np.array(values, np.float32), (rows, place)), shape=(len(about), len(names)))
    return Features(np.array([one[0] for one in about]), matrix, tuple(names))
