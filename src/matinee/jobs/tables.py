"""The tables of jobs. `migrations/` creates them; a test compares the two.

Records lie in them as JSON, beside the columns that are searched and sorted by. Who waits for a worker is no table of
ours: that is the queue of DBOS, in the same database, so that a job and its place in the queue are kept together.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

job_resources = Table(
    "job_resources",
    metadata,
    Column("kind", String, primary_key=True),  # application, command, cluster
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("status", String, nullable=False),
    Column("record", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("owner", String, nullable=False),  # who has it run: quotas and costs are by owner
    Column("status", String, nullable=False),
    Column("message", String, nullable=False, server_default=""),  # why it has that status
    Column("tags", Text, nullable=False, server_default=""),  # each between line feeds
    Column("request", JSON, nullable=False),
    Column("chosen", JSON),  # cluster, command and applications as they were when it was resolved
    Column("cluster_id", String),
    Column("command_id", String),
    Column("priority", Integer, nullable=False, server_default="0"),  # more goes first
    Column("waits_for", Integer, nullable=False, server_default="0"),  # jobs that have not succeeded yet
    Column("not_before_ms", BigInteger),
    Column("deadline_ms", BigInteger),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("agent", String),
    Column("kill", String),  # why it is to be killed, once somebody wants that
    Column("exit_code", Integer),
    Column("archive", String),
    Column("progress", JSON),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Index("ix_jobs_status_owner", "status", "owner"),
    Index("ix_jobs_created_ms", "created_ms"),
    Index("ix_jobs_agent", "agent"),
    Index("ix_jobs_finished_ms", "finished_ms"),
)

job_edges = Table(
    "job_edges",
    metadata,
    Column("job_id", String, primary_key=True),
    Column("after_id", String, primary_key=True, index=True),
)

job_attempts = Table(
    "job_attempts",
    metadata,
    Column("job_id", String, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("agent", String, nullable=False),
    Column("host", String, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("exit_code", Integer),
    Column("message", String, nullable=False, server_default=""),
    Column("cpu_s", Float),
    Column("peak_mb", Float),
    Index("ix_job_attempts_finished_ms", "finished_ms"),
)

job_schedules = Table(
    "job_schedules",
    metadata,
    Column("id", String, primary_key=True),
    Column("record", JSON, nullable=False),
    Column("next_ms", BigInteger),  # none while it is paused
    Column("last_ms", BigInteger),
    Column("last_jobs", JSON),
    Column("message", String, nullable=False, server_default=""),
)

job_agents = Table(
    "job_agents",
    metadata,
    Column("id", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("beat_ms", BigInteger, nullable=False),
    Column(
        "born_ticks", BigInteger, nullable=False, server_default="0"
    ),  # since the boot; tells its process from others
)

# What machines ask each other about files of attempts (see `elsewhere`); a question goes as soon as it is answered.
job_questions = Table(
    "job_questions",
    metadata,
    Column("id", String, primary_key=True),
    Column("agent", String, nullable=False, index=True),  # that is to answer
    Column("job_id", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("stop", BigInteger, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("answer", JSON(none_as_null=True)),
    Column("data", LargeBinary),
)
