"""Schedules, and how far jobs have come."""

import sqlalchemy as sa
from alembic import op

revision = "jobs_0002"
down_revision = "jobs_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "job_schedules",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("next_ms", sa.BigInteger),
        sa.Column("last_ms", sa.BigInteger),
        sa.Column("last_jobs", sa.JSON),
        sa.Column("message", sa.String, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_job_schedules"),
    )
    op.add_column("jobs", sa.Column("progress", sa.JSON))
    op.create_index("ix_jobs_agent", "jobs", ["agent"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_jobs_agent", "jobs")
    op.drop_column("jobs", "progress")
    op.drop_table("job_schedules")
