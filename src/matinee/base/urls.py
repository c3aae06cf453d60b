"""Addresses of backends: ``scheme://place?option=value``, with relative folders taken from the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl

from matinee.base.errors import SettingsError

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Address:
    """A backend's address, taken apart."""

    setting: str
    """The setting that it came from, for error messages."""
    url: str
    place: str
    """What stands between ``://`` and ``?``."""
    options: dict[str, str]

    def path(self, root: Path) -> Path:
        """The place as a folder: absolute where it begins with a slash, else inside `root`."""
        if not self.place:
            raise SettingsError(f"{self.setting} = {self.url!r} names no folder.", next_step="Write file://FOLDER.")
        return root / self.place

    def number(self, name: str, default: N) -> N:
        """An option above zero of the default's type; raises `SettingsError` where it is anything else."""
        text = self.options.get(name)
        if text is None:
            return default
        try:
            value = type(default)(text)
        except ValueError:
            value = type(default)(0)
        if value <= 0:
            raise SettingsError(
                f"{self.setting} = {self.url!r}: {name}={text!r} is not a number above zero.",
                next_step=f"Leave it out for {default}.",
            )
        return value


def parse(setting: str, url: str, known: tuple[str, ...]) -> Address:
    """Take `url` apart; raises `SettingsError` for an option that is not among the `known`.

    >>> parse("backends.bus", "file://events?segment_bytes=100", ("segment_bytes",)).options
    {'segment_bytes': '100'}
    """
    rest = url.partition("://")[2]
    place, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in known:
            raise SettingsError(
                f"{setting} = {url!r}: there is no option {name!r}.",
                next_step=f"It knows: {', '.join(known) or 'none'}.",
            )
    return Address(setting, url, place, options)
