"""Every page in both themes, judged by axe-core for WCAG 2.2 A and AA."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from tests.browser.conftest import AXE, House, Visitor

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async tags => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  const said = node => [...node.any, ...node.all, ...node.none].map(one => one.message).join("; ");
  return found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target}: ${said(node)}`));
}"""
SCHEMES = pytest.mark.parametrize("scheme", ["dark", "light"])


def faults(visitor: Visitor) -> list[str]:
    """What axe-core finds on the page as it stands, and where headings leave out a level."""
    visitor.page.wait_for_timeout(250)  # transitions end; colours half way are nobody's
    visitor.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = visitor.page.evaluate(RUN, TAGS)
    where = visitor.page.url.removeprefix(visitor.address)
    return [f"{where} {one}" for one in [*found, *outline(visitor.page)]]


def outline(page: Any) -> Iterator[str]:
    """Faults of structure that axe-core counts as best practice only."""
    levels = page.eval_on_selector_all(
        "h1, h2, h3, h4", "all => all.filter(one => one.checkVisibility()).map(one => Number(one.tagName[1]))"
    )
    if levels.count(1) != 1:
        yield f"has {levels.count(1)} headings of the first level"
    for above, below in pairwise(levels):
        if below > above + 1:
            yield f"goes from h{above} to h{below}"
    if page.locator("main").count() != 1:
        yield "has no main landmark, or several"
    if not page.title().strip():
        yield "has no title"


def judge(visitor: Visitor, paths: list[str]) -> None:
    found: list[str] = []
    for path in paths:
        visitor.go(path)
        found += faults(visitor)
    assert not found, "\n".join(found)


def test_the_judge_sees_what_is_wrong(enter: Callable[..., Visitor]) -> None:
    stranger = enter()
    stranger.go("/sign-in")
    stranger.page.evaluate(
        "document.querySelector('label').style.color = '#222'; document.querySelector('h1').remove()"
    )
    found = faults(stranger)
    assert any("color-contrast" in one for one in found)
    assert any("0 headings of the first level" in one for one in found)


@SCHEMES
def test_the_foyer(enter: Callable[..., Visitor], house: House, scheme: str) -> None:
    stranger = enter(color_scheme=scheme)
    stranger.expected = ("401",)
    judge(stranger, ["/sign-in"])
    stranger.page.fill("#email", "nobody@example.org")
    stranger.page.fill("#password", "wrong password")
    stranger.page.click("main form button")
    stranger.page.wait_for_selector("[role=alert]")
    assert faults(stranger) == []
    judge(enter("family", color_scheme=scheme), ["/viewers", "/viewers/new", f"/viewers/{house.viewers['Ada'].id}"])


@SCHEMES
def test_the_pages(enter: Callable[..., Visitor], house: House, scheme: str) -> None:
    visitor = enter("family", "Ada", color_scheme=scheme)
    visitor.expected = ("404", "403")
    title = house.titles
    judge(
        visitor,
        [
            "/",
            f"/title/{title['Lanterns']}",
            f"/title/{title['Five Doors']}",
            f"/title/{title['A Western Number 6']}",
            "/search",
            "/search?q=lantrens",
            "/search?q=zzzzzzzz",
            "/browse",
            "/browse?genre=Horror&sort=name",
            "/browse?genre=Nothing",
            "/list",
            "/title/999999",
            "/no-such-page",
            "/console",
        ],
    )


@SCHEMES
def test_the_pages_with_things_begun_and_kept(enter: Callable[..., Visitor], house: House, scheme: str) -> None:
    visitor = enter("family", "Ben", color_scheme=scheme)
    request = visitor.page.context.request
    film = house.titles["Lanterns"]
    assert request.put(f"/api/list/{film}").status == 204
    assert request.put(f"/api/titles/{film}/thumb", data={"value": 1}).status == 204
    begun = {"kind": "play", "id": f"begun-{scheme}", "at_ms": 1_700_000_000_000, "title_id": film, "play": "play-0001"}
    left = {**begun, "kind": "stop", "id": f"left-{scheme}", "position_s": 30.0, "duration_s": 60.0}
    assert request.post("/api/events", data=[begun, left]).status == 202
    judge(visitor, ["/", f"/title/{film}", "/list"])
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    judge(visitor, ["/", f"/title/{film}", "/list", "/browse"])
    visitor.go("/")
    visitor.page.click("#menu summary")
    assert faults(visitor) == []


@SCHEMES
def test_the_player(enter: Callable[..., Visitor], house: House, scheme: str) -> None:
    visitor = enter("family", "Cleo", color_scheme=scheme)
    visitor.go(f"/watch/{house.titles['Night Ferry']}")
    visitor.playing()
    visitor.page.keyboard.press("Space")
    assert faults(visitor) == []
    for menu in ("captions", "quality"):
        visitor.page.click(f"[data-menu={menu}]")
        assert faults(visitor) == []
        visitor.page.keyboard.press("Escape")
    visitor.page.keyboard.press("?")
    assert faults(visitor) == []


@SCHEMES
def test_the_console(enter: Callable[..., Visitor], house: House, scheme: str) -> None:
    boss = enter("boss", "Boss", color_scheme=scheme)
    pages = ["", "/catalogue", "/catalogue?q=zzzzzz", "/work", "/events", "/viewers", "/viewers?q=zzzzzz", "/accounts"]
    judge(boss, [f"/console{page}" for page in pages])
    boss.go("/console/viewers")
    boss.page.get_by_role("button", name="View as Kit").click()
    boss.page.wait_for_selector(".banner")
    assert faults(boss) == []
    boss.page.set_viewport_size({"width": 390, "height": 844})
    judge(boss, ["/console", "/console/catalogue"])
