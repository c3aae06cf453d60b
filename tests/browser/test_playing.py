"""The player: both kinds of manifest, the network, subtitles, keys, what is reported, and what is said of faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.browser.conftest import House, Visitor

from matinee.catalog.records import AssetKind
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings

TIME = "document.querySelector('video').currentTime"
PAUSED = "document.querySelector('video').paused"
FORMATS = ("dash", "hls")
NOW = "document.querySelector('[data-list=quality] span')?.textContent"


@pytest.mark.parametrize("format_", FORMATS)
def test_it_plays(enter: Callable[..., Visitor], house: House, format_: str) -> None:
    visitor = enter("family", "Dora")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.go(f"/watch/{house.titles['Lanterns']}?format={format_}")
    visitor.playing(frames=30)
    first = visitor.page.evaluate(TIME)
    visitor.until(f"{TIME} > {first} + 1")
    ending = ".mpd" if format_ == "dash" else ".m3u8"
    assert any(url.endswith(ending) for url in asked)
    assert visitor.page.evaluate("document.querySelector('video').videoHeight") == 360


def test_it_adapts_to_the_network(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.go(f"/watch/{house.titles['Lanterns']}")
    visitor.until(f"{NOW} === 'Auto (360p now)'")
    network = visitor.page.context.new_cdp_session(visitor.page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 60, "downloadThroughput": 30_000, "uploadThroughput": 30_000}
    network.send("Network.emulateNetworkConditions", slow)
    visitor.until(f"['Auto (90p now)', 'Auto (180p now)'].includes({NOW})", patience_ms=60_000)


def test_a_rendition_is_chosen_by_hand(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.go(f"/watch/{house.titles['Lanterns']}")
    visitor.playing()
    visitor.page.click("[data-menu=quality]")
    visitor.page.get_by_label("90p").check()
    visitor.until("document.querySelector('video').videoHeight === 90")


@pytest.mark.parametrize("format_", FORMATS)
def test_subtitles_are_shown(enter: Callable[..., Visitor], house: House, format_: str) -> None:
    visitor = enter("family", "Dora")
    visitor.go(f"/watch/{house.titles['Night Ferry']}?format={format_}")
    visitor.playing()
    visitor.until("document.querySelector('video').buffered.end(0) > 11.9")  # words that are chosen last come last
    assert "Good evening" not in visitor.page.inner_text(".captions")
    visitor.page.keyboard.press("c")
    # A busy machine may have come past the line by now.
    visitor.page.evaluate("const film = document.querySelector('video'); film.pause(); film.currentTime = 1")
    visitor.until("document.querySelector('.captions').textContent.includes('Good evening, and welcome.')")
    visitor.page.keyboard.press("c")
    visitor.until("!document.querySelector('.captions').textContent.includes('Good evening')")


IMSC = """async (manifest) => {
  const [video, box] = [document.createElement("video"), document.createElement("div")];
  box.id = "imsc";
  document.body.append(video, box);
  const player = new shaka.Player();
  player.setVideoContainer(box);
  await player.attach(video);
  await player.load(manifest);
  const track = player.getTextTracks().find((one) => one.codecs === "stpp.ttml.im1t");
  player.selectTextTrack(track);
  await video.play();
  return [track.language, track.mimeType];
}"""


@pytest.fixture
def otherwise(house: House) -> Iterator[Callable[..., int]]:
    """Encodes a film of the house with other settings, until the test is over."""
    changed: list[int] = []

    def encode(name: str, **update: object) -> int:
        settings = house.workspace.settings.table("encoding", EncodingSettings)
        changed.append(house.titles[name])
        Service(house.workspace.backends, settings.model_copy(update=update)).encode(changed[-1])
        return changed[-1]

    yield encode
    for title_id in changed:
        house.workspace.service("encoding").encode(title_id)


def test_imsc_is_shown_and_chosen_only_where_asked_for(
    enter: Callable[..., Visitor], otherwise: Callable[..., int]
) -> None:
    ferry = otherwise("Night Ferry", imsc=True)
    visitor = enter("family", "Dora")
    for format_ in FORMATS:
        visitor.go(f"/watch/{ferry}?format={format_}")
        visitor.playing()
        assert visitor.page.locator("[data-list=captions] label").all_inner_texts() == ["Off", "English"]
        address = visitor.page.evaluate(
            "new URL(JSON.parse(document.querySelector('#player').dataset.film).manifest, location).href"
        )
        visitor.page.keyboard.press("k")
        assert visitor.page.evaluate(IMSC, address) == ["en", "application/mp4"]
        visitor.until("document.querySelector('#imsc').textContent.includes('Good evening, and welcome.')")


def test_the_bar_of_time_shows_pictures(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.go(f"/watch/{house.titles['Lanterns']}")
    visitor.playing()
    visitor.page.hover("#seek", position={"x": 400, "y": 16})
    visitor.until("getComputedStyle(document.querySelector('.thumb-picture')).backgroundImage.includes('storyboard')")
    assert visitor.page.is_visible(".thumb-picture")


def test_chapters_are_named_and_can_be_jumped_to(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    page = visitor.page
    visitor.go(f"/watch/{house.titles['Lanterns']}")
    visitor.playing()
    named = "document.querySelector('[data-say=chapter]').textContent"
    visitor.until(f"{named} === 'Dusk'")
    page.keyboard.press("Space")
    assert page.locator(".track i").evaluate_all("marks => marks.map(one => one.style.left)") == [
        "33.3333%", "66.6667%",
    ]  # fmt: skip
    page.keyboard.press("PageUp")
    visitor.until(f"Math.abs({TIME} - 20) < 0.1 && {named} === 'Nuts & bolts'")
    assert "Nuts & bolts" in page.get_attribute("#seek", "aria-valuetext")
    page.focus("#seek")
    page.keyboard.press("PageUp")
    visitor.until(f"Math.abs({TIME} - 40) < 0.1 && {named} === 'Dawn'")
    page.keyboard.press("PageUp")
    page.keyboard.press("PageDown")
    visitor.until(f"Math.abs({TIME} - 20) < 0.1")
    page.click("[data-menu=chapters]")
    assert page.locator("#chapters-menu button").all_inner_texts() == [
        "Dusk\n0:00",
        "Nuts & bolts\n0:20",
        "Dawn\n0:40",
    ]
    assert page.locator("#chapters-menu [aria-current=true]").inner_text().startswith("Nuts & bolts")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    visitor.until(f"{TIME} < 0.1")
    page.keyboard.press("Escape")
    page.hover("#seek", position={"x": 700, "y": 16})
    visitor.until("document.querySelector('.thumb-name').textContent === 'Nuts & bolts'")


def test_a_film_without_chapters_has_no_menu_of_them(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.go(f"/watch/{house.titles['Night Ferry']}")
    visitor.playing()
    assert visitor.page.locator("[data-menu=chapters], .track i").count() == 0
    assert "chapter" not in visitor.page.inner_html("#keys")


def test_the_keyboard_does_everything(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    page = visitor.page
    visitor.go(f"/watch/{house.titles['Lanterns']}")
    visitor.playing()
    page.keyboard.press("Space")
    visitor.until(PAUSED)
    page.keyboard.press("5")
    visitor.until(f"Math.abs({TIME} - 30) < 1")
    page.keyboard.press("ArrowRight")
    visitor.until(f"Math.abs({TIME} - 40) < 1")
    page.keyboard.press("ArrowLeft")
    visitor.until(f"Math.abs({TIME} - 30) < 1")
    page.keyboard.press("m")
    visitor.until("document.querySelector('video').muted")
    page.keyboard.press("f")
    visitor.until("document.fullscreenElement !== null")
    page.keyboard.press("f")
    visitor.until("document.fullscreenElement === null")
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.keyboard.press("Escape")
    assert page.is_hidden("#keys")
    page.keyboard.press("k")
    visitor.until(f"!{PAUSED}")


def test_what_is_watched_is_reported_and_resumed(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Finn")
    film, finn = house.titles["Lanterns"], house.viewers["Finn"].id
    events = house.workspace.service("events")
    before = house.workspace.backends.bus.end("quality")
    visitor.go(f"/watch/{film}")
    visitor.playing()
    visitor.page.keyboard.press("5")
    visitor.until(f"{TIME} > 31")
    visitor.go("/")  # leaving the page is what reports where the film was left
    for _ in range(50):
        watching = events.state(finn).watching.get(film)
        if watching and watching.position_s > 30:
            break
        visitor.page.wait_for_timeout(100)
    assert watching is not None
    assert 30 < watching.position_s < 45
    assert watching.duration_s == pytest.approx(60, abs=1)
    (playing,) = [one for one in events.plays_since(0) if one.viewer_id == finn]
    assert 0 < playing.watched_s < 15
    assert house.workspace.backends.bus.end("quality") > before
    visitor.go("/")
    row = visitor.page.locator("[data-row='continue-watching']")
    assert row.locator(".name").all_inner_texts() == ["Lanterns"]
    row.locator("a").first.click()
    visitor.playing()
    assert visitor.page.evaluate(TIME) > 30


def test_a_play_names_the_page_and_row_it_came_from(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Emil")
    visitor.go("/")
    page_id = visitor.page.evaluate("document.body.dataset.page")
    sent: list[Any] = []
    visitor.page.on("request", lambda one: sent.extend(one.post_data_json) if "/api/events" in one.url else None)
    # Which of the films stands at the head of the page, in no row, is not for this test to say.
    films = [house.titles[name] for name in ("The Tin Parade", "Night Ferry", "Lanterns")]
    tile = visitor.page.locator(", ".join(f".row [data-t='{one}'] > a" for one in films)).first
    row = tile.evaluate("one => one.closest('[data-row]').dataset.row")
    tile.click()
    visitor.page.click(".hero a[href^='/watch/']")
    visitor.playing()
    (play,) = [one for one in sent if one["kind"] == "play"]
    assert (play["page"], play["row"]) == (page_id, row)


def test_after_an_episode_comes_the_next(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.go(f"/watch/{house.titles['The Green Door']}")
    visitor.playing()
    visitor.page.wait_for_selector("#end:visible")
    assert visitor.page.inner_text("#end h2") == "Next: The Glass Door"
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(f"**/watch/{house.titles['The Glass Door']}")
    visitor.playing()


def test_a_fault_is_told_in_words_and_can_be_tried_again(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.expected = ("404", "503", "Failed to load")
    visitor.page.route("**/*.mpd", lambda route: route.fulfill(status=404))
    visitor.go(f"/watch/{house.titles['Lanterns']}")
    visitor.page.wait_for_selector("#fault:visible")
    assert "no longer here" in visitor.page.inner_text("#fault")
    visitor.page.unroute("**/*.mpd")
    visitor.page.click("#fault button")
    visitor.playing()
    assert visitor.page.is_hidden("#fault")


def test_an_operator_who_looks_on_leaves_no_trace(enter: Callable[..., Visitor], house: House) -> None:
    boss = enter("boss", "Boss")
    boss.go("/console/viewers?q=Kit")
    boss.page.get_by_role("button", name="View as Kit").click()
    boss.page.wait_for_selector(".banner")
    assert "Kit" in boss.page.inner_text(".banner")
    sent: list[str] = []
    boss.page.on("request", lambda one: sent.append(one.url) if "/api/events" in one.url else None)
    boss.go(f"/watch/{house.titles['The Tin Parade']}")
    boss.playing()
    boss.go("/")
    assert sent == []
    assert house.workspace.service("events").state(house.viewers["Kit"].id).watching == {}
    boss.page.click(".banner button")
    boss.page.wait_for_url("**/console/viewers")


@pytest.mark.parametrize("codecs", [("aac",), ("opus",), ("aac", "opus")])
def test_sound_is_heard_in_either_codec(
    enter: Callable[..., Visitor], otherwise: Callable[..., int], house: House, codecs: tuple[str, ...]
) -> None:
    door = otherwise("The Glass Door", audio_codecs=codecs)
    (row,) = house.workspace.service("catalog").assets(door, AssetKind.STREAM)
    assert [one["codec"].partition(".")[0].replace("mp4a", "aac") for one in row.facts["audio"]] == list(codecs)
    for format_ in FORMATS:
        visitor = enter("family", "Dora")
        asked: list[str] = []
        visitor.page.on("request", lambda request, asked=asked: asked.append(request.url))
        visitor.go(f"/watch/{door}?format={format_}")
        visitor.playing()
        visitor.until("document.querySelector('video').webkitAudioDecodedByteCount > 4000")
        # Two sizes of picture come first. Of two codecs of sound only one is fetched: the one that needs less.
        sounds = {url.rsplit("/")[-1] for url in asked} & {"init-2.mp4", "init-3.mp4"}
        assert len(sounds) == 1
