"""Run by Alembic: migrate over the connection that `matinee.base.migrations.upgrade` opened."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
