"""The examples in the documentation of encoding do run."""

import doctest
import importlib
import pkgutil

import pytest

from matinee import encoding


@pytest.mark.parametrize("name", [one.name for one in pkgutil.walk_packages(encoding.__path__, "matinee.encoding.")])
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
