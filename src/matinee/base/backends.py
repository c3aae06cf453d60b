"""The five ports, opened by URL: tables, objects, bus, compute, keys.

The scheme of a URL picks a class, which is imported only then. What was asked for and cannot be opened is an
error that names the install command; nothing falls back in silence.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from pydantic import Field

from matinee.base.bus import Bus
from matinee.base.compute import Compute
from matinee.base.errors import SettingsError, Unavailable
from matinee.base.keys import KeyStore
from matinee.base.objects import Objects
from matinee.base.settings import Table
from matinee.base.tables import Tables


class BackendSettings(Table):
    """Where things are kept and where work is done. Relative paths are inside the workspace."""

    tables: str = Field("sqlite:///matinee.db", description="sqlite:///PATH or postgresql+psycopg://...")
    objects: str = Field("file://objects", description="file://FOLDER or s3://BUCKET/PREFIX?endpoint_url=...")
    bus: str = Field("file://events", description="file://FOLDER or nats://HOST:PORT?stream=NAME")
    compute: str = Field("local://", description="local://?workers=N (processes on this machine) or spark://HOST:PORT")
    keys: str = Field("file://keys", description="file://FOLDER: keys of encrypted streams, for nobody else to read")


class _Entry(NamedTuple):
    path: str
    """``module:Class``; the class has ``open(url, root)``."""
    needs: str = ""
    """The module of an optional package."""
    extra: str = ""
    """The extra of Matinee that installs it."""


REGISTRY: Mapping[str, Mapping[str, _Entry]] = {
    "tables": {
        "sqlite": _Entry("matinee.base.tables:Tables"),
        "postgresql+psycopg": _Entry("matinee.base.tables:Tables", "psycopg", "postgres"),
    },
    "objects": {
        "file": _Entry("matinee.base.objects.folder:FolderObjects"),
        "s3": _Entry("matinee.base.objects.s3:S3Objects", "s3fs", "s3"),
    },
    "bus": {
        "file": _Entry("matinee.base.bus.log:LogBus"),
        "nats": _Entry("matinee.base.bus.jetstream:JetStreamBus", "nats", "nats"),
    },
    "compute": {
        "local": _Entry("matinee.base.compute.local:LocalCompute"),
        "spark": _Entry("matinee.base.compute.spark.compute:SparkCompute", "pyspark", "spark"),
    },
    "keys": {"file": _Entry("matinee.base.keys.folder:FolderKeys")},
}


@dataclass(frozen=True)
class Backends:
    """The open ports of a workspace. Passed as an argument, never global; closes them all as a context."""

    tables: Tables
    objects: Objects
    bus: Bus
    compute: Compute
    keys: KeyStore
    work: Path
    """A local folder for work that is not finished; what lies there can be made again."""

    def close(self) -> None:
        """Close every port; what was acknowledged before stays."""
        for port in (self.keys, self.compute, self.bus, self.objects, self.tables):
            port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_backends(settings: BackendSettings, root: Path) -> Backends:
    """Open the five ports. Relative paths in URLs are taken from `root`.

    Raises `SettingsError` for a scheme nobody knows and `Unavailable` where the package, the server or the
    folder behind a known one is missing.
    """
    with ExitStack() as opened:
        ports: dict[str, Any] = {}
        for name in REGISTRY:
            ports[name] = _open(name, getattr(settings, name), root)
            opened.callback(ports[name].close)
        opened.pop_all()  # all are open: from here on `Backends` closes them
    return Backends(**ports, work=root / "work")


def _open(port: str, url: str, root: Path) -> Any:
    scheme, colon, _ = url.partition("://")
    entry = REGISTRY[port].get(scheme) if colon else None
    if entry is None:
        known = ", ".join(f"{one}://" for one in REGISTRY[port])
        raise SettingsError(f"backends.{port} = {url!r}: nothing opens that.", next_step=f"Use one of {known}.")
    if entry.needs and importlib.util.find_spec(entry.needs) is None:
        raise Unavailable(
            f"backends.{port} = {scheme}://... needs the package {entry.needs}.",
            next_step=f"Install it with `pip install 'matinee[{entry.extra}]'`.",
        )
    module, _, name = entry.path.partition(":")
    return getattr(importlib.import_module(module), name).open(url, root)
