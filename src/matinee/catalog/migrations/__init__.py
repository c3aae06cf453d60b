"""Alembic scripts of the catalogue's tables."""
