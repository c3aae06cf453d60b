"""The examples in the documentation of media run."""

import doctest
import importlib
import pkgutil

import pytest

from matinee import media


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(media.__path__)])
def test_examples(name: str) -> None:
    module = importlib.import_module(f"matinee.media.{name}")
    assert doctest.testmod(module).failed == 0
