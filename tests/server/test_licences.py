"""Keys of encrypted streams: for whoever may see the title, and for nobody else."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

import httpx
import pytest
from tests.server.conftest import Cinema

from matinee.base.keys import ContentKey
from matinee.catalog.records import AssetKind
from matinee.encoding.streams.encryption import content_id

Clients = Callable[..., httpx.Client]


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def keys(cinema: Cinema) -> dict[str, ContentKey]:
    """Of two films, by name and kind."""
    store = cinema.workspace.backends.keys
    return {
        f"{name} {kind}": store.key(content_id(cinema.titles[name]), kind)
        for name in ("Meadow", "Slaughter")
        for kind in ("video", "audio")
    }


def ask(client: httpx.Client, title_id: int, *wanted: ContentKey) -> httpx.Response:
    """As Chromium asks: without saying that it is JSON."""
    body = b'{"kids":[%s],"type":"temporary"}' % b",".join(b'"%s"' % text(one.kid).encode() for one in wanted)
    return client.post(f"/media/{title_id}/licence", content=body)


def test_a_viewer_gets_the_keys_that_were_asked_for(
    cinema: Cinema, parent: httpx.Client, keys: dict[str, ContentKey]
) -> None:
    video, audio = keys["Meadow video"], keys["Meadow audio"]
    answer = ask(parent, cinema.titles["Meadow"], video)
    assert answer.json() == {
        "keys": [{"kty": "oct", "kid": text(video.kid), "k": text(video.key)}],
        "type": "temporary",
    }
    assert answer.headers["cache-control"] == "no-store"
    both = ask(parent, cinema.titles["Meadow"], video, audio).json()["keys"]
    assert {urlsafe_b64decode(one["k"] + "==") for one in both} == {video.key, audio.key}


def test_hls_gets_the_bare_key(cinema: Cinema, parent: httpx.Client, keys: dict[str, ContentKey]) -> None:
    key = keys["Meadow audio"]
    answer = parent.get(f"/media/{cinema.titles['Meadow']}/keys/{key.kid.hex()}")
    assert (answer.status_code, answer.content) == (200, key.key)
    assert answer.headers["cache-control"] == "no-store"


def test_keys_of_other_titles_are_not_given(cinema: Cinema, parent: httpx.Client, keys: dict[str, ContentKey]) -> None:
    ours, other = keys["Meadow video"], keys["Slaughter video"]
    title_id = cinema.titles["Meadow"]
    assert ask(parent, title_id, other).status_code == 404
    assert [one["kid"] for one in ask(parent, title_id, ours, other).json()["keys"]] == [text(ours.kid)]
    assert parent.get(f"/media/{title_id}/keys/{other.kid.hex()}").status_code == 404


@pytest.mark.parametrize(
    ("account", "viewer", "status"), [("", "", 401), ("family", "", 409), ("family", "child", 404)]
)
def test_who_may_not_see_it_gets_none(
    cinema: Cinema, clients: Clients, keys: dict[str, ContentKey], account: str, viewer: str, status: int
) -> None:
    client, key, title_id = clients(account, viewer), keys["Slaughter video"], cinema.titles["Slaughter"]
    for answer in (ask(client, title_id, key), client.get(f"/media/{title_id}/keys/{key.kid.hex()}")):
        assert answer.status_code == status
        assert key.key not in answer.content
        assert text(key.key) not in answer.text


def test_a_title_without_keys_says_so_and_gets_none(cinema: Cinema, parent: httpx.Client) -> None:
    title_id = cinema.titles["Riddle"]
    assert ask(parent, title_id, ContentKey(bytes(16), b"")).status_code == 404
    assert cinema.workspace.backends.keys.keys(content_id(title_id)) == ()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"kids": []}', b'{"kids": ["short"]}', b'{"kids": "x"}', b'{"kids": [1]}', b"\xff\xfe",
     b'{"kids": [' + b",".join([b'"AAAAAAAAAAAAAAAAAAAAAA"'] * 65) + b"]}"],
)  # fmt: skip
def test_what_is_no_request_is_refused(cinema: Cinema, parent: httpx.Client, body: bytes) -> None:
    answer = parent.post(f"/media/{cinema.titles['Meadow']}/licence", content=body)
    assert answer.status_code == 422
    assert "licence request" in answer.text


@pytest.mark.parametrize("kid", ["0", "x" * 32, "A" * 32, "0" * 33])
def test_what_is_no_name_of_a_key_is_refused(cinema: Cinema, parent: httpx.Client, kid: str) -> None:
    assert parent.get(f"/media/{cinema.titles['Meadow']}/keys/{kid}").status_code in {404, 422}


def test_playback_names_the_licence_server_of_what_is_encrypted(cinema: Cinema, parent: httpx.Client) -> None:
    title_id = cinema.titles["Meadow"]
    assert parent.get(f"/api/titles/{title_id}/playback").json()["licence"] == ""
    (row,) = cinema.catalog.assets(title_id, AssetKind.STREAM)
    cinema.catalog.put_asset(
        title_id, AssetKind.STREAM, row.uri, etag=row.etag, duration_s=600.0, facts={**row.facts, "encryption": "cbcs"}
    )
    assert parent.get(f"/api/titles/{title_id}/playback").json()["licence"] == f"/media/{title_id}/licence"
