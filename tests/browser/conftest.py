"""A small real cinema, its server, and a Chromium that listens for anything amiss.

The films are made on the spot and encoded by the product; the pages come from the product's own server. A test
fails when the browser logged an error, a script raised one, a policy was violated, or another host was asked.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.media.clips import chaptered, clip
from tests.passwords import cheap_passwords
from tests.server.conftest import running

from matinee.base.errors import Unavailable
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind, CreditDraft, ExternalId, Kind, Role, TitleDraft, Viewer
from matinee.media.run import packager_program
from matinee.subsystems import create_workspace
from matinee.workflows.visit import PATIENCE_MS, browsing, until

__all__ = ["cheap_passwords"]
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
PASSWORD = "a long enough password"
FLAGS = (
    "server.sign_ins_per_minute=100000",
    "server.sign_ins_per_account=100000",
    "encoding.preset=ultrafast",
    "encoding.heights=[90,180,360]",
    "encoding.segment_s=2",
)
GENRES = ("Drama", "Comedy", "Thriller", "Horror", "Sci-Fi", "Romance", "Western", "War", "Musical", "Crime")
SUBTITLES = "1\n00:00:00,500 --> 00:00:08,000\nGood evening, and welcome.\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class House:
    """What the tests know of the cinema."""

    workspace: Workspace
    titles: dict[str, int] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)
    address: str = ""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; without one the tests are skipped in words, under CI they fail."""
    missing = [
        name for name, there in (("Chromium", shutil.which("chromium")), ("axe-core", AXE.is_file())) if not there
    ]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"{' and '.join(missing)} is not on this machine: run `make setup` and `apt-get install chromium`")
    with browsing() as found:
        yield found


def segments_asked(visitor: Visitor) -> list[str]:
    """Numbers of the tracks of which segments are asked for from now on."""
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.extend(re.findall(r"/segment-(\d)-", request.url)))
    return asked


@pytest.fixture(scope="session")
def packager() -> None:
    """Shaka Packager; without it the tests are skipped in words, under CI they fail."""
    try:
        packager_program()
    except Unavailable as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def house(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The cinema, served."""
    folder = tmp_path_factory.mktemp("house")
    with create_workspace(folder / "workspace", FLAGS) as workspace:
        house = House(workspace)
        films(house, folder)
        people(house)
        for title_id, outcome in workspace.service("encoding").encode_all():
            assert not isinstance(outcome, Exception), f"title {title_id}: {outcome}"
        with running(workspace) as house.address:
            yield house


def films(house: House, folder: Path) -> None:
    """Three films and two episodes with pictures, and forty titles without."""
    loud = ("-vf", "noise=alls=14:allf=t")  # so that renditions differ in bitrate
    plain = clip(folder / "plain.mp4", seconds=60, size="640x360", more=loud)
    lanterns = chaptered(plain, folder / "lanterns.mp4", [(0, 20, "Dusk"), (20, 40, "Nuts & bolts"), (40, 60, "Dawn")])
    add(house, "Lanterns", lanterns, 0, "Drama", "quiet")
    add(house, "The Tin Parade", clip(folder / "parade.mp4", seconds=8, sounds=()), 0, "Comedy", "playful")
    add(house, "Night Ferry", clip(folder / "ferry.mp4", seconds=12), 12, "Thriller", "tense")
    subtitles = folder / "ferry.en.srt"
    subtitles.write_text(SUBTITLES, encoding="utf-8")
    catalog = house.workspace.service("catalog")
    catalog.put_asset(house.titles["Night Ferry"], AssetKind.SUBTITLES, str(subtitles), language="en")
    series = draft(house, "Five Doors", kind=Kind.SERIES, genres=("Mystery",), maturity=0, year=2024)
    season = draft(house, "Season 1", kind=Kind.SEASON, parent_id=series, number=1)
    for number, name in enumerate(("The Green Door", "The Glass Door"), 1):
        path = clip(folder / f"door{number}.mp4", seconds=4)
        add(house, name, path, 0, "Mystery", "eerie", kind=Kind.EPISODE, parent_id=season, number=number)
    for number in range(40):
        genre = GENRES[number % len(GENRES)]
        draft(house, f"A {genre} Number {number}", genres=(genre,), year=1960 + number, maturity=18)


def add(house: House, name: str, path: Path, maturity: int, genre: str, mood: str, **fields: Any) -> None:
    """A title with its film."""
    people = (CreditDraft(name="Ilse Brandt", role="director"), CreditDraft(name="Omar Vale", role="actor"))
    title = draft(house, name, maturity=maturity, genres=(genre,), mood=mood, credits=people, path=path, **fields)
    house.workspace.service("catalog").put_asset(title, AssetKind.SOURCE, str(path))


def draft(house: House, name: str, *, kind: Kind = Kind.FILM, path: Path | None = None, **fields: Any) -> int:
    """A title; the test's own name for it is its name."""
    ids = (ExternalId(source="path", key=str(path or name)),)
    synopsis = f"What happens in {name}, told slowly and with care."
    made = TitleDraft(kind=kind, name=name, ids=ids, synopsis=synopsis, **fields)
    (house.titles[name],) = house.workspace.service("catalog").merge([made]).ids
    return house.titles[name]


def people(house: House) -> None:
    """An operator and a family."""
    catalog = house.workspace.service("catalog")
    operator = catalog.create_account("boss@example.org", PASSWORD, Role.OPERATOR, 1)
    family = catalog.create_account("family@example.org", PASSWORD, Role.MEMBER, 1)
    house.viewers["Boss"] = catalog.create_viewer("Boss", account_id=operator.id)
    for name in ("Ada", "Ben", "Cleo", "Dora", "Emil", "Finn"):
        house.viewers[name] = catalog.create_viewer(name, account_id=family.id)
    house.viewers["Kit"] = catalog.create_viewer("Kit", account_id=family.id, child=True)


@dataclass
class Visitor:
    """Somebody in front of a browser."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of complaints that the test provokes."""

    def go(self, path: str) -> None:
        self.page.goto(self.address + path, wait_until="load")

    def until(self, expression: str, patience_ms: int = PATIENCE_MS) -> None:
        until(self.page, expression, patience_ms)

    def playing(self, frames: int = 12) -> None:
        """Wait until frames have been decoded."""
        self.until(f"document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > {frames}")

    def listen(self, context: Any) -> None:
        context.on("console", lambda message: self.hear("console", message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: self.hear("script", str(error.error)))
        context.on("request", self.watch)

    def hear(self, kind: str, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.complaints.append(f"{kind}: {text}")

    def watch(self, request: Any) -> None:
        where = urlsplit(request.url)
        if where.scheme in {"http", "https"} and where.netloc != urlsplit(self.address).netloc:
            self.complaints.append(f"request to {where.netloc}")


@pytest.fixture
def enter(browser: Any, house: House) -> Iterator[Callable[..., Visitor]]:
    """`enter("family", "Ada")` signs in and chooses a profile; `enter()` stays outside. Options as of a context."""
    visitors: list[Visitor] = []

    def enter(account: str = "", viewer: str = "", **options: Any) -> Visitor:
        context = browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark", "base_url": house.address, **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(context.new_page(), house.address)
        visitor.listen(context)
        visitors.append(visitor)
        if account:
            body = {"email": f"{account}@example.org", "password": PASSWORD}
            assert context.request.post("/api/session", data=body).status == 201
        if viewer:
            chosen = context.request.put("/api/session/viewer", data={"viewer_id": house.viewers[viewer].id})
            assert chosen.status == 200, chosen.text()
        return visitor

    yield enter
    for visitor in visitors:
        visitor.page.context.close()
    complaints = [one for visitor in visitors for one in visitor.complaints]
    assert not complaints, "\n".join(complaints)
