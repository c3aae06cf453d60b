"""Tables that the events are projected into. `migrations/` creates them; a test compares the two.

They hold the present state that pages need and the rows that models are trained on, and can be rebuilt from the
bus at any time. `projections.offset` moves in the same transaction as the rows, so that no event counts twice.
Every value stands beside the time of the event that set it, also where it has been taken back: an older event that
arrives late must not win. On SQLite the tables keyed by viewer are clustered by that key (no row ids), because
a viewer's rows are always read together.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, SmallInteger, String, Table, Text

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

projections = Table(
    "projections",
    metadata,
    Column("topic", String, primary_key=True),
    Column("offset", BigInteger, nullable=False),
)

# What a viewer thinks of a title, the latest word only.
opinions = Table(
    "opinions",
    metadata,
    Column("viewer_id", Integer, primary_key=True, autoincrement=False),
    Column("title_id", Integer, primary_key=True, autoincrement=False),
    Column("stars", Float),
    Column("stars_ms", BigInteger),
    Column("thumb", SmallInteger),
    Column("thumb_ms", BigInteger),
    sqlite_with_rowid=False,
)

# How far a viewer is with a title, the latest word only.
watching = Table(
    "watching",
    metadata,
    Column("viewer_id", Integer, primary_key=True, autoincrement=False),
    Column("title_id", Integer, primary_key=True, autoincrement=False),
    Column("position_s", Float, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("duration_s", Float),
    Column("duration_ms", BigInteger),  # when the duration was said
    sqlite_with_rowid=False,
)

# One row per playing, for trends and attribution.
plays = Table(
    "plays",
    metadata,
    # The playing's name is chosen by the viewer's device; the key keeps one viewer's names from another's.
    Column("viewer_id", Integer, primary_key=True, autoincrement=False),
    Column("title_id", Integer, primary_key=True, autoincrement=False),
    Column("id", String, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("page", String, nullable=False, server_default=""),
    Column("row", String, nullable=False, server_default=""),
    Column("watched_s", Float, nullable=False, server_default="0"),
    Column("device", String, nullable=False, server_default=""),
    Index(None, "at_ms"),
)

# The viewers' own lists.
listed = Table(
    "listed",
    metadata,
    Column("viewer_id", Integer, primary_key=True, autoincrement=False),
    Column("title_id", Integer, primary_key=True, autoincrement=False),
    Column("on", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What pages put before a viewer of late, as `matinee.events.exposures` writes it.
exposures = Table(
    "exposures",
    metadata,
    Column("viewer_id", Integer, primary_key=True, autoincrement=False),
    Column("seen", Text, nullable=False),
)
