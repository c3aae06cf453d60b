"""A job in the console while an agent runs it: its log grows, its state changes, and it is killed, without a reload."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from tests.browser.conftest import House, Visitor
from tests.browser.test_accessible import faults
from tests.jobs.conftest import request

from matinee.jobs.service import Service

SHOW = r"""printf '\033[31mred\033[0m <b>not bold</b>\n'; printf '10%%\r20%%\rall of it\n'
seq -f 'reel %06g' 40000; while [ ! -e go ]; do sleep 0.1; done
echo '3 4 reels wound' > $MATINEE_PROGRESS; echo 'the last line'; sleep 300"""


@pytest.fixture(scope="module")
def service(house: House) -> Service:
    made: Service = house.workspace.service("jobs")
    return made


@pytest.fixture(scope="module")
def agent(house: House, service: Service) -> Iterator[None]:
    """An agent in a process of its own."""
    command = [sys.executable, "-m", "matinee", "--workspace", str(house.workspace.root), "jobs", "agent"]
    with (house.workspace.root / "agent.log").open("wb") as log:
        started = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    yield
    started.kill()
    started.wait()


def test_a_job_is_watched_and_killed(enter: Callable[..., Visitor], service: Service, agent: None) -> None:
    graph = service.submit_graph({"show": request(SHOW, name="show"), "then": request("true", after=("show",))})
    boss = enter("boss", "Boss", color_scheme="dark")
    boss.go(f"/console/jobs/{graph['show'].id}")
    boss.page.evaluate("window.mine = true")
    boss.page.click("summary")
    boss.page.focus("#rerun button")
    boss.until("document.querySelector('#standing .job-state').textContent.trim() === 'running'")
    boss.until("document.querySelector('.log-pane pre').textContent.endsWith('reel 040000\\n')")
    log = boss.page.evaluate("document.querySelector('.log-pane pre').textContent")
    assert len(log) < 300_000  # the end of it
    assert log.startswith("… ")
    assert "\nreel 030000\n" in log
    assert boss.page.is_hidden(".log-pane button")
    boss.page.evaluate("document.querySelector('.log-pane pre').scrollTop = 100")
    boss.page.wait_for_selector(".log-pane button:visible")
    (service.folder(graph["show"].id).path("run").parent / "go").touch()
    boss.until("document.querySelector('.log-pane pre').textContent.endsWith('the last line\\n')")
    boss.until("document.querySelector('#standing progress')?.value === 75")
    boss.until("document.querySelector('.sketch .here').textContent.includes('75 %')")
    assert boss.page.evaluate("document.querySelector('.log-pane pre').scrollTop") == 100  # where it was left
    boss.page.click(".log-pane button")
    boss.page.wait_for_selector(".log-pane button", state="hidden")
    assert boss.page.evaluate("document.querySelector('details').open")
    assert faults(boss) == []
    service.kill(graph["show"].id, "Enough.")
    boss.until("document.querySelector('#standing .job-state').textContent.trim() === 'killed'")
    boss.until("document.querySelector('.sketch .box.invalid')")
    assert "Enough." in boss.page.inner_text("#standing")
    assert boss.page.evaluate("window.mine")  # the page was never loaded anew
    assert boss.page.locator("#kill").count() == 0
    boss.page.click("text=Run again")
    boss.page.wait_for_url(lambda url: graph["show"].id not in url)
    boss.page.click("#kill")
    boss.page.fill("[name=why]", "Not again.")
    boss.page.click("text=Kill it")
    boss.until("document.querySelector('#standing').textContent.includes('Not again. (boss@example.org)')")


def test_escapes_and_markup_are_text(enter: Callable[..., Visitor], service: Service, agent: None) -> None:
    job = service.wait(service.submit(request(SHOW.splitlines()[0], name="\u202eshow")).id, 60)
    boss = enter("boss", "Boss", color_scheme="light")
    boss.go(f"/console/jobs/{job.id}")
    boss.until("document.querySelector('.log-pane pre').textContent === 'red <b>not bold</b>\\nall of it\\n'")
    assert faults(boss) == []


def test_the_list_is_live_and_takes_nothing_away(enter: Callable[..., Visitor], service: Service, agent: None) -> None:
    first = service.wait(service.submit(request("true", name="first")).id, 60)
    boss = enter("boss", "Boss", color_scheme="dark")
    boss.go("/console/jobs")
    boss.page.evaluate("window.mine = true")
    boss.page.focus(f"[id='job-{first.id}'] a")
    boss.page.fill("[name=q]", "half a wo")
    boss.page.focus(f"[id='job-{first.id}'] a")
    boss.page.evaluate("window.held = document.activeElement")
    second = service.submit(request("sleep 300", name="second"))
    boss.until(f"document.getElementById('job-{second.id}')?.textContent.includes('running')")
    boss.until(f"document.querySelector('[id=\"job-{second.id}\"] [data-since]').textContent > '1.'")
    assert boss.page.evaluate("document.activeElement === window.held")
    assert boss.page.input_value("[name=q]") == "half a wo"
    assert boss.page.inner_text("tbody tr:first-child th") == "second"
    service.kill(second.id)
    boss.until(f"document.getElementById('job-{second.id}').textContent.includes('killed')")
    assert boss.page.evaluate("window.mine && document.activeElement === window.held")
    assert faults(boss) == []
    boss.go("/console/jobs/costs")
    boss.until("document.querySelectorAll('.plot canvas').length === 2")
    assert faults(boss) == []
