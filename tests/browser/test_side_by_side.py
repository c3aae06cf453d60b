"""Two encodes side by side in a browser: playing in step, the divider, other pairs, the plots, all by keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.browser.conftest import House, Visitor
from tests.browser.test_accessible import SCHEMES, faults, judge
from tests.encoding.shots import GOAL

from matinee.encoding.compared import Compared
from matinee.encoding.plans.rungs import Placing

WAYS = ("fixed", "title", "equal", "mixed")
RATE = 25

# When each film shows a frame, what its time is: what people see, not what the scripts of the page believe.
WATCHED = """() => {
  window.shown = [null, null];
  window.apart = [];
  document.querySelectorAll("[data-duel] video").forEach((film, place) => {
    const note = (_, frame) => {
      window.shown[place] = frame.mediaTime;
      const [one, other] = window.shown;
      if (!film.paused && one !== null && other !== null) window.apart.push(Math.abs(one - other));
      film.requestVideoFrameCallback(note);
    };
    film.requestVideoFrameCallback(note);
  });
}"""
SHOWN = "window.shown.map(one => Math.round(one * 25))"
CLIPPED = "document.querySelector('.duel-side[data-side=right]').computedStyleMap().get('clip-path').toString()"


@pytest.fixture(scope="module", autouse=True)
def compared(house: House) -> Compared:
    """The Tin Parade, eight seconds, encoded in four ways."""
    service, title = house.workspace.service("encoding"), house.titles["The Tin Parade"]
    service.compare(title, WAYS, replace(GOAL, placing=Placing(most=4, step=8)))
    found: Compared = service.comparison(title)
    return found


@pytest.fixture
def boss(enter: Callable[..., Visitor], compared: Compared) -> Visitor:
    """An operator before the page, with both films loaded."""
    visitor = enter("boss", "Boss")
    visitor.go(f"/console/encoding/{compared.title_id}?left=fixed&right=title")
    ready(visitor)
    return visitor


def ready(visitor: Visitor, state: str = "paused") -> None:
    visitor.until(f"document.querySelector('[data-duel]').dataset.state === '{state}'")


def frame(visitor: Visitor) -> int:
    return int(visitor.page.inner_text("[data-say=frame]").removeprefix("frame "))


def test_both_play_in_step(boss: Visitor) -> None:
    boss.page.evaluate(WATCHED)
    boss.page.click("[data-do=play]")
    ready(boss, "playing")
    boss.until("window.shown[0] > 3 && window.shown[1] > 3 && window.apart.length > 50")  # it goes on for eight seconds
    boss.page.click("[data-do=play]")
    ready(boss)
    apart = boss.page.evaluate("window.apart.slice(10).sort((one, other) => one - other)")
    # Frames of two films are never painted at one moment, so that one may be ahead by the one that comes next; a busy
    # machine leaves some out.
    assert apart[len(apart) // 2] <= 2.01 / RATE
    boss.until(
        f"{SHOWN}.every(one => one === {frame(boss)})"
    )  # and paused they show the very same frame, the one named


def test_one_that_is_thrown_off_comes_back(boss: Visitor) -> None:
    boss.page.click("[data-do=play]")
    ready(boss, "playing")
    boss.until("document.querySelector('video').currentTime > .5")
    boss.page.evaluate("document.querySelectorAll('video')[1].currentTime += .15")
    off = (
        "const [one, other] = document.querySelectorAll('video'); return Math.abs(one.currentTime - other.currentTime)"
    )
    boss.until(f"(() => {{ {off} < .02 && !one.paused && !other.paused }})()")


def test_frames_are_stepped_through_by_keys(boss: Visitor) -> None:
    boss.page.evaluate(WATCHED)
    for _ in range(5):
        boss.page.keyboard.press(".")
    boss.page.keyboard.press(",")
    boss.until("window.shown.every(one => one !== null && Math.round(one * 25) === 4)")
    assert frame(boss) == 4
    boss.page.focus("[data-seek]")
    boss.page.keyboard.press("ArrowRight")
    boss.until("window.shown.every(one => Math.round(one * 25) === 29)")
    boss.page.keyboard.press("Space")
    ready(boss, "playing")
    boss.page.keyboard.press("Space")
    ready(boss)
    boss.page.keyboard.press("End")
    boss.until("window.shown.every(one => Math.round(one * 25) === 199)")
    boss.page.keyboard.press("Space")  # from the beginning again
    ready(boss, "playing")
    boss.until("window.shown.every(one => one < 4)")


def test_the_film_ends_and_both_stand_still(boss: Visitor) -> None:
    boss.page.evaluate("document.querySelector('[data-seek]').value = 7.4")
    boss.page.dispatch_event("[data-seek]", "input")
    ready(boss)
    boss.page.keyboard.press("Space")
    ready(boss, "playing")
    ready(boss)
    assert frame(boss) == 199


def test_the_divider_moves_by_pointer_and_keys(boss: Visitor) -> None:
    divider = boss.page.locator(".duel-divider")
    box = boss.page.locator(".duel-stage").bounding_box()
    handle = divider.bounding_box()
    boss.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    boss.page.mouse.down()
    boss.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 20, steps=4)
    boss.page.mouse.up()
    assert divider.get_attribute("aria-valuenow") == "80"
    assert "80%" in boss.page.evaluate(CLIPPED)
    assert divider.get_attribute("aria-valuetext") == "80 % fixed, 20 % title"
    boss.page.mouse.move(box["x"] + 10, box["y"] + 20)  # nothing is held any more
    assert divider.get_attribute("aria-valuenow") == "80"
    divider.focus()
    for key, value in (
        ("ArrowLeft", "78"),
        ("Shift+ArrowLeft", "68"),
        ("Home", "0"),
        ("End", "100"),
        ("ArrowUp", "100"),
    ):
        boss.page.keyboard.press(key)
        assert divider.get_attribute("aria-valuenow") == value, key
    boss.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + 60)
    assert divider.get_attribute("aria-valuenow") == "25"


def test_both_sides_show_their_own_film(boss: Visitor) -> None:
    paint = """() => {
      const read = film => {
        const canvas = Object.assign(document.createElement("canvas"), {width: 64, height: 36});
        const pen = canvas.getContext("2d");
        pen.drawImage(film, 0, 0, 64, 36);
        return [...pen.getImageData(0, 0, 64, 36).data];
      };
      const [one, other] = [...document.querySelectorAll("[data-duel] video")].map(read);
      return [one.some(value => value > 20 && value < 235), one.map((value, at) => Math.abs(value - other[at]))
        .reduce((sum, value) => sum + value) / one.length];
    }"""
    pictured, apart = boss.page.evaluate(paint)
    assert pictured
    assert 0 < apart < 30  # of 255: two encodes of the same picture
    boxes = [one.bounding_box() for one in boss.page.locator("[data-duel] video").all()]
    assert boxes[0] == boxes[1]


def test_a_jump_goes_to_where_they_differ_most(boss: Visitor, compared: Compared) -> None:
    pair = next(one for one in compared.pairs if one.ways == ("fixed", "title"))
    boss.page.evaluate(WATCHED)
    boss.page.click("[data-do=apart]")
    wanted = int(pair.most_apart_s * RATE + 1e-4)
    boss.until(f"window.shown.every(one => one !== null && Math.round(one * 25) === {wanted})")
    assert frame(boss) == wanted


def test_the_picture_is_enlarged_and_moved(boss: Visitor) -> None:
    video, stage = boss.page.locator("video").first, boss.page.locator(".duel-stage")
    assert video.bounding_box()["width"] == pytest.approx(stage.bounding_box()["width"], abs=1)
    boss.page.click(".duel-zoom label >> nth=2")
    assert video.bounding_box()["width"] == 640  # twice the 320 pixels of the original
    boss.page.keyboard.press("z")
    boss.page.keyboard.press("z")
    assert video.bounding_box()["width"] == 320
    boss.page.set_viewport_size({"width": 500, "height": 900})
    boss.page.keyboard.press("z")
    before = video.bounding_box()["x"]
    stage.focus()
    boss.page.keyboard.press("ArrowRight")
    assert video.bounding_box()["x"] == pytest.approx(before - 40, abs=1)
    box = stage.bounding_box()
    boss.page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 30)
    boss.page.mouse.down()
    boss.page.mouse.move(box["x"] + 60, box["y"] + box["height"] - 30)
    boss.page.mouse.up()
    assert video.bounding_box()["x"] == pytest.approx(before - 20, abs=1)
    for _ in range(30):
        boss.page.focus(".duel-stage")
        boss.page.keyboard.press("ArrowLeft")
    assert video.bounding_box()["x"] == pytest.approx(box["x"], abs=1)  # and no further


def test_another_pair_is_chosen(boss: Visitor, compared: Compared) -> None:
    def sources() -> list[str]:
        found = boss.page.eval_on_selector_all("[data-duel] video", "all => all.map(one => one.currentSrc)")
        return [str(one).rsplit("/", 1)[1] for one in found]

    def expected(left: str, right: str) -> list[str]:
        pair = next(one for one in compared.pairs if set(one.ways) == {left, right})
        rungs = dict(zip(pair.ways, pair.rungs, strict=True))
        ways = {one.way: one for one in compared.ways}
        return [ways[way].rungs[rungs[way]].file for way in (left, right)]

    assert sources() == expected("fixed", "title")
    for _ in range(10):
        boss.page.keyboard.press(".")
    boss.page.select_option("[name=right]", "equal")
    ready(boss)
    assert sources() == expected("fixed", "equal")
    assert frame(boss) == 10  # the same place in other films
    assert boss.page.url.endswith("?left=fixed&right=equal")
    boss.page.keyboard.press("Tab")
    boss.page.locator("h1").click()
    boss.page.keyboard.press("s")
    ready(boss)
    assert sources() == expected("equal", "fixed")
    boss.page.select_option("[name=left]", "fixed")  # which stood on the right: they change places
    ready(boss)
    assert sources() == expected("fixed", "equal")
    assert [boss.page.input_value(f"[name={side}]") for side in ("left", "right")] == ["fixed", "equal"]
    label = boss.page.inner_text("[data-label=right]")
    assert label.startswith("equal")
    boss.page.keyboard.press("Space")
    boss.page.reload()
    ready(boss)
    assert sources() == expected("fixed", "equal")


def test_a_film_that_the_browser_cannot_show_is_said(boss: Visitor) -> None:
    boss.page.route("**/films/*/equal-*.mp4", lambda route: route.fulfill(body=b"no film", content_type="video/mp4"))
    boss.page.select_option("[name=right]", "equal")
    boss.page.wait_for_selector(".duel-note:visible")
    assert "This browser cannot show H.264" in boss.page.inner_text(".duel-note")
    boss.page.select_option("[name=right]", "title")
    ready(boss)
    assert not boss.page.is_visible(".duel-note")
    boss.page.unroute("**/films/*/equal-*.mp4")
    boss.page.select_option("[name=right]", "equal")
    ready(boss)


def test_plots_share_a_cursor_and_a_click_goes_there(boss: Visitor, compared: Compared) -> None:
    boss.page.locator("[data-plot=bits]").scroll_into_view_if_needed()
    inside = boss.page.locator("[data-plot=quality] .u-over").bounding_box()
    boss.page.mouse.move(inside["x"] + inside["width"] / 2, inside["y"] + 60)
    boss.page.wait_for_selector("[data-plot=quality] .tip:visible")
    boss.page.wait_for_selector("[data-plot=bits] .tip:visible")
    assert "Unit" in boss.page.inner_text("[data-plot=bits] .tip")
    words = boss.page.inner_text("[data-plot=quality] .tip")
    assert words.startswith("0:04.0")
    assert "fixed" in words
    assert "title" in words
    boss.page.mouse.click(inside["x"] + inside["width"] / 2, inside["y"] + 60)
    ready(boss)
    assert frame(boss) == pytest.approx(100, abs=2)
    line = boss.page.locator("[data-plot=bits] .now").bounding_box()
    assert line["x"] == pytest.approx(inside["x"] + inside["width"] / 2, abs=inside["width"] / 8 / RATE + 3)
    boss.page.locator("[data-plot=hull]").scroll_into_view_if_needed()
    hull = boss.page.locator("[data-plot=hull] .u-over").bounding_box()
    for share in range(0, 100, 2):  # somewhere on the hull a point tells of itself
        for down in range(10, 100, 12):
            boss.page.mouse.move(hull["x"] + hull["width"] * share / 100, hull["y"] + hull["height"] * down / 100)
            if boss.page.is_visible("[data-plot=hull] .tip"):
                assert "kbps" in boss.page.inner_text("[data-plot=hull] .tip")
                return
    pytest.fail("no point of the hull says anything")


def test_figures_that_cannot_be_loaded_are_said(enter: Callable[..., Visitor], compared: Compared) -> None:
    boss = enter("boss", "Boss")
    boss.expected = ("503", "Failed to load resource")
    boss.page.route("**/api/console/encoding/**", lambda route: route.fulfill(status=503, json={"error": "Down."}))
    boss.go(f"/console/encoding/{compared.title_id}")
    boss.page.wait_for_selector(".duel-note:visible")
    assert "Reload the page" in boss.page.inner_text(".duel-note")


@SCHEMES
def test_the_pages_are_for_everybody(enter: Callable[..., Visitor], compared: Compared, scheme: str) -> None:
    boss = enter("boss", "Boss", color_scheme=scheme)
    page = f"/console/encoding/{compared.title_id}"
    judge(boss, ["/console/encoding", page])
    ready(boss)
    assert faults(boss) == []
    boss.page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/console/encoding", page):
        boss.go(path)
        assert boss.page.evaluate("document.documentElement.scrollWidth") <= 390, path
    judge(boss, [page])
