"""Streams and pictures over HTTP: ranges, entity tags, types, and paths that lead astray."""

from __future__ import annotations

import httpx
import pytest
from tests.server.conftest import MANIFEST, SEGMENT, Cinema

from matinee.server.sending import PIECE_BYTES, WHOLE_BYTES

SIZE = len(SEGMENT)


@pytest.fixture
def segment(cinema: Cinema) -> str:
    return f"/media/{cinema.titles['Meadow']}/e1/video/1.m4s"


def test_a_segment_is_larger_than_what_is_sent_at_once() -> None:
    assert SIZE > WHOLE_BYTES > PIECE_BYTES


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, SIZE),
        ("bytes=-1", SIZE - 1, SIZE),
        ("bytes=-100", SIZE - 100, SIZE),
        (f"bytes=-{SIZE * 10}", 0, SIZE),
        (f"bytes=5-{10**18}", 5, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        (f"bytes=1-{WHOLE_BYTES + 7}", 1, WHOLE_BYTES + 8),
        ("Bytes = 0-99".replace("B", "b"), 0, 100),
    ],
)
def test_a_range_is_exactly_those_bytes(parent: httpx.Client, segment: str, asked: str, start: int, stop: int) -> None:
    answer = parent.get(segment, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(stop - start)
    assert answer.content == SEGMENT[start:stop]


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "bytes=5-1", "bytes=a-b", "bytes=-", "chunks=0-1", "bytes", "", "bytes=0x1-2"]
)
def test_what_is_no_single_range_is_ignored(parent: httpx.Client, segment: str, asked: str) -> None:
    answer = parent.get(segment, headers={"Range": asked})
    assert answer.status_code == 200
    assert answer.content == SEGMENT


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={10**18}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0"])
def test_a_range_outside_the_file_is_unsatisfiable(parent: httpx.Client, segment: str, asked: str) -> None:
    answer = parent.get(segment, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert answer.json()["error"] == f"The range lies outside the {SIZE} bytes of this file."


def test_what_the_browser_has_is_not_sent_again(parent: httpx.Client, segment: str) -> None:
    etag = parent.head(segment).headers["etag"]
    assert etag.startswith('"')
    same = parent.get(segment, headers={"If-None-Match": f'"x", W/{etag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert parent.get(segment, headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_range_of_another_version_is_not_mixed_in(parent: httpx.Client, segment: str) -> None:
    etag = parent.head(segment).headers["etag"]
    same = parent.get(segment, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = parent.get(segment, headers={"Range": "bytes=0-9", "If-Range": '"old"'})
    assert (same.status_code, other.status_code) == (206, 200)
    assert len(other.content) == SIZE


def test_head_tells_everything_but_the_bytes(parent: httpx.Client, segment: str) -> None:
    answer = parent.head(segment)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("master.m3u8", "application/vnd.apple.mpegurl"),
        ("manifest.mpd", "application/dash+xml"),
        ("video/1.m4s", "video/iso.segment"),
        ("subtitles/en.vtt", "text/vtt; charset=utf-8"),
    ],
)
def test_types_are_the_trades_own(cinema: Cinema, parent: httpx.Client, name: str, mime: str) -> None:
    answer = parent.get(f"/media/{cinema.titles['Meadow']}/e1/{name}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"] == mime
    assert "content-encoding" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_picture_is_kept_apart_for_each_viewer(cinema: Cinema, parent: httpx.Client) -> None:
    answer = parent.get(f"/pictures/{cinema.titles['Meadow']}/still.webp")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "private, max-age=3600"
    assert "Cookie" in answer.headers["vary"]
    assert parent.cookies["matinee_viewer"] == str(cinema.viewers["parent"].id)


def test_the_manifest_is_whole(cinema: Cinema, parent: httpx.Client) -> None:
    assert parent.get(f"/media/{cinema.titles['Meadow']}/e1/master.m3u8").content == MANIFEST


@pytest.mark.parametrize("folder", ["media", "pictures"])
@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fmatinee.toml",
        "%2e%2e/%2e%2e/matinee.toml",
        "e1/..%2f..%2f..%2fmatinee.db",
        "e1//master.m3u8",
        "%2fetc%2fpasswd",
        "e1%5c..%5cmaster.m3u8",
        "e1/master.m3u8%00.vtt",
        "e1/%ff%fe",
        "e1/",
        ".hidden",
        "e1/video",
        "C:%5cwindows",
        "x" * 5000,
        "é",
        "e1/master.m3u8%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_no_path_leads_out_of_the_title(cinema: Cinema, parent: httpx.Client, folder: str, path: str) -> None:
    answer = parent.get(f"/{folder}/{cinema.titles['Meadow']}/{path}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "next_step"}


def test_files_of_another_title_are_not_reached_through_an_allowed_one(cinema: Cinema, child: httpx.Client) -> None:
    allowed, forbidden = cinema.titles["Meadow"], cinema.titles["Slaughter"]
    assert child.get(f"/media/{allowed}/..%2f{forbidden}/e1/master.m3u8").status_code == 404


def test_strangers_see_no_media(cinema: Cinema, clients) -> None:
    for path in ("/media/{}/e1/master.m3u8", "/pictures/{}/still.webp"):
        assert clients().get(path.format(cinema.titles["Meadow"])).status_code == 401
        assert clients("family").get(path.format(cinema.titles["Meadow"])).status_code == 409
