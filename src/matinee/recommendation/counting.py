"""What is counted of all viewing at once: of each title, of each viewer, and of titles that go together.

Three questions in SQL, which `Compute.sql` answers alike on one machine and on a cluster (sums of doubles but for
their last digits). Viewing is Parquet with the columns ``viewer``, ``title`` (whole numbers), ``value`` (strength,
double) and ``at_ms`` (milliseconds since 1970), one row for each viewer and title, as `write` makes it of
interactions. Of titles it is what a blend's ranker is told (`matinee.recommendation.methods.evidence.Backdrop`), of
pairs what `ItemNeighbours` compares by cosine.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from matinee.base.compute import Compute
from matinee.base.compute.parquet import Source
from matinee.learning.interactions import Interactions

TITLES = """
WITH latest AS (SELECT MAX(at_ms) AS now_ms FROM viewing)
SELECT title, COUNT(*) AS viewers, AVG(value) AS mean, MIN(at_ms) AS first_ms, MAX(at_ms) AS last_ms,
       SUM(POWER(2e0, CAST(at_ms - now_ms AS DOUBLE) / 2592e6)) AS late
FROM viewing CROSS JOIN latest
GROUP BY title
ORDER BY title
"""
"""``late`` is the count with what is 30 days older weighing half."""

VIEWERS = """
SELECT viewer, COUNT(*) AS titles, AVG(value) AS mean, MIN(at_ms) AS first_ms, MAX(at_ms) AS last_ms
FROM viewing
GROUP BY viewer
ORDER BY viewer
"""

TOGETHER = """
WITH placed AS (
  SELECT viewer, title, ROW_NUMBER() OVER (PARTITION BY viewer ORDER BY at_ms DESC, title) AS age FROM viewing
), newest AS (
  SELECT viewer, title FROM placed WHERE age <= 50
), counts AS (
  SELECT title, COUNT(*) AS viewers FROM newest GROUP BY title
), pairs AS (
  SELECT a.title AS title, b.title AS other, COUNT(*) AS shared
  FROM newest a JOIN newest b ON a.viewer = b.viewer
  WHERE a.title <> b.title
  GROUP BY a.title, b.title
), alike AS (
  SELECT p.title AS title, p.other AS other, p.shared AS shared,
         p.shared / SQRT(CAST(c.viewers * d.viewers AS DOUBLE)) AS cosine
  FROM pairs p JOIN counts c ON p.title = c.title JOIN counts d ON p.other = d.title
), ranked AS (
  SELECT title, other, shared, cosine,
         ROW_NUMBER() OVER (PARTITION BY title ORDER BY cosine DESC, other) AS place
  FROM alike
)
SELECT title, place, other, shared, cosine FROM ranked WHERE place <= 20 ORDER BY title, place
"""
"""The 20 titles most alike to each. A viewer's newest 50 have a say: pairs grow with the square of a history, and
whoever has watched everything does not tell what goes together."""


def of_titles(compute: Compute, viewing: Source) -> pa.Table:
    """By title: ``viewers``, ``mean`` strength, ``first_ms``, ``last_ms`` and ``late``."""
    return compute.sql(TITLES, {"viewing": viewing})


def of_viewers(compute: Compute, viewing: Source) -> pa.Table:
    """By viewer: ``titles``, ``mean`` strength, ``first_ms`` and ``last_ms``."""
    return compute.sql(VIEWERS, {"viewing": viewing})


def together(compute: Compute, viewing: Source) -> pa.Table:
    """By title and ``place``: the ``other``, how many viewers are ``shared``, and the ``cosine``."""
    return compute.sql(TOGETHER, {"viewing": viewing})


def write(interactions: Interactions, path: Path) -> None:
    """Keep interactions as Parquet of viewing."""
    viewers, titles, values, times = interactions.columns()
    columns = {"viewer": viewers, "title": titles, "value": values.astype(float), "at_ms": times}
    pq.write_table(pa.table(columns), path)
