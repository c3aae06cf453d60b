"""Queries of the catalogue's tables, one noun per file. Only `matinee.catalog.service` calls them."""
