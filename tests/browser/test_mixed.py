"""Streams whose pictures change their size from shot to shot, in a real browser, clear and encrypted."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import Any

import pytest
from tests.browser.conftest import FLAGS, House, Visitor, people
from tests.browser.test_codecs import SCHEMES, UNITS, publish
from tests.encoding.coded import RATE, mixed, rendition, sound
from tests.server.conftest import running

from matinee.encoding.codecs import CodecName
from matinee.subsystems import create_workspace

CODECS: tuple[CodecName, ...] = ("h264", "av1")  # this Chromium knows no HEVC
HEIGHTS = (180, 90, 144, 180) * 3
STARTS = (0, *accumulate(UNITS))
RIGHT, LEFT = (0x20, 0x30, 0xB0), ((0xB0, 0x30, 0x20), (0x20, 0xA0, 0x40))
WATCHED = 4
"""Units that are watched, the first ones."""
# Of each frame that is shown: its time, its size, and the colours near its four corners. A busy machine leaves frames
# out, and who was here before goes on where they were: what is watched is shown again and again.
SEEN = """addEventListener("DOMContentLoaded", () => {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [64, 36];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const again = () => {
    if (video.currentTime < END_S) return;
    video.currentTime = 0;
    video.play().catch(() => {});
  };
  for (const name of ["timeupdate", "ended"]) video.addEventListener(name, again);
  window.seen = [];
  const look = (_, frame) => {
    context.drawImage(video, 0, 0, 64, 36);
    const colours = [[4, 4], [59, 4], [4, 31], [59, 31]].map((at) => [...context.getImageData(...at, 1, 1).data]);
    window.seen.push([frame.mediaTime, frame.width, frame.height, video.videoWidth / video.videoHeight, colours]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
});""".replace("END_S", str(STARTS[WATCHED] / RATE))
WITHIN = [[(start + 12) / RATE, (end - 0.5) / RATE] for start, end in pairwise(STARTS[: WATCHED + 1])]
SHOWN = f"{WITHIN}.every(([start, end]) => window.seen.some(([time]) => time > start && time < end))"
"""Whether a frame was seen of each of them that lies half a second in."""


def drawn(unit: int, size: str) -> str:
    """The left half in one of two colours by turns, the right always in the same."""
    (left, right) = (f"0x{bytes(one).hex()}" for one in (LEFT[unit % 2], RIGHT))
    halves = f"color=c={left}:size={size}:rate={RATE}:duration=60,drawbox=x=iw/2:w=iw/2:h=ih:color={right}:t=fill"
    return f"{halves},colorspace=all=bt709:iall=bt709:format=yuv420p"


@pytest.fixture(scope="module")
def house(browser: Any, packager: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A cinema with films of mixed sizes, clear and under each scheme; beside each the renditions for everybody."""
    folder = tmp_path_factory.mktemp("mixed")
    heard = sound(folder, UNITS)
    with create_workspace(folder / "workspace", FLAGS) as workspace:
        house = House(workspace)
        people(house)
        plain = rendition(folder, "h264", 180, UNITS)
        for codec in CODECS:
            changing, *_ = mixed(folder, codec, HEIGHTS, UNITS, drawn)
            for scheme in SCHEMES:
                name = f"{codec}-{scheme}"
                publish(house, name, folder / name, [plain, changing], heard, scheme=scheme, changing=[changing])
        with running(workspace) as house.address:
            yield house


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("scheme", "format_"), [("none", "dash"), ("none", "hls"), ("cenc", "dash"), ("cbcs", "hls")])
def test_every_shot_is_shown_at_its_own_size(
    enter: Callable[..., Visitor], house: House, codec: str, scheme: str, format_: str
) -> None:
    visitor = enter("family", "Dora" if format_ == "dash" else "Emil")  # nobody has seen half of it already
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.extend(re.findall(r"/segment-(\d)-", request.url)))
    visitor.page.add_init_script(SEEN)
    visitor.go(f"/watch/{house.titles[f'{codec}-{scheme}']}?format={format_}")
    visitor.page.evaluate("document.querySelector('video').playbackRate = 2")
    visitor.until(SHOWN, patience_ms=60_000)
    assert visitor.page.is_hidden("#fault")
    assert set(asked) == {"1", "2"}  # the mixed one and the sound
    for time_s, width, height, shape, colours in visitor.page.evaluate("window.seen"):
        unit = bisect(STARTS, round(time_s * RATE)) - 1
        assert (width, height, shape) == (HEIGHTS[unit] * 16 // 9, HEIGHTS[unit], pytest.approx(16 / 9, abs=0.01))
        # Encrypted pictures may not be read; and just before a change those of the next unit may be there already.
        if scheme == "none" and round(time_s * RATE) < STARTS[unit + 1] - 5:
            for at, wanted in zip(colours, (LEFT[unit % 2], RIGHT) * 2, strict=True):
                assert at[:3] == pytest.approx(wanted, abs=40), (time_s, unit)


def test_players_that_are_not_known_to_take_it_are_not_offered_it(enter: Callable[..., Visitor], house: House) -> None:
    visitor = enter("family", "Dora")
    visitor.page.add_init_script("Object.defineProperty(navigator, 'vendor', { value: 'Apple Computer, Inc.' })")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.extend(re.findall(r"/segment-(\d)-", request.url)))
    visitor.go(f"/watch/{house.titles['h264-none']}")
    visitor.playing(frames=30)
    assert set(asked) == {"0", "2"}
