"""The examples in the docstrings of the site hold."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ("accounts", "art", "lettering", "views", "words")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"matinee.server.site.{name}"))
    assert result.attempted
    assert not result.failed
