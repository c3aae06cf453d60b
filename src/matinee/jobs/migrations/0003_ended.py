"""Jobs and attempts by when they ended: counts and costs of a time need not look at all that ever were."""

from alembic import op

revision = "jobs_0003"
down_revision = "jobs_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_jobs_finished_ms", "jobs", ["finished_ms"])
    op.create_index("ix_job_attempts_finished_ms", "job_attempts", ["finished_ms"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_job_attempts_finished_ms", "job_attempts")
    op.drop_index("ix_jobs_finished_ms", "jobs")
