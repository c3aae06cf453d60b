"""A visit to the running site, as a person makes it: a real browser opens the pages and plays a film.

    verdict = visit("http://127.0.0.1:8000", "ada@example.org", "a password", Path("screenshots"))

Everything is done through the pages alone, with a keyboard and a mouse, and judged by what can be seen on them.
The browser is the Chromium of this machine, driven by Playwright (extra ``check``).
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from matinee.base.errors import Unavailable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",  # a container's root has no other way
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_MS = 30_000
ENDING = 0.9
"""A film left later than this need not wait to be continued."""
PLAYED_S = 3.0
"""How far a film has to run to count as played."""
SHOWN = "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    words: str
    """What was seen, or what was missing."""
    screenshot: Path | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the visit showed."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as it should be."""
        return all(check.passed for check in self.checks)


@dataclass(slots=True)
class _Visit:
    """A visit under way."""

    page: Page
    base_url: str
    folder: Path
    checks: list[Check] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    film: str = ""
    where: str = ""
    """Address of its page."""
    rows: tuple[str, ...] = ()
    share: float = 0.0
    """How much of the film had run when the player was left."""

    def look(self, name: str, what: Callable[[_Visit], str]) -> bool:
        """Do one step and keep what came of it, with a picture of the page."""
        from playwright.sync_api import Error

        try:
            words, passed = what(self), True
        except (AssertionError, Error) as error:
            words, passed = str(error).strip().splitlines()[0], False
        picture = self.folder / f"{len(self.checks) + 1:02}-{name.replace(' ', '-')}.png"
        try:
            self.page.screenshot(path=picture)
        except Error:
            picture = None  # type: ignore[assignment]
        self.checks.append(Check(name, passed, words, picture))
        return passed

    def go(self, path: str) -> None:
        """Open a page and wait until it stands."""
        self.page.goto(self.base_url + path, wait_until="load")


def visit(base_url: str, email: str, password: str, folder: Path) -> Verdict:
    """Sign in, look at every kind of page, play a film, and see the home page change; screenshots go to `folder`.

    Steps that need what a failed one should have given are left out. Raises `Unavailable` where there is no
    browser to drive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with browsing() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        here = _Visit(page, base_url.rstrip("/"), folder)
        page.on("console", lambda message: _hear(here, message))
        page.on("pageerror", lambda error: here.complaints.append(f"script error: {error}"))
        page.on("request", lambda request: _watch(here, request))
        if here.look("sign in", lambda one: _sign_in(one, email, password)):
            _walk(here)
        here.look("nothing amiss", _quiet)
        context.close()
    return Verdict(tuple(here.checks))


@contextmanager
def browsing() -> Iterator[Browser]:
    """A Chromium under Playwright's hands.

    Raises `Unavailable` where either is missing.
    """
    if importlib.util.find_spec("playwright") is None:
        raise Unavailable("Visiting the site needs Playwright.", next_step="Run `pip install 'matinee[check]'`.")
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise Unavailable("There is no Chromium on this machine.", next_step="Run `apt-get install chromium`.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def until(page: Page, expression: str, patience_ms: int = PATIENCE_MS) -> None:
    """Wait until a JavaScript expression is true of the page.

    Playwright's own `wait_for_function` evaluates inside the page, which the site's content security policy forbids.
    """
    for _ in range(patience_ms // 100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"after {patience_ms / 1000:.0f} s it was still not so: {expression}")


def _walk(here: _Visit) -> None:
    here.look("home", _home)
    if here.look("title", _title):
        here.look("my list", _list)
        here.look("search", _search)
        if here.look("play", _play):
            here.look("rows changed", _rows_changed)
    if here.page.request.get(here.base_url + "/console").status == 200:  # only operators have one
        here.look("console", _console)


def _sign_in(here: _Visit, email: str, password: str) -> str:
    here.go("/sign-in")
    here.page.fill("#email", email)
    here.page.fill("#password", password)
    here.page.click("main form button")
    here.page.wait_for_load_state("load")
    path = urlsplit(here.page.url).path
    assert path != "/sign-in", here.page.inner_text("[role=alert]")
    if path == "/viewers":
        choices = here.page.locator(".people-choice form button")
        assert choices.count(), "the account has no profile to choose"
        name = choices.first.inner_text().splitlines()[-1]
        choices.first.click()
        here.page.wait_for_url(here.base_url + "/")
        return f"signed in, and {name} is watching"
    return "signed in"


def _home(here: _Visit) -> str:
    here.go("/")
    here.page.wait_for_selector(".hero h1")
    here.rows = _tiles(here)
    rows, tiles = here.page.locator(".row").count(), here.page.locator(".tile").count()
    assert rows, "the home page has no rows"
    assert tiles, "the home page has no tiles"
    return f"{rows} rows with {tiles} titles, {here.page.inner_text('.hero h1')} above them"


def _title(here: _Visit) -> str:
    play = here.page.locator(".hero a[href^='/watch/'], [data-row='continue-watching'] a[href^='/watch/']")
    assert play.count(), "neither the film on the home page nor one that was begun can be played"
    here.where = str(play.first.get_attribute("href")).replace("/watch/", "/title/")
    here.go(here.where)
    here.page.wait_for_selector("#about", state="attached")
    here.film = here.page.inner_text(".hero h1")
    return f"{here.film}: {here.page.inner_text('.hero .facts')}"


def _list(here: _Visit) -> str:
    button = here.page.locator(".hero .actions button[id^='list-']")
    before = button.get_attribute("aria-pressed") == "true"
    if not before:
        button.click()
        here.page.wait_for_selector(".hero button[id^='list-'][aria-pressed='true']")
    here.go("/list")
    names = here.page.locator(".tile .name").all_inner_texts()
    assert _within(here.film, names), f"{here.film} is not on the list"
    here.go(here.where)
    if not before:  # a visit leaves the list as it was
        here.page.click(".hero button[id^='list-']")
        here.page.wait_for_selector(".hero button[id^='list-'][aria-pressed='false']")
    return f"{here.film} was put on the list and found there"


def _search(here: _Visit) -> str:
    typed = _misspelt(here.film)
    here.go("/search")
    here.page.type("#q", typed, delay=30)
    until(here.page, "document.querySelectorAll('#results .tile').length > 0")
    names = here.page.locator("#results .tile .name").all_inner_texts()
    assert _within(here.film, names), f"“{typed}” did not find {here.film}, but {', '.join(names[:5])}"
    return f"“{typed}” found {here.film}"


def _play(here: _Visit) -> str:
    here.go(here.where)
    here.page.click(".hero a[href^='/watch/']")
    until(here.page, "document.querySelector('video')?.readyState >= 2")
    start = float(here.page.evaluate("document.querySelector('video').currentTime"))
    until(
        here.page,
        f"document.querySelector('video').currentTime > {start + PLAYED_S} && {SHOWN} > 24 || "
        "!document.getElementById('fault').hidden",
    )
    fault = here.page.locator("#fault:visible p")
    assert not fault.count(), fault.inner_text()
    frames = here.page.evaluate(SHOWN)
    size = here.page.evaluate("(v => `${v.videoWidth} × ${v.videoHeight}`)(document.querySelector('video'))")
    here.share = here.page.evaluate("(v => v.currentTime / v.duration)(document.querySelector('video'))")
    return f"{frames} frames of {size} decoded in {PLAYED_S:.0f} s of {here.film}"


def _rows_changed(here: _Visit) -> str:
    here.go("/")
    here.page.wait_for_selector(".row")
    now = _tiles(here)
    begun = here.page.locator("[data-row='continue-watching'] .tile .name").all_inner_texts()
    assert here.share > ENDING or _within(here.film, begun), f"{here.film} is not among what was begun"
    first = bool(begun) and _within(here.film, begun[:1])  # it may have stood there alone before
    assert now != here.rows or first, "the rows are what they were before the film was played"
    return "the page is another one, and the film waits in it to be continued"


def _console(here: _Visit) -> str:
    here.go("/console")
    here.page.wait_for_selector("[data-live='state'][data-is='live']")
    here.page.wait_for_selector(".plot canvas")
    return ", ".join(text.replace("\n", " ").lower() for text in here.page.locator(".figures li").all_inner_texts())


def _quiet(here: _Visit) -> str:
    assert not here.complaints, "; ".join(here.complaints[:5])
    return "no error in the browser's console, and no request to another host"


def _tiles(here: _Visit) -> tuple[str, ...]:
    shown = here.page.eval_on_selector_all(
        ".row", "rows => rows.map(row => row.dataset.row + [...row.querySelectorAll('[data-t]')].map(t => t.dataset.t))"
    )
    return tuple(shown)


def _within(film: str, names: list[str]) -> bool:
    plain = {" ".join(name.split()) for name in names}
    return " ".join(film.split()) in plain


def _misspelt(name: str) -> str:
    """The name with two neighbouring letters in each other's place.

    >>> _misspelt("Sintel")
    'Sinetl'
    """
    at = len(name) // 2
    return name[:at] + name[at : at + 2][::-1] + name[at + 2 :] if len(name) > 3 else name


def _hear(here: _Visit, message: ConsoleMessage) -> None:
    if message.type == "error":
        here.complaints.append(f"console: {message.text}")


def _watch(here: _Visit, request: Request) -> None:
    where = urlsplit(request.url)
    if where.scheme in {"http", "https"} and where.netloc != urlsplit(here.base_url).netloc:
        here.complaints.append(f"request to {where.netloc}")
