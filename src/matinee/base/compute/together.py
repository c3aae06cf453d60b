"""One function in several processes at once that speak to each other through `torch.distributed`: training, mostly.

    weights = compute.run(Together(train, (folder, epochs), processes=4))

When the function is called the group stands (gloo, which needs no GPU), so it may wrap its model in
`torch.nn.parallel.DistributedDataParallel`, or reduce what it likes. On one machine they are workers of our own; on
Spark they are the tasks of a barrier stage, which `TorchDistributor` begins.

One that dies takes the others with it, because what they had in common is lost, and all are begun anew: neither Spark
nor torch does that for a barrier stage whose results are collected. A function that takes long keeps its state where
every process sees it, and looks there first.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from matinee.base.compute.answers import answer
from matinee.base.compute.local import LocalCompute
from matinee.base.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

R = TypeVar("R")

TRIES = 4
"""As often as Spark tries anything else."""


@dataclass(frozen=True, slots=True)
class Together(Generic[R]):
    """A program for `matinee.base.compute.Compute.run`: what the function gives in the first of the processes.

    Function, arguments and result must pickle. On Spark as many cores have to be free at once. Raises what the
    function raises there, and `Unavailable` where processes died each time.
    """

    function: Callable[..., R]
    arguments: tuple[Any, ...] = ()
    processes: int = 2

    def locally(self, workers: int) -> R:  # noqa: ARG002  it takes as many processes as were asked for
        """By processes of this machine."""
        return self._persistently(self._spawned)

    def on_spark(self, session: SparkSession, workers: int) -> R:
        """By tasks that run at once. Raises `InvalidInput` where that is more than there are cores."""
        if self.processes > workers:
            raise InvalidInput(
                f"{self.processes} processes cannot work together on {workers} cores.",
                next_step="Ask for fewer, or take more cores.",
            )
        return self._persistently(partial(self._distributed, session))

    def _persistently(self, attempt: Callable[[], tuple[bool, bytes]]) -> R:
        for left in reversed(range(TRIES)):
            try:
                good, told = attempt()
            except Unavailable:
                if not left:
                    raise
            else:
                break
        value: R = pickle.loads(told)[1]  # noqa: S301  from our own processes
        if not good:
            assert isinstance(value, BaseException)
            raise value
        return value

    def _spawned(self) -> tuple[bool, bytes]:
        compute = LocalCompute(self.processes)
        try:
            with tempfile.TemporaryDirectory() as folder:
                ranks = [_Place(f"file://{folder}/meeting", rank, self.processes) for rank in range(self.processes)]
                return next(iter(list(compute.map(partial(_in_group, self.function, self.arguments), ranks))))
        finally:
            compute.close()

    def _distributed(self, session: SparkSession) -> tuple[bool, bytes]:
        from py4j.protocol import Py4JJavaError
        from pyspark.ml.torch.distributor import TorchDistributor

        getattr(session._jvm, "org.apache.spark.sql.classic.SparkSession").setActiveSession(session._jsparkSession)
        distributor = TorchDistributor(num_processes=self.processes, local_mode=False, use_gpu=False)
        try:
            found = distributor.run(_in_group, self.function, self.arguments, _Place())
        except Py4JJavaError as error:
            told = str(error.java_exception.getMessage()).splitlines()[0]
            raise Unavailable(
                f"The processes that were to work together were lost: {told}",
                next_step="See that their cores are free at once, and the cluster's logs.",
            ) from None
        return cast("tuple[bool, bytes]", found)


class _Place(NamedTuple):
    """Of a process in its group."""

    meeting: str = "env://"
    rank: int = -1
    processes: int = -1


def _in_group(function: Callable[..., Any], arguments: tuple[Any, ...], place: _Place) -> tuple[bool, bytes]:
    """In each process: whether it went well, and the result or error, pickled as `answers` do."""
    import torch.distributed as group

    group.init_process_group("gloo", init_method=place.meeting, rank=place.rank, world_size=place.processes)
    try:
        return answer(_called(function), pickle.dumps(arguments))
    finally:
        group.destroy_process_group()


def _called(function: Callable[..., Any]) -> Callable[[tuple[Any, ...]], Any]:
    return lambda arguments: function(*arguments)
