"""The examples in the documentation of encoding do run."""

import doctest
import importlib
import pkgutil

import pytest

from matinee import encoding


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(encoding.__path__)])
def test_examples(name: str) -> None:
    module = importlib.import_module(f"matinee.encoding.{name}")
    assert doctest.testmod(module).failed == 0
