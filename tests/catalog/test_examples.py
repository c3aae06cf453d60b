"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import matinee.catalog

MODULES = [
    name for _, name, _ in pkgutil.walk_packages(matinee.catalog.__path__, "matinee.catalog.") if "0001" not in name
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
