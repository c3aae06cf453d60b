"""Encrypted films in a real browser: with the key the picture moves, without it there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.browser.conftest import FLAGS, House, Visitor, add, people
from tests.media.clips import clip
from tests.server.conftest import running

from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings
from matinee.subsystems import create_workspace

TIME = "document.querySelector('video').currentTime"
FRAMES = "document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames"
SETTINGS = EncodingSettings(preset="ultrafast", heights=(90, 180), segment_s=2)
SCHEMES = ("cenc", "cbcs")


@pytest.fixture(scope="module")
def house(browser: Any, packager: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A cinema with a film under each scheme; skipped in words where Shaka Packager is missing, under CI it fails."""
    folder = tmp_path_factory.mktemp("sealed")
    with create_workspace(folder / "workspace", FLAGS) as workspace:
        house = House(workspace)
        people(house)
        for scheme in SCHEMES:
            add(house, scheme, clip(folder / f"{scheme}.mp4", seconds=20), 0, "Drama", "quiet")
            settings = SETTINGS.model_copy(update={"encryption": scheme})
            Service(workspace.backends, settings).encode(house.titles[scheme])
        with running(workspace) as house.address:
            yield house


@pytest.mark.parametrize("format_", ["dash", "hls"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_plays(enter: Callable[..., Visitor], house: House, scheme: str, format_: str) -> None:
    visitor = enter("family", "Dora")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.page.add_init_script("addEventListener('encrypted', () => { window.sealed = true; }, true)")
    visitor.go(f"/watch/{house.titles[scheme]}?format={format_}")
    visitor.playing(frames=30)
    first = visitor.page.evaluate(TIME)
    visitor.until(f"{TIME} > {first} + 3")  # beyond the first segment
    assert visitor.page.evaluate("window.sealed && document.querySelector('video').mediaKeys !== null")
    assert visitor.page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount") > 0
    assert any(part in url for url in asked for part in ("/licence", "/keys/"))
    assert visitor.page.is_hidden("#fault")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_the_key_it_does_not(enter: Callable[..., Visitor], house: House, scheme: str) -> None:
    visitor = enter("family", "Dora")
    visitor.expected = ("404", "Failed to load")
    visitor.page.route("**/licence", lambda route: route.fulfill(status=404))
    visitor.go(f"/watch/{house.titles[scheme]}")
    visitor.page.wait_for_selector("#fault:visible")
    assert "was not given its key" in visitor.page.inner_text("#fault")
    assert visitor.page.evaluate(FRAMES) == 0
    visitor.page.unroute("**/licence")
    visitor.page.click("#fault button")
    visitor.playing()


def test_a_wrong_key_shows_no_picture(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.expected = ("",)  # browsers complain of it each in its own way

    def falsified(route: Any) -> None:
        answer = route.fetch()
        keys = [{**one, "k": "A" * 22} for one in answer.json()["keys"]]
        route.fulfill(response=answer, json={"keys": keys, "type": "temporary"})

    visitor.page.route("**/licence", falsified)
    visitor.go(f"/watch/{house.titles['cenc']}")
    visitor.until(f"!document.getElementById('fault').hidden || {TIME} > 3")
    assert visitor.page.evaluate(FRAMES) < 5
