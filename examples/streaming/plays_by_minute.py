"""How often each title was begun in each minute, counted by Spark as events come in: the way for live queries.

    spark-submit plays_by_minute.py EVENTS COUNTS

EVENTS is a folder to which files of Parquet are added, with ``at_ms`` (milliseconds since 1970) and ``title``; COUNTS
gets ``batch-*.parquet`` with ``minute_ms``, ``title`` and ``plays``. A minute is written once, when no event of it is
waited for any more: events come up to two minutes late, later ones do not count. The program does what there is and
ends; begun again it goes on behind that, also after it was killed. What a killed one had not noted in COUNTS/checkpoint
is done again, from the same files into the same batch, so that every event counts once.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

MINUTE_MS = 60_000
LATE_MS = 2 * MINUTE_MS
PARTS = 4
"""Into which the counts of minutes that are not over are cut, from the first run on."""
QUESTION = f"""
SELECT at_ms - at_ms % {MINUTE_MS} AS minute_ms, title, COUNT(*) AS plays
FROM events
GROUP BY at_ms - at_ms % {MINUTE_MS}, title
HAVING MIN(at_ms) - MIN(at_ms) % {MINUTE_MS} + {MINUTE_MS} <= (SELECT MAX(at_ms) FROM events) - {LATE_MS}
ORDER BY minute_ms, title
"""  # noqa: S608  of numbers that stand here
"""The same asked afterwards, of `Compute.sql`: the minutes that are over by now."""


def follow(session: SparkSession, events: Path, counts: Path, files_at_once: int = 100) -> None:
    """Count what has come since the last time."""
    counts.mkdir(parents=True, exist_ok=True)
    own = session.newSession()
    own.conf.set("spark.sql.shuffle.partitions", PARTS)
    read = own.readStream.schema("at_ms LONG, title LONG").option("maxFilesPerTrigger", files_at_once)
    plays = read.parquet(str(events)).withColumn("at", f.timestamp_millis("at_ms"))
    minutes = plays.withWatermark("at", f"{LATE_MS} milliseconds").groupBy(
        f.window("at", f"{MINUTE_MS} milliseconds").alias("minute"), "title"
    )
    told = minutes.agg(f.count("*").alias("plays"))

    def write(batch: DataFrame, number: int) -> None:
        _put(batch.select(f.unix_millis("minute.start").alias("minute_ms"), "title", "plays").toArrow(), counts, number)

    query = told.writeStream.foreachBatch(write).option("checkpointLocation", str(counts / "checkpoint"))
    query.trigger(availableNow=True).start().awaitTermination()


def _put(rows: pa.Table, counts: Path, number: int) -> None:
    """Whole or not at all; a batch that is done again takes its own place."""
    new = counts / f".batch-{number:09d}"
    pq.write_table(rows, new)
    new.rename(counts / f"batch-{number:09d}.parquet")


if __name__ == "__main__":
    begun = SparkSession.builder.appName("plays by minute").getOrCreate()
    follow(begun, Path(sys.argv[1]), Path(sys.argv[2]), files_at_once=int(sys.argv[3]) if len(sys.argv) > 3 else 100)
