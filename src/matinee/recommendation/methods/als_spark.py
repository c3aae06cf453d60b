"""The factorisation of `als` on a cluster, by MLlib's alternating least squares.

https://spark.apache.org/docs/latest/api/python/reference/api/pyspark.ml.recommendation.ALS.html cuts both sides into
blocks and sends each block only the factors that it needs. It solves nearly the same problem in other words. Its loss
is that of Hu, Koren & Volinsky (2008) with the regularisation of Zhou et al. (2008, "Large-scale parallel
collaborative filtering for the Netflix prize"), which grows with what is known of a row and with nothing else:

    sum over all (u, i) of (1 + alpha·|r_ui|) (p_ui - x_u·y_i)^2  +  l · sum over u of n_u |x_u|^2  +  titles alike

With ``r`` 1 for what was wanted and -1 for what was not, and ``alpha = 1 / a``, this weighs pairs as `als` does, but
would have wanted pairs at 1 + a instead of 1, so its vectors come out ``sqrt(1 + a)`` times as long; regularisation has
to be ``(1 + a) / a`` times as strong for that. Ours adds ``a·titles`` to every ``n_u``, which MLlib cannot. So ``l`` is
chosen such that the row of an average entry, which has ``m = sum n_u^2 / sum n_u`` of them, is pulled as hard as ours:

    l = r · (1 + a) / a · (1 + a · titles / m),  the mean of this for viewers and for titles.

Rows with less than that are pulled less than ours and longer ones more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matinee.learning.interactions import Interactions
from matinee.learning.training import Checkpoint

if TYPE_CHECKING:
    from pyspark.ml.recommendation import ALSModel
    from pyspark.sql import DataFrame, SparkSession

    from matinee.learning.model import Floats, Ints

BLOCKS = 2
"""Blocks of each side per core: enough to keep all busy, few enough that little is sent twice."""
CHECKPOINT_EVERY = 5
"""Sweeps after which what was worked out is written down. A worker that dies sets the fit back by no more; and Spark,
which remembers how all came about, would run out of stack after some twenty."""


class Factorising(Protocol):
    """What is asked of a model that can be fitted here and there: the knobs of `als`, and two ways to learn."""

    factors: int
    epochs: int
    regularisation: float
    unobserved_weight: float
    dislike_below: float

    def fit(self, interactions: Interactions, rng: np.random.Generator, checkpoint: Checkpoint | None = None) -> Self:
        """Learn on this machine."""

    def settle(self, interactions: Interactions, titles: Floats) -> Self:
        """Take on vectors of all titles that were learned elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitting:
    """The fit of a model, for `matinee.base.compute.Compute.run`; `rng` and `checkpoint` are those of `Model.fit`."""

    model: Factorising
    interactions: Interactions
    rng: np.random.Generator
    checkpoint: Checkpoint | None = None
    """Of fits on this machine; Spark has its own, which do not outlive it."""

    def locally(self, workers: int) -> Factorising:  # noqa: ARG002  a fit takes the cores it finds
        """The model, fitted by its own `fit`."""
        return self.model.fit(self.interactions, self.rng, self.checkpoint)

    def on_spark(self, session: SparkSession, workers: int) -> Factorising:
        """The model with titles from MLlib, and viewers solved for them here, as when a history is folded in."""
        values = self.interactions.values
        rows = np.repeat(np.arange(values.shape[0], dtype=np.int32), np.diff(values.indptr))
        wanted = np.where(values.data > self.model.dislike_below, 1, -1).astype(np.float32)
        entries = pa.table({"row": rows, "column": values.indices.astype(np.int32), "wanted": wanted})
        seed = int(self.rng.integers(1 << 31))
        learned = learn(session.createDataFrame(entries), self.model, seed, workers)
        found = columns_of(learned, self.model)
        titles = np.zeros((values.shape[1], self.model.factors), np.float32)
        titles[found.ids] = found.factors
        return self.model.settle(self.interactions, titles)


class Side(NamedTuple):
    """Vectors of one side, in the scale of `als`."""

    ids: Ints
    factors: Floats


def learn(entries: DataFrame, knobs: Factorising, seed: int, workers: int) -> ALSModel:
    """MLlib's model of `entries`: ``row`` and ``column`` (whole numbers below 2^31), and ``wanted``, 1 or -1."""
    from pyspark.ml.recommendation import ALS

    a = knobs.unobserved_weight
    als = ALS(
        rank=knobs.factors,
        maxIter=knobs.epochs,
        regParam=knobs.regularisation * (1 + a) / a * _pull(entries, a),
        alpha=1 / a,
        implicitPrefs=True,
        userCol="row",
        itemCol="column",
        ratingCol="wanted",
        numUserBlocks=BLOCKS * workers,
        numItemBlocks=BLOCKS * workers,
        checkpointInterval=CHECKPOINT_EVERY,
        seed=seed,
    )
    return als.fit(entries)


def columns_of(learned: ALSModel, knobs: Factorising) -> Side:
    """The vectors of all columns that have entries."""
    table = learned.itemFactors.toArrow()
    ids, flat = table["id"].to_numpy().astype(np.int64), pc.list_flatten(table["features"]).to_numpy()
    return Side(ids, (flat.reshape(ids.size, knobs.factors) / np.sqrt(1 + knobs.unobserved_weight)).astype(np.float32))


def _pull(entries: DataFrame, a: float) -> float:
    """``1 + a · others / m``, the mean of both sides."""
    from pyspark.sql import functions as f

    def side(name: str) -> tuple[int, float]:
        of_each = entries.groupBy(name).agg(f.count("*").alias("n"))
        size, of_an_entry = of_each.agg(f.count("*"), f.sum(f.col("n") * f.col("n")) / f.sum("n")).first() or (0, 1.0)
        return int(size), float(of_an_entry or 1.0)

    (rows, of_row), (columns, of_column) = side("row"), side("column")
    return 1 + a * (columns / of_row + rows / of_column) / 2
