"""Secrets of jobs: one file each in a folder for nobody else to read, as Docker and Kubernetes mount them.

A request names those that it needs; the agent that runs it hands them over as variables of the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from matinee.base.disk import disk_errors
from matinee.base.errors import InvalidInput, NotFound

NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,254}$"


class Secrets:
    """The secrets that this machine has."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, value: str) -> None:
        """Keep a secret, instead of what had its name. Raises `InvalidInput` where the name is none of a variable."""
        path = self._folder / _checked(name)
        if not value or "\0" in value:
            raise InvalidInput(f"The secret {name} is empty or holds a zero byte.", next_step="Give it a value.")
        with disk_errors(path):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = path.with_name(f".{name}.new")
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(value)
            new.replace(path)

    def names(self) -> list[str]:
        """Names of all."""
        if not self._folder.is_dir():
            return []
        return sorted(one.name for one in self._folder.iterdir() if re.match(NAME, one.name) and one.is_file())

    def remove(self, name: str) -> None:
        """Forget one; one that is not there is no error."""
        (self._folder / _checked(name)).unlink(missing_ok=True)

    def values(self, names: Iterable[str]) -> dict[str, str]:
        """What stands behind names, without the line feed that editors put at the end. Raises `NotFound`."""
        return {name: self._value(name) for name in names}

    def _value(self, name: str) -> str:
        try:
            return (self._folder / _checked(name)).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError):
            raise NotFound(
                f"The secret {name} is not in {self._folder}, where the agent of this machine looks for it.",
                next_step=f"Put it there with `matinee jobs secret set {name}`.",
            ) from None


def _checked(name: str) -> str:
    if not re.match(NAME, name):
        raise InvalidInput(f"{name!r} is no name of a secret.", next_step="Use letters, digits and underscores.")
    return name
