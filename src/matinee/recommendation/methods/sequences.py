"""Histories as models of sequences read them: cut into windows, and windows packed into rows.

A history of ``n`` titles is ``n`` questions: what comes first, knowing nothing; what comes second, knowing the first;
and so on. Question ``t`` is asked with title ``t - 1`` as its newest input (0, the beginning, where ``t`` is 0), and
with what is known of the moment of asking: how long ago the last event was, and which hour of the day it is.

Models see `length` questions at once. Longer histories are cut at a random place in each epoch, so that no title is
always the first of its window. Short windows would leave most of a row empty; so several lie in one row, the longest
first, each in the row that it fills best, and a segment number tells models not to look from one into another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matinee.learning.interactions import Interactions
from matinee.learning.model import Floats, History, Ints

STRENGTHS, GAPS, HOURS = 7, 34, 25
"""How many tokens there are of each kind; 0 means that it is not known."""
HOUR_MS = 3_600_000


class Window(NamedTuple):
    """Questions `begin` to `end` of one viewer."""

    viewer: int
    begin: int
    end: int


class Rows(NamedTuple):
    """Windows side by side, each array of shape (rows, length)."""

    titles: Ints
    """The newest title at each question, its column plus 1; 0 at the beginning of a history."""
    strengths: Ints
    gaps: Ints
    hours: Ints
    places: Ints
    """Of each question in its window."""
    segments: Ints
    """Which window of the row it belongs to, -1 for filling."""


class Batch(NamedTuple):
    """Rows with what is to be found."""

    rows: Rows
    targets: Ints
    """Column of the title that came next, shape (rows, length)."""
    weights: Floats
    """1 where something is to be found, else 0."""
    past: tuple[Ints, Ints]
    """Questions, counted through the rows and ascending, and columns of what had come before each."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """The histories of many viewers, one behind the other."""

    starts: Ints
    """Where each begins; one more than there are viewers."""
    columns: Ints
    strengths: Ints
    gaps: Ints
    """Of each event, how long after the one before it happened."""
    hours: Ints
    wanted: Floats
    """1 for what is worth finding, 0 for what was disliked."""

    @classmethod
    def of(cls, interactions: Interactions, dislike_below: float, *, timed: bool) -> Sequences:
        """From interactions, oldest first."""
        starts = interactions.values.indptr.astype(np.int64)
        rows = np.repeat(np.arange(starts.size - 1), np.diff(starts))
        by_age = np.empty(interactions.count, np.int64)
        by_age[starts[:-1][rows] + interactions.order] = np.arange(interactions.count)
        values, times = interactions.values.data[by_age], interactions.times[by_age]
        before = np.roll(times, 1)
        before[starts[:-1][np.diff(starts) > 0]] = 0
        told = timed and bool((times > 0).any())
        return cls(
            starts=starts,
            columns=interactions.values.indices[by_age].astype(np.int64),
            strengths=strength_tokens(values),
            gaps=gap_tokens(before, times) if told else np.zeros(times.size, np.int64),
            hours=hour_tokens(times) if told else np.zeros(times.size, np.int64),
            wanted=(values > dislike_below).astype(np.float32),
        )

    def windows(self, length: int, rng: np.random.Generator) -> list[Window]:
        """Every question once, in windows of at most `length`; longer histories are cut at random."""
        found = []
        counts = np.diff(self.starts)
        offsets = rng.integers(1, length + 1, counts.size)
        for viewer, (count, offset) in enumerate(zip(counts.tolist(), offsets.tolist(), strict=True)):
            cuts = [0, *range(offset if count > length else length, count, length), count]
            found += [Window(viewer, begin, end) for begin, end in pairwise(cuts) if end > begin]
        return found

    def batch(self, rows: Sequence[Sequence[Window]], length: int, told: NDArray[np.bool_]) -> Batch:
        """The rows as arrays. `told` says of each row whether it is told times."""
        shape = len(rows), length
        titles, places, targets = (np.zeros(shape, np.int64) for _ in range(3))
        strengths, gaps, hours = (np.zeros(shape, np.int64) for _ in range(3))
        segments, weights = np.full(shape, -1), np.zeros(shape, np.float32)
        for row, members in enumerate(rows):
            left = 0
            for segment, (viewer, begin, end) in enumerate(members):
                first, inside = int(self.starts[viewer]), slice(left, left + end - begin)
                asked = slice(first + begin, first + end)
                skip = int(begin == 0)  # the beginning has no title before it
                before = slice(asked.start - 1 + skip, asked.stop - 1)
                titles[row, left + skip : inside.stop] = self.columns[before] + 1
                strengths[row, left + skip : inside.stop] = self.strengths[before]
                if told[row]:
                    gaps[row, inside], hours[row, inside] = self.gaps[asked], self.hours[asked]
                places[row, inside], segments[row, inside] = np.arange(end - begin), segment
                targets[row, inside], weights[row, inside] = self.columns[asked], self.wanted[asked]
                left = inside.stop
        past = self._past(rows, length)
        return Batch(Rows(titles, strengths, gaps, hours, places, segments), targets, weights, past)

    def _past(self, rows: Sequence[Sequence[Window]], length: int) -> tuple[Ints, Ints]:
        """All of a history counts, also what lies before the window."""
        questions, columns = [], []
        for row, members in enumerate(rows):
            left = row * length
            for viewer, begin, end in members:
                counts = np.arange(begin, end)
                ends = np.cumsum(counts)
                places = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
                questions.append(np.repeat(np.arange(left, left + counts.size), counts))
                columns.append(self.columns[int(self.starts[viewer]) + places])
                left += counts.size
        return np.concatenate(questions), np.concatenate(columns)


def packed(windows: Sequence[Window], length: int) -> list[list[Window]]:
    """Windows in rows of `length`, each in the fullest row that has room: best fit, decreasing.

    >>> packed([Window(0, 0, 3), Window(1, 0, 4), Window(2, 0, 1)], 4)
    [[Window(viewer=1, begin=0, end=4)], [Window(viewer=0, begin=0, end=3), Window(viewer=2, begin=0, end=1)]]
    """
    rows: list[list[Window]] = []
    with_room: list[list[int]] = [[] for _ in range(length + 1)]
    for window in sorted(windows, key=lambda one: one.begin - one.end):
        size = window.end - window.begin
        room = next((room for room in range(size, length + 1) if with_room[room]), length)
        if with_room[room]:
            row = with_room[room].pop()
            rows[row].append(window)
        else:
            row = len(rows)
            rows.append([window])
        with_room[room - size].append(row)
    return rows


def asked(histories: Sequence[History], length: int, *, timed: bool) -> tuple[Rows, Ints]:
    """One row for each history, cut to its newest `length` questions, and the place of the last: what comes next?"""
    sizes = [min(length, one.columns.size + 1) for one in histories]
    shape = len(histories), max(sizes, default=1)
    titles, strengths, gaps, hours = (np.zeros(shape, np.int64) for _ in range(4))
    places = np.tile(np.arange(shape[1]), (shape[0], 1))
    segments = np.full(shape, -1)
    for row, (one, size) in enumerate(zip(histories, sizes, strict=True)):
        skip = int(size > one.columns.size)
        kept = slice(one.columns.size - size + skip, one.columns.size)
        titles[row, skip:size], strengths[row, skip:size] = one.columns[kept] + 1, strength_tokens(one.values[kept])
        segments[row, :size] = 0
        if timed:
            times = np.append(one.times, one.context.now_ms)
            since = gap_tokens(np.append(0, times[:-1]), times)
            gaps[row, :size], hours[row, :size] = since[-size:], hour_tokens(times[-size:])
    return Rows(titles, strengths, gaps, hours, places, segments), np.array(sizes) - 1


def chunks(windows: Sequence[Window], size: int) -> Iterator[list[list[Window]]]:
    """Windows of similar length, one in a row, as many at once as `size` questions allow."""
    ordered = sorted(windows, key=lambda one: one.end - one.begin)
    while ordered:
        longest = ordered[-1].end - ordered[-1].begin
        many = max(1, size // longest)
        yield [[one] for one in ordered[-many:]]
        del ordered[-many:]


def strength_tokens(values: Floats) -> Ints:
    """Stars, rounded: 1 for 0 and below, 6 for 5 and above."""
    return np.asarray(np.clip(np.rint(values), 0, STRENGTHS - 2) + 1, np.int64)


def gap_tokens(before: Ints, times: Ints) -> Ints:
    """How long after the event before each was, in powers of two of a second: 1 for no time at all, 2 for a second.

    >>> gap_tokens(np.array([0, 1000, 1000, 1000]), np.array([1000, 1000, 2000, 61_000])).tolist()
    [0, 1, 2, 7]
    """
    seconds = np.maximum(times - before, 0) // 1000
    tokens = 1 + np.ceil(np.log2(seconds + 1.0)).astype(np.int64)
    return np.where((before > 0) & (times > 0), np.minimum(tokens, GAPS - 1), 0)


def hour_tokens(times: Ints) -> Ints:
    """The hour of the day in UTC, plus 1: what the interactions tell no clock of their viewers for."""
    return np.where(times > 0, times // HOUR_MS % 24 + 1, 0)
