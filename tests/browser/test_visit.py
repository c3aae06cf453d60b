"""The visit that `matinee demo --check` makes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.browser.conftest import PASSWORD, House

from matinee.workflows.visit import Verdict, visit


def visited(house: House, password: str, folder: Path) -> Verdict:
    """A visit in a thread of its own: Playwright allows one browser at work in each."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(visit, house.address, "boss@example.org", password, folder).result()


def test_a_visit_finds_everything_in_order(house: House, tmp_path: Path) -> None:
    verdict = visited(house, PASSWORD, tmp_path)
    assert verdict.passed, "\n".join(f"{one.name}: {one.words}" for one in verdict.checks if not one.passed)
    names = [check.name for check in verdict.checks]
    assert names[:2] == ["sign in", "home"]
    assert {"play", "rows changed", "search", "my list", "console", "nothing amiss"} <= set(names)
    assert all(check.screenshot and check.screenshot.stat().st_size > 1000 for check in verdict.checks)


def test_a_visit_says_what_is_wrong(house: House, tmp_path: Path) -> None:
    verdict = visited(house, "not the password", tmp_path)
    assert not verdict.passed
    assert "no account" in verdict.checks[0].words
    assert [check.name for check in verdict.checks] == ["sign in", "nothing amiss"]
