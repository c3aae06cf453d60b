"""Taste in a browser: why a title is there, and what a new profile likes; by keyboard and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.browser.conftest import House, Visitor
from tests.browser.test_accessible import SCHEMES, faults, judge


def test_why_opens_over_the_page_and_gives_the_focus_back(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.go("/")
    page, keys = visitor.page, visitor.page.keyboard
    page.locator(".strip .tile > a:first-child").first.focus()
    keys.press("Tab")
    question = page.evaluate("document.activeElement.getAttribute('href')")
    assert question.startswith("/why/")
    keys.press("Enter")
    page.wait_for_selector("dialog#why[open]")
    assert page.url == visitor.address + "/"
    assert page.get_attribute("dialog#why", "aria-labelledby") == page.locator("dialog h2").first.get_attribute("id")
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.locator("dialog [id^=dislike-]").focus()
    keys.press("Enter")
    page.wait_for_selector("dialog [id^=dislike-][aria-pressed=true]")
    visitor.until("document.activeElement.id.startsWith('dislike-')")  # the focus stays on what was pressed
    keys.press("Enter")
    page.wait_for_selector("dialog [id^=dislike-][aria-pressed=false]")
    keys.press("Escape")
    visitor.until("!document.querySelector('dialog#why').open")
    assert page.evaluate("document.activeElement.getAttribute('href')") == question


def test_why_without_javascript(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora", java_script_enabled=False)
    page = visitor.page
    visitor.go("/browse?genre=Western")
    page.locator(".tile .ask").first.click()
    page.wait_for_url("**/why/*")
    assert page.locator("h1").count() == 1
    where = page.url
    page.locator("[id^=dislike-]").click()
    page.wait_for_url(where)
    assert page.locator("[id^=dislike-][aria-pressed=true]").count() == 1
    page.locator("[id^=dislike-]").click()
    page.get_by_role("button", name="seen it").click()
    page.wait_for_url(where)
    assert page.locator("[id^=seen-][aria-pressed=true]").count() == 1


@SCHEMES
def test_why_and_the_picker_for_everybody(enter: Callable[..., Visitor], house: House, scheme: str) -> None:
    visitor = enter("family", "Dora", color_scheme=scheme)
    film, dora = house.titles["Night Ferry"], house.viewers["Dora"].id
    judge(visitor, [f"/why/{film}", f"/viewers/{dora}/taste", f"/title/{film}"])
    visitor.go("/")
    visitor.page.locator(".strip .tile .ask").first.focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector("dialog#why[open]")
    assert faults(visitor) == []
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    judge(visitor, [f"/why/{film}", f"/viewers/{dora}/taste"])
    for path in (f"/why/{film}", f"/viewers/{dora}/taste"):
        visitor.go(path)
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_picking_brings_more_and_moves_nothing(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Finn")
    page = visitor.page
    visitor.go("/taste")
    before = page.locator(".pick").count()
    place = page.locator(".pick").nth(1).bounding_box()
    for number in range(3):
        page.locator(".pick input").nth(number).focus()
        page.keyboard.press("Space")
        visitor.until(f"document.querySelector('#picked b').textContent === '{number + 1}'")
    visitor.until(f"document.querySelectorAll('.pick').length > {before}")
    assert page.locator(".pick").nth(1).bounding_box() == place
    names = page.locator(".pick input").evaluate_all("all => all.map(one => one.value)")
    assert len(names) == len(set(names))
    picked = page.locator(".pick:has(:checked) .name").all_inner_texts()
    page.get_by_role("button", name="My page").click()
    page.wait_for_url(visitor.address + "/")
    shown = page.inner_text("main")
    assert "Top picks for you" in shown  # the page is theirs; a stranger's has "A good place to start"
    tiles = page.locator(".strip .tile .name").all_inner_texts()
    assert not set(picked) & set(tiles)  # and what they picked is not recommended to them


@pytest.mark.parametrize("script", [True, False])
def test_a_child_picks_from_what_is_allowed(enter: Callable[..., Visitor], house: House, script: bool) -> None:
    visitor = enter("family", "Kit", java_script_enabled=script)
    visitor.go("/taste")
    names = set(visitor.page.locator(".pick .name").all_inner_texts())
    assert names
    assert names <= {"Lanterns", "The Tin Parade", "Five Doors"}
    visitor.page.locator(".pick").first.click()
    visitor.page.get_by_role("button", name="My page").click()
    visitor.page.wait_for_url(visitor.address + "/")
    visitor.go("/taste")
    assert visitor.page.locator(".pick input:checked").count() == 1
    visitor.page.locator(".pick").first.click()
    visitor.page.get_by_role("button", name="Show others").click()


def test_the_clock_and_the_screen_are_told_to_the_server(enter: Callable[..., Visitor]) -> None:
    visitor = enter("family", "Dora", timezone_id="Asia/Kolkata", has_touch=True)
    visitor.go("/")
    kept = {one["name"]: one["value"] for one in visitor.page.context.cookies()}
    assert kept["matinee_here"].split(".")[0] == "330"
