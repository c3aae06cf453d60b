"""Finds every model class of a package by itself, so that a file that was added a moment ago is tested too."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from importlib import import_module
from types import ModuleType
from typing import Any

METHODS = "matinee.recommendation.methods"
_VERBS = ("fit", "score", "save", "load")
_GIVEN = frozenset({"features", "models"})
"""What a model may be given by name, because it cannot do without."""


@dataclass(frozen=True, slots=True)
class Found:
    """A model class, or a module that a missing package keeps from being looked into."""

    module: str
    cls: type[Any] | None
    missing: str = ""
    """The package that is not installed."""

    def __str__(self) -> str:
        return self.module.rpartition(".")[2] if self.cls is None else self.cls.__name__

    @property
    def knobs(self) -> dict[str, Any]:
        """Defaults of what it is made with, by name; what has none is missing here."""
        made_with = [one for one in fields(self.cls or Found) if one.init and not one.name.startswith("_")]
        return {one.name: one.default for one in made_with if one.default is not MISSING}

    @property
    def without_default(self) -> list[str]:
        """What has to be said when it is made and is no knob that may be left alone."""
        needed = _GIVEN & getattr(self.cls, "needs", frozenset())
        return [
            one.name
            for one in fields(self.cls or Found)
            if one.init and one.default is MISSING and one.default_factory is MISSING and one.name not in needed
        ]


def find_models(package: str = METHODS) -> list[Found]:
    """Every class of the package and the packages below it that has a `kind` and the verbs of a model.

    A class counts where it is defined, not where it is imported; names that start with ``_`` are no models but parts
    of them. A module that cannot be imported for want of PyTorch is found without a class.
    """
    found = []
    for name in _modules(import_module(package)):
        try:
            found += [Found(name, one) for one in _classes(import_module(name))]
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "torch":
                raise
            found.append(Found(name, None, "torch"))
    return found


def _modules(package: ModuleType) -> Iterator[str]:
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield info.name
        if info.ispkg:
            yield from _modules(import_module(info.name))


def _classes(module: ModuleType) -> Iterator[type[Any]]:
    for name, one in vars(module).items():
        own = inspect.isclass(one) and one.__module__ == module.__name__ and not name.startswith("_")
        if own and isinstance(getattr(one, "kind", None), str) and all(hasattr(one, verb) for verb in _VERBS):
            yield one
