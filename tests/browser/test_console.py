"""The console, live: figures move, and nothing that somebody looks at or holds is taken away."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.browser.conftest import House, Visitor

from matinee.base.progress import reporting_to, working
from matinee.base.work import WorkJournal


def test_the_plot_is_live_and_keeps_its_tooltip(enter: Callable[..., Visitor], house: House) -> None:
    boss = enter("boss", "Boss")
    boss.go("/console/events?seconds=60")
    boss.page.wait_for_selector("[data-live=state][data-is=live]")
    boss.until("document.querySelectorAll('.keys-of-plot b').length === 3")
    box = boss.page.locator(".plot").bounding_box()
    boss.page.mouse.move(box["x"] + box["width"] - 40, box["y"] + 120)
    boss.page.wait_for_selector(".tip:visible")
    boss.page.focus(".chips a >> nth=1")
    first = boss.page.inner_text(".tip b")
    viewer = enter("family", "Ada")
    viewer.go("/")
    boss.until(f"document.querySelector('.tip b').textContent !== '{first}'")  # the same place, later figures
    assert boss.page.is_visible(".tip")
    assert boss.page.evaluate("document.activeElement.textContent") == "5 minutes"
    boss.until("Number(document.querySelector('.keys-of-plot').children[1].querySelector('b').textContent) >= 0")


def test_work_is_shown_while_it_runs(enter: Callable[..., Visitor], house: House) -> None:
    boss = enter("boss", "Boss")
    boss.go("/console/work")
    go_on = threading.Event()

    def work() -> None:
        with (
            WorkJournal(house.workspace.backends.tables) as journal,
            reporting_to(journal),
            working("encoding a very long film", 200, "shots") as task,
        ):
            task.advance(50)
            go_on.wait(60)
            task.advance(150)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        row = boss.page.locator("tr", has_text="Encoding a very long film").first
        row.wait_for()
        boss.until("[...document.querySelectorAll('.work progress')].some(one => one.value === 25)")
        assert "50 of 200 shots" in row.inner_text()
        boss.page.evaluate("document.querySelector('.work tbody tr').dataset.mine = 'kept'")
        go_on.set()
        boss.until("document.querySelector('.work tr[data-mine] .state').textContent === 'done'")  # the same row
    finally:
        go_on.set()
        thread.join()


def test_the_state_of_the_table_is_in_the_address(enter: Callable[..., Visitor]) -> None:
    boss = enter("boss", "Boss")
    boss.go("/console/catalogue")
    boss.page.fill("[name=q]", "Western")
    boss.page.select_option("[name=playable]", "no")
    boss.page.click("text=Filter")
    boss.page.click("th >> text=Year")
    first = boss.page.inner_text("tbody tr:first-child")
    assert boss.page.get_attribute("th[aria-sort]:not([aria-sort=none])", "aria-sort") == "descending"
    again = enter("boss", "Boss")
    again.page.goto(boss.page.url)
    assert again.page.inner_text("tbody tr:first-child") == first
    years = [int(text) for text in boss.page.locator("tbody tr td:nth-child(4)").all_inner_texts()]
    assert years == sorted(years, reverse=True)
    boss.page.click("th >> text=Year")
    assert boss.page.get_attribute("th[aria-sort]:not([aria-sort=none])", "aria-sort") == "ascending"


def test_an_empty_answer_says_what_to_do(enter: Callable[..., Visitor]) -> None:
    boss = enter("boss", "Boss")
    boss.go("/console/catalogue?q=nosuchtitle")
    assert "Clear the filters" in boss.page.inner_text("main")
    boss.go("/console/work")
    assert "matinee scan" in boss.page.inner_text("main")
