"""Alembic scripts of the server's tables."""
