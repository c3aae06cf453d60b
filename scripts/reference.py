"""Write docs/commands.md and docs/settings.md from the program itself: ``.venv/bin/python scripts/reference.py``.

A test compares the two files with what this would write, so the documentation cannot fall behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from matinee.base.workspace import settings_tables
from matinee.cli.app import app
from matinee.cli.lazy import LazyCommand
from matinee.subsystems import SUBSYSTEMS

DOCS = Path(__file__).parents[1] / "docs"


def commands() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "Written by `scripts/reference.py`. `matinee COMMAND --help` says the same.",
        "",
        "Every command takes these, before or after its name:",
        "",
        *_parameters(root),
    ]
    for path, command in _walk(root, ()):
        lines += ["", f"## `matinee {' '.join(path)}`", "", _plain(command.help), *_usage(path, command)]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Every setting with its default and meaning."""
    lines = [
        "# Settings",
        "",
        "Written by `scripts/reference.py`. `matinee settings` shows the same with the values of your workspace.",
        "",
        "The file `matinee.toml` is read first, then the environment, then `--set`; later ones win. A name that does",
        "not stand here is refused.",
        "",
        "```",
        "[encoding]                          # matinee.toml",
        "segment_s = 4",
        "MATINEE_ENCODING__SEGMENT_S=4       # environment: two underscores between table and name",
        "matinee --set encoding.segment_s=4  # one run",
        "```",
    ]
    for name, kind in settings_tables(SUBSYSTEMS).items():
        about = (kind.__doc__ or "").strip().splitlines()[0]
        lines += ["", f"## [{name}]", "", about, "", "| setting | default | meaning |", "| --- | --- | --- |"]
        for key, field in kind.model_fields.items():
            default = field.get_default(call_default_factory=True)
            lines.append(f"| `{key}` | {_shown(default)} | {_cell(field.description or '')} |")
    return "\n".join(lines) + "\n"


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below this one, but no mere group."""
    context = typer.Context(command)
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        real = child.load() if isinstance(child, LazyCommand) else child
        if hasattr(real, "list_commands"):
            yield from _walk(real, (*path, name))
        else:
            yield (*path, name), real


def _usage(path: tuple[str, ...], command: Any) -> list[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    words = [_metavar(one) for one in arguments]
    usage = " ".join(["matinee", *path, *(["[OPTIONS]"] if len(command.params) > len(arguments) else []), *words])
    return ["", "```", usage, "```", *(["", *_parameters(command)] if command.params else [])]


def _parameters(command: Any) -> list[str]:
    rows = ["| option | meaning | default |", "| --- | --- | --- |"]
    for one in command.params:
        if one.name == "help":
            continue
        name = _metavar(one) if one.param_type_name == "argument" else ", ".join([*one.opts, *one.secondary_opts])
        default = None if callable(one.default) else one.default
        rows.append(f"| `{_cell(name)}` | {_cell(_plain(one.help))} | {_shown(default)} |")
    return rows


def _metavar(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    many = "..." if argument.nargs == -1 else ""
    return f"{name}{many}" if argument.required else f"[{name}{many}]"


def _shown(value: object) -> str:
    if value in (None, False, "", [], ()):
        return ""
    return f"`{_cell(str(getattr(value, 'value', value)))}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _plain(text: str | None) -> str:
    return (text or "").strip()


def main() -> None:
    """Write both files."""
    DOCS.mkdir(exist_ok=True)
    (DOCS / "commands.md").write_text(commands(), encoding="utf-8")
    (DOCS / "settings.md").write_text(settings(), encoding="utf-8")


if __name__ == "__main__":
    main()
