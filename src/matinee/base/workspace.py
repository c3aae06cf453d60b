"""A workspace: a folder with a ``matinee.toml``, its settings, its open backends and the services over them.

Commands find the workspace that they stand in, or the one named by ``--workspace`` or ``MATINEE_WORKSPACE``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from matinee.base import migrations
from matinee.base.backends import Backends, BackendSettings, open_backends
from matinee.base.errors import Conflict, NotFound, Unavailable
from matinee.base.settings import Settings, Table
from matinee.base.settings import load as load_settings
from matinee.base.subsystem import Subsystem, load

FILE = "matinee.toml"

_NEW_FILE = """\
# A Matinee workspace. Every setting has a default; `matinee settings` lists and explains them all.

[backends]
tables = "sqlite:///matinee.db"   # or postgresql+psycopg://USER@HOST/DATABASE
objects = "file://objects"        # or s3://BUCKET/PREFIX
bus = "file://events"             # or nats://HOST:4222
compute = "local://"              # or spark://HOST:7077
keys = "file://keys"              # keys of encrypted streams
"""

Contents = Mapping[str, Subsystem]


class Workspace:
    """An open workspace. Close it, or use it as a context."""

    def __init__(self, root: Path, settings: Settings, backends: Backends, contents: Contents) -> None:
        self.root = root
        self.settings = settings
        self.backends = backends
        self.contents = contents
        self._services: dict[str, Any] = {}
        self._lock = threading.RLock()

    def service(self, name: str) -> Any:
        """The service of a subsystem, made once.

        Raises `NotFound` for a name that is not in the table of contents.
        """
        with self._lock:
            if name not in self._services:
                self._services[name] = self._make(name)
            return self._services[name]

    def _make(self, name: str) -> Any:
        subsystem = self.contents.get(name)
        if subsystem is None or not subsystem.service:
            raise NotFound(f"There is no service {name!r}.", next_step=f"Known: {', '.join(self.contents)}.")
        kind = load(subsystem.service)
        if not subsystem.settings:
            return kind(self.backends)
        return kind(self.backends, self.settings.table(name, load(subsystem.settings)))

    def close(self) -> None:
        """Close the backends; services that hold threads are closed first."""
        with self._lock:
            for service in self._services.values():
                close = getattr(service, "close", None)
                if close is not None:
                    close()
            self._services.clear()
            self.backends.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def settings_tables(contents: Contents) -> dict[str, type[Table]]:
    """The model of every settings table that exists."""
    tables: dict[str, type[Table]] = {"backends": BackendSettings}
    tables.update({one.name: load(one.settings) for one in contents.values() if one.settings})
    return tables


def find(path: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The workspace at `path`, or else named by the environment, or else the one that we stand in.

    Raises `NotFound` that tells how to make one.
    """
    named = path or (Path(environ["MATINEE_WORKSPACE"]) if environ.get("MATINEE_WORKSPACE") else None)
    if named is not None:
        if (named / FILE).is_file():
            return named.resolve()
        raise NotFound(f"{named} is not a Matinee workspace.", next_step=f"Make it one with `matinee init {named}`.")
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise NotFound(
        f"Neither {here} nor a folder above it is a Matinee workspace.",
        next_step="Make one with `matinee init`, or name one with `--workspace`.",
    )


def create(path: Path, contents: Contents, flags: Sequence[str] = ()) -> Workspace:
    """Make a workspace in a folder, which may exist, and open it.

    Raises `Conflict` where it is one already and `Unavailable` where the folder cannot be written.
    """
    file = path / FILE
    try:
        path.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(_NEW_FILE)
    except FileExistsError:
        if path.is_dir():
            raise Conflict(f"{path} is a workspace already.", next_step="Use it as it is.") from None
        raise Conflict(f"{path} is a file.", next_step="Name a folder.") from None
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror}.", next_step="Choose another folder.") from None
    return open_workspace(path, contents, flags)


def open_workspace(
    path: Path | None, contents: Contents, flags: Sequence[str] = (), environ: Mapping[str, str] = os.environ
) -> Workspace:
    """Open a workspace and bring its tables up to date.

    Raises what `find`, `matinee.base.settings.load` and `open_backends` raise.
    """
    root = find(path, environ)
    settings = load_settings(settings_tables(contents), root / FILE, environ, flags)
    backends = open_backends(settings.table("backends", BackendSettings), root)
    try:
        owners = [one.tables for one in contents.values() if one.tables]
        migrations.upgrade(backends.tables, owners)
    except BaseException:
        backends.close()
        raise
    return Workspace(root, settings, backends, contents)
