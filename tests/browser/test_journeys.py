"""Journeys over the pages: with the keyboard alone, without JavaScript, and with nothing that jumps."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.conftest import PASSWORD, House, Visitor

SHIFT = """() => new Promise(resolve => {
  let sum = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(sum), 400);
})"""


def focused(visitor: Visitor) -> str:
    found: str = visitor.page.evaluate("document.activeElement.getAttribute('href') ?? document.activeElement.id")
    return found


def test_with_the_keyboard_alone(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter()
    keys = visitor.page.keyboard
    visitor.go("/")
    assert visitor.page.url.endswith("/sign-in")
    visitor.until("document.activeElement.name === 'email'")  # the first field has the focus
    keys.type("family@example.org")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    visitor.page.wait_for_url("**/viewers")
    visitor.page.get_by_role("button", name="Ada", exact=True).focus()
    keys.press("Enter")
    visitor.page.wait_for_url(visitor.address + "/")

    keys.press("Tab")
    assert focused(visitor) == "#main"  # the first stop leads past the navigation
    keys.press("Enter")
    for _ in range(8):
        keys.press("Tab")
        if visitor.page.evaluate("document.activeElement.matches('.tile > a:first-child')"):
            break
    first = focused(visitor)
    keys.press("ArrowRight")
    second = focused(visitor)
    assert first != second
    assert second.startswith("/title/")
    keys.press("ArrowLeft")
    assert focused(visitor) == first
    row = "document.activeElement.closest('[data-row]').dataset.row"
    above = visitor.page.evaluate(row)
    keys.press("ArrowDown")
    below = visitor.page.evaluate(row)
    assert above != below
    keys.press("Tab")  # the question of the tile, and then Tab leaves the row: nobody is trapped
    assert visitor.page.evaluate("document.activeElement.matches('.ask')")
    keys.press("Tab")
    assert visitor.page.evaluate("document.activeElement.closest('[data-row]')?.dataset.row ?? ''") != below
    keys.press("Shift+Tab")
    keys.press("Shift+Tab")
    chosen = focused(visitor)
    keys.press("Enter")
    visitor.page.wait_for_url(f"**{chosen}")


def test_without_javascript(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter(java_script_enabled=False)
    page = visitor.page
    film = house.titles["Lanterns"]
    visitor.go(f"/title/{film}")
    assert "/sign-in?next=" in page.url
    page.fill("#email", "family@example.org")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.get_by_role("button", name="Cleo", exact=True).click()
    page.wait_for_url(f"**/title/{film}")  # led on to what was asked first
    page.click(f"#list-{film}")
    page.wait_for_selector(f"#list-{film}[aria-pressed=true]")
    page.click(f"#up-{film}")
    page.wait_for_selector(f"#up-{film}[aria-pressed=true]")
    page.click("nav >> text=My list")
    page.wait_for_url("**/list")
    assert page.locator(".tile .name").all_inner_texts() == ["Lanterns"]
    page.goto("/search")
    page.fill("#q", "nigth fery")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    assert "Night Ferry" in page.locator(".tile .name").all_inner_texts()
    page.click("nav >> text=Browse")
    page.wait_for_url("**/browse")
    page.click(".chips >> text=Western")
    page.wait_for_url("**/browse?genre=Western")
    assert all("Western" in name for name in page.locator(".tile .name").all_inner_texts())
    page.goto("/")
    page.locator(".row .tile a[href^='/title/']").first.click()
    page.wait_for_url("**/title/*")
    assert page.locator("h1").count() == 1
    page.goto(f"/watch/{film}")
    assert "needs JavaScript" in page.inner_text("main")
    page.goto("/viewers/new")
    page.fill("#name", "Gus")
    page.check("[name=child]")
    page.click("text=Save")
    page.wait_for_url("**/viewers/*/taste")
    page.click(".pick-bar >> text=Skip")
    page.wait_for_url("**/viewers")
    assert page.get_by_role("button", name="Gus").count() == 1
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


def test_nothing_jumps_on_the_home_page(enter: Callable[..., Visitor]) -> None:
    visitor = enter("family", "Ada")
    for width, height in ((1440, 900), (390, 844)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        visitor.go("/")
        assert visitor.page.evaluate(SHIFT) < 0.02
        visitor.page.mouse.wheel(0, 1200)
        assert visitor.page.evaluate(SHIFT) < 0.02


def test_nothing_is_wider_than_the_screen(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("boss", "Boss")
    paths = ["/", f"/title/{house.titles['Lanterns']}", "/browse", "/search?q=a", "/list", "/viewers", "/console"]
    for width in (360, 768, 2560):
        visitor.page.set_viewport_size({"width": width, "height": 900})
        for path in [*paths, "/console/catalogue", "/console/viewers"]:
            visitor.go(path)
            wide = visitor.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} pixels wide on a screen of {width}"


def test_searching_as_one_types(enter: Callable[..., Visitor]) -> None:
    visitor = enter("family", "Ada")
    visitor.go("/search")
    visitor.page.type("#q", "lantrens", delay=20)
    visitor.until("[...document.querySelectorAll('#results .name')].some(one => one.textContent === 'Lanterns')")
    assert visitor.page.url.endswith("?q=lantrens")  # the address can be passed on
    assert focused(visitor) == "q"
    assert "for “lantrens”" in visitor.page.inner_text("[role=status]#found")


def test_my_list_without_a_reload(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Emil")
    film = house.titles["Night Ferry"]
    visitor.go(f"/title/{film}")
    visitor.page.evaluate("window.stayed = true")
    for pressed in ("true", "false"):
        visitor.page.focus(f"#list-{film}")
        visitor.page.keyboard.press("Enter")
        visitor.page.wait_for_selector(f"#list-{film}[aria-pressed='{pressed}']")
        visitor.until(f"document.activeElement.id === 'list-{film}'")  # the focus stays where it was
    assert visitor.page.evaluate("window.stayed") is True


def test_a_title_without_a_picture_has_a_poster(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Ada")
    visitor.go("/browse?genre=Western")
    visitor.until("[...document.querySelectorAll('.tile img')].every(one => one.complete && one.naturalWidth)")
    shown = visitor.page.eval_on_selector_all(
        ".tile img", "all => all.map(one => [one.getAttribute('src'), one.complete && one.naturalWidth])"
    )
    assert shown
    assert all(source.startswith("/art/wide/western-") and width for source, width in shown)


def test_a_child_sees_nothing_for_grown_ups(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Kit")
    visitor.expected = ("404", "403")
    visitor.go("/browse")
    names = visitor.page.locator(".tile .name").all_inner_texts()
    assert "Lanterns" in names
    assert "Night Ferry" not in names
    for path in (f"/title/{house.titles['Night Ferry']}", f"/watch/{house.titles['Night Ferry']}"):
        assert visitor.page.goto(path).status == 404
        assert "Night Ferry" not in visitor.page.inner_text("body")
    assert visitor.page.goto("/viewers/new").status == 403


def test_the_theme_can_be_chosen(enter: Callable[..., Visitor]) -> None:
    visitor = enter("family", "Ada", color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    visitor.go("/browse")
    assert visitor.page.evaluate(ground) == "rgb(250, 247, 242)"
    visitor.page.click("#menu summary")
    visitor.page.click("text=Evening")
    visitor.until(f"{ground} === 'rgb(18, 16, 15)'")
    assert visitor.page.url.endswith("/browse")
