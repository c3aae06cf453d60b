"""One `map` on Spark: its function is sent once, items go in batches, each a job of one task under one tag.

Spark needs some 50 ms for a job, so that quick items go together: as many as are worked on in `_BATCH_S`. It tries a
task again where its worker has died (`spark.task.maxFailures`), elsewhere if it can; a batch that goes on failing is
tried item by item, so that what was good in it is kept.
"""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, cast
from uuid import uuid4

from pyspark import Broadcast, SparkContext, cloudpickle

from matinee.base.compute.answers import Dumps, answer, loaded
from matinee.base.compute.spark.faults import explained
from matinee.base.errors import Unavailable

_AHEAD = 4
"""Batches per worker that may be taken from the items before the oldest result has been asked for."""
_AT_ONCE = 2
"""Batches per worker that Spark is given, so that one waits there already when another is done."""
_BATCH_S = 0.2
_GROWTH = 4
_LARGEST, _LARGEST_BYTES = 4096, 4 << 20
_TAKE_S = 0.05
"""How long to collect items for a batch, where they are slow to come."""
_CANCEL_EVERY_S = 0.2

Answer = tuple[bool, Any]
_dumps = cast("Dumps", cloudpickle.dumps)
"""Which also takes what stands in a script."""


class Tasks:
    """The tasks of one `map`. Threads give them to Spark and wait for their ends."""

    def __init__(self, context: SparkContext, function: Callable[[Any], Any], workers: int) -> None:
        self._context = context
        self._tag = f"map-{uuid4().hex}"
        self._function = context.broadcast(_dumps(function, pickle.HIGHEST_PROTOCOL))
        self._seed = context.parallelize([None], 1)
        self._threads = ThreadPoolExecutor(_AT_ONCE * workers, "spark")
        self._ahead = _AHEAD * workers
        self._waiting: deque[Future[list[Answer]]] = deque()
        self._size = 1
        """Items of a batch."""
        self._ended = False

    def work(self, items: Iterator[Any]) -> Iterator[Any]:
        """Results in order; the first error in its turn."""
        more = True
        while True:
            while more and len(self._waiting) < self._ahead:
                more = self._give(items)
            if not self._waiting:
                return
            for good, value in self._waiting.popleft().result():
                if not good:
                    raise value
                yield value

    def end(self) -> None:
        """Stop what is under way, and forget the function."""
        self._ended = True
        under_way = [one for one in self._waiting if not one.cancel()]
        while wait(under_way, _CANCEL_EVERY_S if under_way else 0).not_done:
            with suppress(Exception):  # Spark may be gone
                self._context.cancelJobsWithTag(self._tag)
        self._threads.shutdown()
        with suppress(Exception):
            self._function.destroy()

    def _give(self, items: Iterator[Any]) -> bool:
        """Give a batch away; false once there are no more items. An error of theirs is an answer, and the last."""
        batch, weight, end = list[bytes](), 0, time.monotonic() + _TAKE_S
        last: list[Answer] | None = None
        try:
            while len(batch) < self._size and (not batch or (weight < _LARGEST_BYTES and time.monotonic() < end)):
                batch.append(_dumps(next(items), pickle.HIGHEST_PROTOCOL))
                weight += len(batch[-1])
        except StopIteration:
            last = []
        except Exception as error:
            last = [(False, error)]
        if batch:
            self._waiting.append(self._threads.submit(self._answers, batch))
        if last:
            self._waiting.append(Future())
            self._waiting[-1].set_result(last)
        return last is None

    def _answers(self, batch: list[bytes]) -> list[Answer]:
        try:
            *answers, took_s = self._run(batch)
        except Unavailable as error:
            return self._one_by_one(batch) if len(batch) > 1 and not self._ended else [(False, error)]
        self._size = max(1, min(_GROWTH * len(batch), int(_BATCH_S * len(answers) / took_s), _LARGEST))
        return [pickle.loads(one) for one in answers]  # noqa: S301  from our own workers

    def _one_by_one(self, batch: list[bytes]) -> list[Answer]:
        answers = list[Answer]()
        for one in batch:
            answers += self._answers([one])
            if not answers[-1][0]:
                break
        return answers

    def _run(self, batch: list[bytes]) -> list[Any]:
        """A job; blocks until it is done."""
        with explained(str(self._context.master)):
            self._context.addJobTag(self._tag)
            return self._seed.mapPartitions(partial(_work, self._function, batch)).collect()


def _work(function: Broadcast[bytes], batch: list[bytes], seed: Iterable[None]) -> Iterator[bytes | float]:
    """On a worker: the pickled answers up to the first error, and the seconds that they took."""
    deque(seed, maxlen=0)  # Spark throws away a worker who leaves something unread
    began = time.monotonic()
    for item in batch:
        good, told = answer(_kept(function.value), item, _dumps)
        yield told
        if not good:
            break
    yield max(time.monotonic() - began, 1e-6)


_kept = lru_cache(maxsize=4)(loaded)
"""A worker loads a function once."""
