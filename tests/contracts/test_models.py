"""Every model of taste against one suite; a file added to the methods is tested without a line added here."""

from __future__ import annotations

import pytest

from matinee.testing.finding import Found, find_models
from matinee.testing.models import ModelContract


class TestModels(ModelContract):
    @pytest.fixture(params=find_models(), ids=str, scope="class")
    def found(self, request: pytest.FixtureRequest) -> Found:
        found: Found = request.param
        return found
