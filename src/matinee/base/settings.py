"""Settings: a table per subsystem, merged from the file, the environment and the flags, in that order.

A table is a Pydantic model whose fields carry their own documentation. A name that no table declares is an
error, wherever it comes from: a misspelt knob must not be ignored in silence.

    [encoding]                            # matinee.toml
    crf = 23
    MATINEE_ENCODING__CRF=21              # environment: two underscores between table and name
    --set encoding.crf=19                 # flags
    --set @FILE                           # flags that stand in a file, one in each line
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from matinee.base.errors import SettingsError

PREFIX = "MATINEE_"
# Variables that start like a setting but name what is needed before there are any: the workspace, the real data of
# tests and benchmarks, and what an agent tells its jobs.
NOT_SETTINGS = frozenset(
    {"MATINEE_WORKSPACE", "MATINEE_TEST_DATA", "MATINEE_AGENT", "MATINEE_PROGRESS", "MATINEE_STATE"}
)


class Table(BaseModel):
    """One table of settings. Every field has a default and a `Field(description=...)`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


T = TypeVar("T", bound=Table)


class Settings:
    """All tables of a workspace, validated."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = dict(tables)

    def table(self, name: str, kind: type[T]) -> T:
        """The table of that name; its defaults where the workspace was opened without it."""
        found = self._tables.get(name)
        return found if isinstance(found, kind) else kind()


def load(
    kinds: Mapping[str, type[Table]],
    file: Path | None,
    environ: Mapping[str, str],
    flags: Sequence[str] = (),
) -> Settings:
    """Read and merge the settings; later sources win.

    `kinds` maps each table's name to its model; `flags` are texts such as ``encoding.crf=19``.
    Raises `SettingsError` that names the source, the setting and what was expected.
    """
    sources = [("environment", _from_environ(environ)), ("flags", _from_flags(flags))]
    if file is not None:
        sources.insert(0, (str(file), _from_file(file)))
    merged: dict[str, dict[str, Any]] = {name: {} for name in kinds}
    origin: dict[tuple[str, str], str] = {}
    for source, tables in sources:
        for name, values in tables.items():
            if name not in kinds:
                raise SettingsError(
                    f"{source}: there is no settings table [{name}].",
                    next_step=f"Known tables: {', '.join(sorted(kinds))}.",
                )
            merged[name].update(values)
            origin.update({(name, key): source for key in values})
    return Settings({name: _validate(name, kind, merged[name], origin) for name, kind in kinds.items()})


def as_flags(environ: Mapping[str, str], flags: Sequence[str] = ()) -> list[str]:
    """What the environment and the flags set, as flags; whoever is given them finds the same settings.

    >>> as_flags({"MATINEE_ENCODING__CRF": "21", "HOME": "/root"}, ["encoding.crf=19"])
    ['encoding.crf=21', 'encoding.crf=19']
    """
    return [f"{name}.{key}={value}" for name, key, value in _variables(environ)] + list(_written_out(flags))


def _validate(name: str, kind: type[Table], values: dict[str, Any], origin: dict[tuple[str, str], str]) -> Table:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        source = origin.get((name, key), "settings")
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(kind.model_fields)) or "none"
            raise SettingsError(
                f"{source}: [{name}] has no setting {key!r}.", next_step=f"It knows: {known}."
            ) from None
        where = ".".join([name, *map(str, first["loc"])])
        raise SettingsError(
            f"{source}: {where} = {first['input']!r} is refused: {first['msg'].lower()}.",
            next_step=f"`matinee settings {name}` explains each setting.",
        ) from None


def _from_file(file: Path) -> dict[str, dict[str, Any]]:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"There is no settings file {file}.", next_step="Run `matinee init`.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}.", next_step="Check its owner and encoding.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.", next_step="Mend that line.") from None
    for name, values in found.items():
        if not isinstance(values, dict):
            raise SettingsError(
                f"{file}: {name!r} stands outside any table.", next_step="Put it under a [table] heading."
            )
    return found


def _from_environ(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for name, key, value in _variables(environ):
        tables.setdefault(name, {})[key] = _value(value)
    return tables


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Table, name and value of each setting."""
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
            continue
        name, two, key = variable.removeprefix(PREFIX).lower().partition("__")
        if not two:
            raise SettingsError(
                f"The environment variable {variable} is not a setting.",
                next_step=f"Write {PREFIX}TABLE__NAME, with two underscores between them.",
            )
        yield name, key, value


def _from_flags(flags: Sequence[str]) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for flag in _written_out(flags):
        path, equals, value = flag.partition("=")
        name, dot, key = path.strip().partition(".")
        if not (equals and dot and key):
            raise SettingsError(f"--set {flag!r} is not a setting.", next_step="Write it as table.name=value.")
        tables.setdefault(name, {})[key] = _value(value)
    return tables


def _written_out(flags: Sequence[str]) -> Iterator[str]:
    """The flags, with those that stand in files in their places."""
    for flag in flags:
        if not flag.startswith("@"):
            yield flag
            continue
        try:
            lines = Path(flag[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The settings of --set {flag} cannot be read: {error}.",
                next_step="Name a file with one setting in each line, as table.name=value.",
            ) from None
        yield from (line for line in lines if line.strip())


def _value(text: str) -> Any:
    """A list or table is written as JSON; anything else stays text, and the model converts it."""
    if text[:1] in "[{":
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text
