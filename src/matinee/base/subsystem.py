"""What one subsystem brings to the house, by import paths, so that the table of contents imports none of them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Subsystem:
    """One line of the table of contents. Paths are written ``module:name``."""

    name: str
    """Folder, settings table and command group."""
    sentence: str
    service: str = ""
    """Class built as ``Service(backends)``, or ``Service(backends, settings)`` where it has settings."""
    settings: str = ""
    commands: str = ""
    """A Typer application."""
    tables: str = ""
    """The package whose ``migrations`` folder makes its tables."""
    extra: str = ""
    """The install extra it needs."""


def load(path: str) -> Any:
    """The object at ``module:name``."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
