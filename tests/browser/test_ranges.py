"""A stream of high dynamic range with standard range beside it, in a real browser whose screen has only the latter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import FLAGS, House, Visitor, draft, people, segments_asked
from tests.encoding.coded import RATE, cut_up, rendition, sound
from tests.media.clips import ffmpeg
from tests.server.conftest import running

from matinee.catalog.records import AssetKind
from matinee.encoding.codecs import CODECS
from matinee.encoding.plans.assembly import assemble
from matinee.encoding.streams import dash, hls
from matinee.encoding.streams.presentation import Presentation
from matinee.media.records import Colour
from matinee.media.tone import tagged
from matinee.subsystems import create_workspace

UNITS = (25, 50, 38, 62) * 3
HIGH = Colour(primaries=9, transfer=16, matrix=9)
TIME = "document.querySelector('video').currentTime"


def _high(folder: Path, height: int) -> Path:
    """The picture of `rendition` in AV1, said to be HDR10."""
    parts = []
    for i, (end, length) in enumerate(zip(accumulate(UNITS), UNITS, strict=True)):
        parts.append(folder / f"high-{height}-{i}.mp4")
        ffmpeg(
            *("-f", "lavfi", "-i", f"testsrc2=size={height * 16 // 9}x{height}:rate={RATE}:duration=60"),
            *("-vf", f"trim=start_frame={end - length}:end_frame={end},setpts=PTS-STARTPTS,{tagged(HIGH)}"),
            *CODECS["av1"].arguments("12", 45, depth=10, colour=HIGH),
            parts[-1],
        )
    assemble(parts, folder / f"high-{height}.mp4", Fraction(16, 9))
    return folder / f"high-{height}.mp4"


@pytest.fixture(scope="module")
def house(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A cinema with one film, whose first two renditions are H.264 and whose others are AV1 in HDR10."""
    folder = tmp_path_factory.mktemp("ranges")
    videos = [
        *(rendition(folder, "h264", height, UNITS) for height in (90, 180)),
        _high(folder, 90),
        _high(folder, 180),
    ]
    heard = sound(folder, UNITS)
    with create_workspace(folder / "workspace", FLAGS) as workspace:
        house = House(workspace)
        people(house)
        title_id = draft(house, "ranges", maturity=0, genres=("Drama",))
        made = folder / "made"
        made.mkdir()
        film = cut_up(made, videos, heard, 50, UNITS)
        stream = Presentation(
            duration=film.video[0].duration, segment_s=Fraction(2), aspect=Fraction(16, 9), video=film.video,
            sound=film.sound,
        )  # fmt: skip
        for name, text in {**hls.playlists(stream), **dash.manifests(stream)}.items():
            (made / name).write_text(text)
        for path in made.iterdir():
            workspace.backends.objects.put_file(f"streams/{title_id}/e1/{path.name}", path)
        workspace.service("catalog").put_asset(
            title_id, AssetKind.STREAM, f"streams/{title_id}/e1", etag="e1", duration_s=float(stream.duration),
            facts={"hls": hls.MASTER, "dash": dash.MANIFEST, "encryption": "none"},
        )  # fmt: skip
        with running(workspace) as house.address:
            yield house


@pytest.mark.parametrize("format_", ["dash", "hls"])
def test_a_screen_of_standard_range_gets_standard_range(
    enter: Callable[..., Visitor], house: House, format_: str
) -> None:
    visitor = enter("family", "Dora")
    asked = segments_asked(visitor)
    visitor.go(f"/watch/{house.titles['ranges']}?format={format_}")
    visitor.playing(frames=30)
    first = visitor.page.evaluate(TIME)
    visitor.until(f"{TIME} > {first} + 4")
    assert not visitor.page.evaluate("matchMedia('(dynamic-range: high)').matches")
    assert {one for one in asked if int(one) < 4} <= {"0", "1"}
    assert visitor.page.is_hidden("#fault")
