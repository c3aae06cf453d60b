"""The migrations make the tables that the code declares."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from matinee.base.workspace import Workspace
from matinee.jobs.records import Cluster, Command
from matinee.jobs.service import Service
from matinee.jobs.tables import metadata


def test_the_migrated_tables_are_the_declared_ones(workspace: Workspace) -> None:
    options = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
    with workspace.backends.tables.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_a_new_workspace_knows_this_machine_with_a_shell_and_any_program(service: Service) -> None:
    assert [one.id for one in service.resources(Cluster)] == ["this-machine"]
    assert [one.id for one in service.resources(Command)] == ["program", "shell"]
