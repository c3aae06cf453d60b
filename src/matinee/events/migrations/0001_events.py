"""Opinions, places in films, playings, lists, and how far the bus has been projected into them."""

import sqlalchemy as sa
from alembic import op

revision = "events_0001"
down_revision = None
branch_labels = ("events",)
depends_on = None


def _pair() -> list[sa.Column[int]]:
    return [
        sa.Column("viewer_id", sa.Integer, nullable=False),
        sa.Column("title_id", sa.Integer, nullable=False),
    ]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "projections",
        sa.Column("topic", sa.String, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_projections"),
    )
    op.create_table(
        "opinions",
        *_pair(),
        sa.Column("stars", sa.Float),
        sa.Column("stars_ms", sa.BigInteger),
        sa.Column("thumb", sa.SmallInteger),
        sa.Column("thumb_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("viewer_id", "title_id", name="pk_opinions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "watching",
        *_pair(),
        sa.Column("position_s", sa.Float, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("duration_s", sa.Float),
        sa.Column("duration_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("viewer_id", "title_id", name="pk_watching"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plays",
        *_pair(),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("page", sa.String, nullable=False, server_default=""),
        sa.Column("row", sa.String, nullable=False, server_default=""),
        sa.Column("watched_s", sa.Float, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("viewer_id", "title_id", "id", name="pk_plays"),
    )
    op.create_index("ix_plays_at_ms", "plays", ["at_ms"])
    op.create_table(
        "listed",
        *_pair(),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("viewer_id", "title_id", name="pk_listed"),
        sqlite_with_rowid=False,
    )
