"""The console on taste in a browser: accessible in both themes, the map by mouse and keyboard, rolling back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.browser.conftest import House, Visitor
from tests.browser.test_accessible import SCHEMES, judge

from matinee.base.clock import now_ms
from matinee.base.ids import new_id
from matinee.events.records import Rating
from matinee.server.context import RNG

INK = """() => {
  const canvas = document.querySelector("canvas");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at]) sum += at % 9973;
  return sum;
}"""
"""A number that changes with what is drawn; 0 where nothing is."""


@pytest.fixture(scope="module", autouse=True)
def trained(house: House) -> None:
    """Everybody has an opinion of every third title; two versions lie on the shelf."""
    now = now_ms()
    films = [id_ for name, id_ in house.titles.items() if "Number" in name or name in {"Lanterns", "Night Ferry"}]
    house.workspace.service("events").record(
        [
            Rating(
                id=new_id(now, RNG), viewer_id=viewer.id, at_ms=now, title_id=film, stars=1 + (film * (place + 2)) % 5
            )
            for place, viewer in enumerate(house.viewers.values())
            for film in films[place % 3 :: 3]
        ]
    )
    service = house.workspace.service("recommendation")
    for later in (0, 1):
        service.train(now + later, np.random.default_rng(0))


@SCHEMES
def test_the_pages_are_for_everybody(enter: Callable[..., Visitor], house: House, scheme: str) -> None:
    boss = enter("boss", "Boss", color_scheme=scheme)
    ada = house.viewers["Ada"].id
    pages = ["", "/rollback", "/viewers", "/viewers?q=zzzz", f"/viewers/{ada}", f"/map?viewer={ada}"]
    judge(boss, [f"/console/taste{page}" for page in pages])
    boss.page.set_viewport_size({"width": 390, "height": 844})
    for page in pages:
        boss.go(f"/console/taste{page}")
        assert boss.page.evaluate("document.documentElement.scrollWidth") <= 390, page
    judge(boss, [f"/console/taste/viewers/{ada}", "/console/taste/map"])


def test_the_map_moves_zooms_names_and_finds(enter: Callable[..., Visitor]) -> None:
    boss = enter("boss", "Boss")
    page = boss.page
    boss.go("/console/taste/map")
    boss.until(f"({INK})() > 0")
    drawn = [page.evaluate(INK)]
    page.focus("canvas")
    for key in ("+", "ArrowLeft", "ArrowDown", "-"):
        page.keyboard.press(key)
        boss.until(f"({INK})() !== {drawn[-1]}")
        drawn.append(page.evaluate(INK))
    page.keyboard.press("0")
    boss.until(f"({INK})() === {drawn[0]}")  # all of it again
    page.fill("#atlas-find", "Western Number 6")
    boss.until("document.querySelectorAll('.atlas-list li:not([hidden])').length === 1")
    assert "1 title called" in page.inner_text("#atlas-said")
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # what was found came to the middle
    page.wait_for_selector(".atlas .tip:not([hidden])")
    assert "A Western Number 6" in page.inner_text(".atlas .tip")
    page.fill("#atlas-find", "")
    key = page.locator(".atlas-key").first
    before = page.evaluate(INK)
    key.click()
    assert key.get_attribute("aria-pressed") == "false"
    boss.until(f"({INK})() !== {before}")


def test_a_page_is_explained_for_a_screen_and_an_hour(enter: Callable[..., Visitor], house: House) -> None:
    boss = enter("boss", "Boss")
    boss.go("/console/taste/viewers")
    boss.page.fill("[name=q]", "Ada")
    boss.page.keyboard.press("Enter")
    boss.page.wait_for_url(f"**/console/taste/viewers/{house.viewers['Ada'].id}")
    boss.page.select_option("[name=device]", "tv")
    boss.page.select_option("[name=hour]", "21")
    boss.page.click("text=Show")
    boss.page.wait_for_url("**device=tv&hour=21")
    assert boss.page.input_value("[name=hour]") == "21"
    assert boss.page.locator(".explained tbody tr").count() > 3


def test_rolling_back_is_confirmed(enter: Callable[..., Visitor]) -> None:
    boss = enter("boss", "Boss", java_script_enabled=False)
    boss.go("/console/taste")
    served = boss.page.inner_text(".served h2")
    boss.page.click("text=Roll back")
    boss.page.click("text=Leave it as it is")
    assert boss.page.inner_text(".served h2") == served
    boss.page.click("text=Roll back")
    boss.page.click("button.velvet")
    boss.page.wait_for_url("**/console/taste")
    assert boss.page.inner_text(".served h2") < served
