"""Tables and queries with the answers that every engine gives to them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa


def _late(day: int) -> datetime:
    """Local time, as a player's clock tells it."""
    return datetime(2026, 3, day, 23, 59, 59, 999_999)  # noqa: DTZ001  it has no zone


TITLES = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int32()),
        "name": ["Übermut", "naïve 🎬", "Über", None],
        "price": pa.array([Decimal("9.99"), Decimal("0.01"), None, Decimal("10.00")], pa.decimal128(8, 2)),
        "released": [date(1999, 12, 31), date(2024, 2, 29), None, date(1895, 12, 28)],
    }
)
PLAYS = pa.table(
    {
        "viewer": [1, 1, 2, 2, 3, 3],
        "title": pa.array([1, 2, 1, None, 3, 9], pa.int16()),
        "seconds": [60.5, None, 30.0, 12.25, 0.0, 7.0],
        "watched": [_late(day) for day in (1, 2, 2, 3, 3, 3)],
        "sent": pa.array([datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in range(6)], pa.timestamp("ms", "UTC")),
    }
)
QUESTIONS: tuple[tuple[str, dict[str, pa.DataType], list[tuple[object, ...]]], ...] = (
    (
        "SELECT t.name AS name, COUNT(*) AS plays, SUM(p.viewer) AS total, AVG(p.seconds) AS mean "
        "FROM plays p JOIN titles t ON p.title = t.id GROUP BY t.name ORDER BY name",
        {"name": pa.string(), "plays": pa.int64(), "total": pa.int64(), "mean": pa.float64()},
        [("naïve 🎬", 1, 1, None), ("Über", 1, 3, 0.0), ("Übermut", 2, 3, 45.25)],
    ),
    (
        "SELECT p.viewer AS viewer, t.name AS name FROM plays p LEFT JOIN titles t ON p.title = t.id "
        "ORDER BY name, viewer DESC",
        {"viewer": pa.int64(), "name": pa.string()},
        [(3, None), (2, None), (1, "naïve 🎬"), (3, "Über"), (2, "Übermut"), (1, "Übermut")],
    ),
    (
        "SELECT viewer, ROW_NUMBER() OVER (PARTITION BY viewer ORDER BY seconds) AS place, "
        "SUM(seconds) OVER (ORDER BY sent ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS moving, "
        "LAG(seconds, 1) OVER (ORDER BY sent) AS before FROM plays ORDER BY sent",
        {"viewer": pa.int64(), "place": pa.int64(), "moving": pa.float64(), "before": pa.float64()},
        [
            (1, 2, 60.5, None),
            (1, 1, 60.5, 60.5),
            (2, 2, 30.0, None),
            (2, 1, 42.25, 30.0),
            (3, 1, 12.25, 12.25),
            (3, 2, 7.0, 0.0),
        ],
    ),
    (
        "SELECT SUM(price) AS total, MAX(price) * 2 AS twice, "
        "CAST(AVG(CAST(price AS DOUBLE)) AS DECIMAL(10, 2)) AS mean, "
        "COUNT(price) AS priced, MIN(released) AS first FROM titles",
        {
            "total": pa.decimal128(38, 2),
            "twice": pa.decimal128(38, 2),
            "mean": pa.decimal128(38, 2),
            "priced": pa.int64(),
            "first": pa.date32(),
        },
        [(Decimal("20.00"), Decimal("20.00"), Decimal("6.67"), 3, date(1895, 12, 28))],
    ),
    (
        "SELECT CAST(DATE_TRUNC('day', watched) AS TIMESTAMP) AS day, MAX(watched) AS latest, MIN(sent) AS sent, "
        "EXTRACT(DAY FROM MAX(watched)) AS number FROM plays WHERE watched >= TIMESTAMP '2026-03-02 00:00:00' "
        "GROUP BY CAST(DATE_TRUNC('day', watched) AS TIMESTAMP) HAVING COUNT(*) > 1 ORDER BY day",
        {
            "day": pa.timestamp("us"),
            "latest": pa.timestamp("us"),
            "sent": pa.timestamp("us", "UTC"),
            "number": pa.int64(),
        },
        [
            (
                datetime.combine(date(2026, 3, day), datetime.min.time()),
                _late(day),
                datetime(2026, 3, 1, hour, tzinfo=UTC),
                day,
            )
            for day, hour in ((2, 1), (3, 3))
        ],
    ),
    (
        'SELECT UPPER(name) AS "Name", LENGTH(name) AS length, SUBSTRING(name, 1, 2) AS start, '
        "COALESCE(name || '\\n', 'it''s') AS told, CASE WHEN name LIKE 'Über%' THEN 1 ELSE 0 END AS over "
        "FROM titles WHERE name IS DISTINCT FROM 'Über' ORDER BY id",
        {"Name": pa.string(), "length": pa.int64(), "start": pa.string(), "told": pa.string(), "over": pa.int64()},
        [
            ("ÜBERMUT", 7, "Üb", "Übermut\\n", 1),
            ("NAÏVE 🎬", 7, "na", "naïve 🎬\\n", 0),
            (None, None, None, "it's", 0),
        ],
    ),
    (
        "WITH seen AS (SELECT DISTINCT title FROM plays WHERE title IS NOT NULL) "
        "SELECT id FROM titles WHERE id NOT IN (SELECT title FROM seen) "
        "UNION ALL SELECT CAST(NULL AS INT) AS id ORDER BY id DESC",
        {"id": pa.int64()},
        [(4,), (None,)],
    ),
    (
        "SELECT viewer, COUNT(*) FILTER (WHERE seconds > 10) AS long, 7 / 2 AS half, 7 % 4 AS rest FROM plays "
        "WHERE seconds <> 1e300 GROUP BY viewer ORDER BY 2 DESC, viewer LIMIT 2",
        {"viewer": pa.int64(), "long": pa.int64(), "half": pa.float64(), "rest": pa.int64()},
        [(2, 2, 3.5, 3), (1, 1, 3.5, 3)],
    ),
    ("SELECT id FROM titles WHERE 1 = 0", {"id": pa.int64()}, []),
)
"""Queries with the types and the rows of their answers."""
