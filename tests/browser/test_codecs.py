"""A stream in three codecs in a real browser: it takes one that it knows, clear and encrypted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import FLAGS, House, Visitor, draft, people, segments_asked
from tests.encoding.coded import CODED, cut_up, rendition, sound
from tests.server.conftest import running

from matinee.catalog.records import AssetKind
from matinee.encoding.streams import dash, hls
from matinee.encoding.streams.devices import narrowed
from matinee.encoding.streams.encryption import Protection, content_id, encrypt
from matinee.encoding.streams.presentation import Presentation
from matinee.subsystems import create_workspace

UNITS = (25, 50, 38, 62) * 3
TIME = "document.querySelector('video').currentTime"
SCHEMES = ("none", "cenc", "cbcs")


@pytest.fixture(scope="module")
def house(browser: Any, packager: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A cinema with the same film clear and under each scheme; skipped in words where Shaka Packager is missing."""
    folder = tmp_path_factory.mktemp("codecs")
    videos = [rendition(folder, codec, height, UNITS) for codec in CODED for height in (90, 180)]
    heard = sound(folder, UNITS)
    with create_workspace(folder / "workspace", FLAGS) as workspace:
        house = House(workspace)
        people(house)
        for scheme in SCHEMES:
            publish(house, scheme, folder / scheme, videos, heard, scheme=scheme)
        with running(workspace) as house.address:
            yield house


def publish(
    house: House,
    name: str,
    folder: Path,
    videos: Sequence[Path],
    heard: Path,
    *,
    scheme: Any = "none",
    changing: Collection[Path] = (),
) -> None:
    """A title with a stream of these renditions; `changing` are those of mixed sizes."""
    folder.mkdir()
    title_id, backends = draft(house, name, maturity=0, genres=("Drama",)), house.workspace.backends
    film = cut_up(folder, videos, heard, 50, UNITS, changing)
    if scheme != "none":
        protection = Protection(scheme, partial(backends.keys.key, content_id(title_id)))
        film = encrypt(folder, film, protection, about="it")
    made = Presentation(
        duration=film.video[0].duration, segment_s=Fraction(2), aspect=Fraction(16, 9), video=film.video,
        sound=film.sound, scheme=scheme,
    )  # fmt: skip
    for name, text in {**hls.playlists(made), **dash.manifests(made)}.items():
        (folder / name).write_text(text)
    prefix = f"streams/{title_id}/e1"
    for path in folder.iterdir():
        backends.objects.put_file(f"{prefix}/{path.name}", path)
    families = {one: {"hls": hls.master_name(one), "dash": dash.manifest_name(one)} for one in narrowed(made)}
    facts = {"hls": hls.MASTER, "dash": dash.MANIFEST, "encryption": scheme, "families": families}
    length = float(made.duration)
    house.workspace.service("catalog").put_asset(
        title_id, AssetKind.STREAM, prefix, etag="e1", duration_s=length, facts=facts
    )


@pytest.mark.parametrize("format_", ["dash", "hls"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_plays_one_codec_that_it_knows(
    enter: Callable[..., Visitor], house: House, scheme: str, format_: str
) -> None:
    visitor = enter("family", "Dora")
    asked = segments_asked(visitor)
    visitor.go(f"/watch/{house.titles[scheme]}?format={format_}")
    visitor.playing(frames=30)
    visitor.page.evaluate("document.querySelector('video').playbackRate = 2")
    first = visitor.page.evaluate(TIME)
    visitor.until(f"{TIME} > {first} + 4")
    pictures = {CODED[int(one) // 2] for one in asked if int(one) < 6}
    assert len(pictures) == 1
    assert pictures <= {"h264", "av1"}  # this Chromium knows no HEVC
    assert visitor.page.is_hidden("#fault")
