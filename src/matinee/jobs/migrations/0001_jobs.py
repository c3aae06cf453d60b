"""Resources, jobs, what comes after what, attempts, and agents; and this machine, with a shell and any program."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "jobs_0001"
down_revision = None
branch_labels = ("jobs",)
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    resources = op.create_table(
        "job_resources",
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name="pk_job_resources"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False, server_default=""),
        sa.Column("tags", sa.Text, nullable=False, server_default=""),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("chosen", sa.JSON),
        sa.Column("cluster_id", sa.String),
        sa.Column("command_id", sa.String),
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("waits_for", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before_ms", sa.BigInteger),
        sa.Column("deadline_ms", sa.BigInteger),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("agent", sa.String),
        sa.Column("kill", sa.String),
        sa.Column("exit_code", sa.Integer),
        sa.Column("archive", sa.String),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("finished_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_created_ms", "jobs", ["created_ms"])
    op.create_index("ix_jobs_status_owner", "jobs", ["status", "owner"])
    op.create_table(
        "job_edges",
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("after_id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "after_id", name="pk_job_edges"),
    )
    op.create_index("ix_job_edges_after_id", "job_edges", ["after_id"])
    op.create_table(
        "job_attempts",
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("finished_ms", sa.BigInteger),
        sa.Column("exit_code", sa.Integer),
        sa.Column("message", sa.String, nullable=False, server_default=""),
        sa.Column("cpu_s", sa.Float),
        sa.Column("peak_mb", sa.Float),
        sa.PrimaryKeyConstraint("job_id", "attempt", name="pk_job_attempts"),
    )
    op.create_table(
        "job_agents",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("beat_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_agents"),
    )
    op.bulk_insert(
        resources,
        [
            _row("cluster", "this-machine", status="UP", tags=["type:local"]),
            _row("command", "program", tags=["type:program"], executableAndArguments=["exec"], **_COMMAND),
            _row("command", "shell", tags=["type:shell"], executableAndArguments=["exec", "bash", "-c"], **_COMMAND),
        ],
    )


_COMMAND: dict[str, Any] = {"status": "ACTIVE", "clusterCriteria": [{"tags": ["type:local"]}]}


def _row(kind: str, id_: str, *, status: str, **fields: Any) -> dict[str, Any]:
    record = {"id": id_, "name": id_, "user": "matinee", "version": "1", "status": status, **fields}
    times = {"created_ms": 0, "updated_ms": 0}
    return {"kind": kind, "id": id_, "name": id_, "status": status, "record": record, **times}
