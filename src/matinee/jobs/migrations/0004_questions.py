"""What machines ask each other about files of attempts: nothing that has to outlive a crash of the database."""

import sqlalchemy as sa
from alembic import op

revision = "jobs_0004"
down_revision = "jobs_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "job_questions",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("stop", sa.BigInteger, nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("answer", sa.JSON),
        sa.Column("data", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_job_questions"),
        prefixes=["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else [],
    )
    op.create_index("ix_job_questions_agent", "job_questions", ["agent"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_job_questions_agent", "job_questions")
    op.drop_table("job_questions")
