"""A small cinema and a server that shows it: real tables, objects, events and HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from tests.passwords import cheap_passwords

from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind, Kind, Role, TitleDraft, Viewer
from matinee.server.run import serve
from matinee.subsystems import create_workspace

__all__ = ["cheap_passwords"]
PASSWORD = "a long enough password"
FLAGS = ("server.sign_ins_per_minute=100000", "server.sign_ins_per_account=100000")
SEGMENT = bytes(range(256)) * 8192  # 2 MiB, so that it is sent in pieces
MANIFEST = b"#EXTM3U\n#EXT-X-VERSION:7\n"


@dataclass
class Cinema:
    """What the tests know of the workspace."""

    workspace: Workspace
    titles: dict[str, int] = field(default_factory=dict)
    viewers: dict[str, Viewer] = field(default_factory=dict)

    @property
    def catalog(self):
        return self.workspace.service("catalog")

    @property
    def events(self):
        return self.workspace.service("events")


@contextmanager
def running(workspace: Workspace) -> Iterator[str]:
    """The address of a real server over `workspace`; it has stopped when the block ends."""
    started, stops, failures = threading.Event(), [], []

    def ready(address: str, stop: Callable[[], None]) -> None:
        stops.extend([address, stop])
        started.set()

    def run() -> None:
        try:
            serve(workspace, "127.0.0.1", 0, ready=ready)
        except BaseException as error:
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(60)
    if failures:
        raise failures[0]
    try:
        yield stops[0]
    finally:
        stops[1]()
        thread.join(60)
        assert not thread.is_alive(), "the server did not stop"


def fill(workspace: Workspace) -> Cinema:
    """A film for all, one for adults, an unrated one, and two series, with streams and pictures."""
    cinema = Cinema(workspace)
    catalog = cinema.catalog

    def add(
        name: str, kind: Kind = Kind.FILM, maturity: int | None = None, parent: str = "", number: int | None = None
    ):
        parent_id = cinema.titles[parent] if parent else None
        draft = TitleDraft(
            kind=kind, name=name, year=2020, maturity=maturity, parent_id=parent_id, number=number,
            genres=("Drama",), synopsis=f"What happens in {name}.", runtime_s=600.0,
        )  # fmt: skip
        cinema.titles[name] = catalog.merge([draft]).ids[0]

    add("Meadow", maturity=0)
    add("Slaughter", maturity=18)
    add("Riddle")
    add("Kittens", Kind.SERIES, 0)
    add("Kittens 1", Kind.SEASON, None, "Kittens", 1)
    add("Kittens 1x1", Kind.EPISODE, None, "Kittens 1", 1)
    add("Kittens 1x2", Kind.EPISODE, None, "Kittens 1", 2)
    add("Vice", Kind.SERIES, 18)
    add("Vice 1", Kind.SEASON, None, "Vice", 1)
    add("Vice 1x1", Kind.EPISODE, 0, "Vice 1", 1)
    for name in ("Meadow", "Slaughter", "Riddle", "Kittens 1x1", "Kittens 1x2", "Vice 1x1"):
        _stream(cinema, cinema.titles[name])
    _people(cinema)
    return cinema


def _stream(cinema: Cinema, title_id: int) -> None:
    objects, prefix = cinema.workspace.backends.objects, f"streams/{title_id}/e1"
    objects.put(f"{prefix}/master.m3u8", MANIFEST)
    objects.put(f"{prefix}/manifest.mpd", b"<MPD/>")
    objects.put(f"{prefix}/master-legacy.m3u8", MANIFEST)
    objects.put(f"{prefix}/manifest-legacy.mpd", b"<MPD/>")
    objects.put(f"{prefix}/video/1.m4s", SEGMENT)
    objects.put(f"{prefix}/subtitles/en.vtt", b"WEBVTT\n")
    objects.put(f"{prefix}/storyboard.vtt", b"WEBVTT\n")
    objects.put(f"pictures/{title_id}/still.webp", b"RIFF....WEBP")
    facts = {
        "hls": "master.m3u8",
        "dash": "manifest.mpd",
        "families": {"legacy": {"hls": "master-legacy.m3u8", "dash": "manifest-legacy.mpd"}},
        "storyboard": "storyboard.vtt",
        "subtitles": [{"language": "en", "label": "English", "file": "subtitles/en.vtt"}],
        "renditions": [{"width": 640, "height": 360, "bitrate_kbps": 500, "codec": "avc1.4d401e"}],
    }
    cinema.catalog.put_asset(title_id, AssetKind.STREAM, prefix, etag="e1", duration_s=600.0, facts=facts)
    cinema.catalog.set_pictures(title_id, still=f"pictures/{title_id}/still.webp")


def _people(cinema: Cinema) -> None:
    catalog = cinema.catalog
    operator = catalog.create_account("boss@example.org", PASSWORD, Role.OPERATOR, 1)
    family = catalog.create_account("family@example.org", PASSWORD, Role.MEMBER, 1)
    other = catalog.create_account("other@example.org", PASSWORD, Role.MEMBER, 1)
    cinema.viewers["boss"] = catalog.create_viewer("Boss", account_id=operator.id)
    cinema.viewers["parent"] = catalog.create_viewer("Parent", account_id=family.id)
    cinema.viewers["child"] = catalog.create_viewer("Child", account_id=family.id, child=True)
    cinema.viewers["other"] = catalog.create_viewer("Other", account_id=other.id)


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cinema]:
    with create_workspace(Path(tmp_path_factory.mktemp("cinema")), FLAGS) as workspace:
        yield fill(workspace)


@pytest.fixture(scope="module")
def address(cinema: Cinema) -> Iterator[str]:
    with running(cinema.workspace) as address:
        yield address


@pytest.fixture(scope="module")
def clients(cinema: Cinema, address: str) -> Iterator[Callable[..., httpx.Client]]:
    """Make clients: `clients()` is a stranger, `clients("family", "child")` has signed in and chosen a profile."""
    made: list[httpx.Client] = []

    def client(account: str = "", viewer: str = "") -> httpx.Client:
        one = httpx.Client(base_url=address, timeout=30)
        made.append(one)
        if account:
            body = {"email": f"{account}@example.org", "password": PASSWORD}
            assert one.post("/api/session", json=body).status_code == 201
        if viewer:
            chosen = one.put("/api/session/viewer", json={"viewer_id": cinema.viewers[viewer].id})
            assert chosen.status_code == 200, chosen.text
        return one

    yield client
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def parent(clients: Callable[..., httpx.Client]) -> httpx.Client:
    return clients("family", "parent")


@pytest.fixture(scope="module")
def child(clients: Callable[..., httpx.Client]) -> httpx.Client:
    return clients("family", "child")


@pytest.fixture(scope="module")
def boss(clients: Callable[..., httpx.Client]) -> httpx.Client:
    return clients("boss")
