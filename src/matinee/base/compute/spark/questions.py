"""Questions in SQL about Parquet, answered by Spark."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
from pyspark.sql import SparkSession

from matinee.base.compute.parquet import Source, files_of, plain


def ask(session: SparkSession, query: str, tables: Mapping[str, Source], workers: int) -> pa.Table:
    """The answer to one SELECT; see `matinee.base.compute.Compute.sql`."""
    files, own = files_of(tables), session.newSession()
    query = query.replace("\\", "\\\\")  # a backslash is a letter like others everywhere but in Spark's literals
    own.conf.set("spark.sql.shuffle.partitions", 4 * workers)
    for name, found in files.items():
        own.read.parquet(*map(_escaped, found)).createOrReplaceTempView(name)
    _check(own, query)
    return plain(own.sql(query).toArrow())


def _check(session: SparkSession, query: str) -> None:
    """Nothing but a question passes; it is read by the settings of the session that is active in this thread."""
    getattr(session._jvm, "org.apache.spark.sql.classic.SparkSession").setActiveSession(session._jsparkSession)
    session._jsparkSession.sessionState().sqlParser().parseQuery(query)


def _escaped(path: str) -> str:
    """A path in which Hadoop sees no pattern."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", path)
