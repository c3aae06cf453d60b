"""Encrypted segments: the same film with the key, and none without; no key where it should not be."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import threading
from base64 import b64decode
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from uuid import UUID
from xml.etree.ElementTree import fromstring

import pytest
from tests.disks import fill, small_disk
from tests.encoding import reading
from tests.encoding.coded import RATE, UNITS, cut_up, starts
from tests.encoding.conftest import QUICK
from tests.media.clips import ffmpeg

from matinee.base.errors import SettingsError, Unavailable
from matinee.base.keys import ContentKey
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.encoding.bench import Bench
from matinee.encoding.service import Service
from matinee.encoding.streams import dash, hls
from matinee.encoding.streams.encryption import Kind, Protection, Scheme, content_id, encrypt
from matinee.encoding.streams.film import Sidecar
from matinee.encoding.streams.package import Cut
from matinee.encoding.streams.pipeline import encoded
from matinee.encoding.streams.presentation import Presentation, Track
from matinee.media import run

__all__ = ["small_disk"]

DASH = {"d": "urn:mpeg:dash:schema:mpd:2011", "cenc": "urn:mpeg:cenc:2013"}
SCHEMES: tuple[Scheme, ...] = ("cenc", "cbcs")


def key_of(kind: Kind) -> ContentKey:
    digest = hashlib.sha256(kind.encode()).digest()
    return ContentKey(digest[:16], digest[16:])


@pytest.fixture(autouse=True)
def packager() -> None:
    """Skipped in words where Shaka Packager is missing; under CI it must be there."""
    try:
        run.packager_program()
    except Unavailable as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


def decoded(folder: Path, track: Track, key: str = "") -> list[str]:
    """Checksums and times of everything that a decoder makes of a track."""
    whole = folder / "whole.tmp"
    whole.write_bytes(b"".join((folder / name).read_bytes() for name in (track.initialisation, *track.files())))
    told = ffmpeg(*(["-decryption_key", key] if key else []), "-f", "mp4", "-i", whole, "-f", "framemd5", "-")
    whole.unlink()
    return [line for line in told.splitlines() if not line.startswith("#")]


def both(coded: dict[str, Path], folder: Path, scheme: Scheme, segment: int = 50) -> tuple[Cut, Cut]:
    """The same film clear and encrypted, in folders of these names."""
    videos, made = [coded["h264-180"], coded["hevc-180"], coded["av1-180"]], []
    for name in ("clear", "encrypted"):
        (folder / name).mkdir()
        made.append(cut_up(folder / name, videos, coded["sound"], segment))
    clear, film = made
    return clear, encrypt(folder / "encrypted", film, Protection(scheme, key_of), about="it")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_with_the_key_it_is_the_same_film(coded: dict[str, Path], tmp_path: Path, scheme: Scheme) -> None:
    clear, film = both(coded, tmp_path, scheme)
    kinds: list[Kind] = ["video", "video", "video", "audio"]
    tracks = zip((*clear.video, *clear.sound), (*film.video, *film.sound), kinds, strict=True)
    for before, after, kind in tracks:
        key = key_of(kind)
        assert after.kid == key.kid.hex()
        assert [one.ticks for one in after.segments] == [one.ticks for one in before.segments]
        found = [
            starts(tmp_path / name, track.initialisation, track.files())
            for name, track in (("clear", before), ("encrypted", after))
        ]
        assert found[0] == found[1]
        assert decoded(tmp_path / "encrypted", after, key.key.hex()) == decoded(tmp_path / "clear", before)
        sizes = [(tmp_path / "encrypted" / name).stat().st_size for name in after.files()]
        assert sizes == [one.size_bytes for one in after.segments]
    names = {path.name for path in (tmp_path / "encrypted").iterdir()}
    assert names == {name for one in (*film.video, *film.sound) for name in (one.initialisation, *one.files())}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_the_key_there_is_no_film(coded: dict[str, Path], tmp_path: Path, scheme: Scheme) -> None:
    clear, film = both(coded, tmp_path, scheme)
    for before, after in zip((*clear.video, *clear.sound), (*film.video, *film.sound), strict=True):
        real = {line.rpartition(",")[2] for line in decoded(tmp_path / "clear", before)}
        seen = _whatever(tmp_path / "encrypted", after)
        assert len(real & seen) <= len(real) * 0.02  # silence or black may come out by chance


def _whatever(folder: Path, track: Track) -> set[str]:
    """Checksums of what a decoder makes of it under a wrong key; it may give up."""
    try:
        return {line.rpartition(",")[2] for line in decoded(folder, track, "00" * 16)}
    except subprocess.CalledProcessError:
        return set()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_segment_begins_in_the_clear(coded: dict[str, Path], tmp_path: Path, scheme: Scheme) -> None:
    clear, film = both(coded, tmp_path, scheme, segment=25)
    assert clear.video[0].kid == ""
    for after in (*film.video, *film.sound):
        head = (tmp_path / "encrypted" / after.initialisation).read_bytes()
        assert scheme.encode() in head
        assert bytes.fromhex(after.kid) in head
        for name in after.files():
            assert b"senc" in (tmp_path / "encrypted" / name).read_bytes()
            assert b"senc" not in (tmp_path / "clear" / name).read_bytes()


def test_keys_are_neither_logged_nor_left_on_the_disk(
    coded: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "matinee"):
        both(coded, tmp_path, "cenc")
    for kind in ("video", "audio"):
        key = key_of(kind)
        assert "packager" in caplog.text
        assert key.key.hex() not in caplog.text
        for path in tmp_path.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert key.key not in content
                assert key.key.hex().encode() not in content


def test_one_segment_is_encrypted_too(coded: dict[str, Path], tmp_path: Path) -> None:
    clear, film = both(coded, tmp_path, "cbcs", segment=sum(UNITS))
    assert len(film.video[0].segments) == len(clear.video[0].segments) == 1


def _presentation(film: Cut, scheme: Scheme) -> Presentation:
    return Presentation(
        duration=Fraction(sum(UNITS), RATE), segment_s=Fraction(2), aspect=Fraction(16, 9), video=film.video,
        sound=film.sound, scheme=scheme,
    )  # fmt: skip


@pytest.mark.parametrize(("scheme", "method"), [("cenc", "SAMPLE-AES-CTR"), ("cbcs", "SAMPLE-AES")])
def test_manifests_say_how_and_by_which_key(
    coded: dict[str, Path], tmp_path: Path, scheme: Scheme, method: str
) -> None:
    _, film = both(coded, tmp_path, scheme)
    stream = _presentation(film, scheme)
    sets = fromstring(dash.manifest(stream)).findall(".//d:AdaptationSet", DASH)
    assert len(sets) == 4
    for one in sets:
        kid = key_of("audio" if one.get("contentType") == "audio" else "video").kid
        common, clearkey, browsers = one.findall("d:ContentProtection", DASH)
        assert common.get("value") == scheme
        assert common.get("{urn:mpeg:cenc:2013}default_KID") == str(UUID(bytes=kid))
        assert clearkey.get("schemeIdUri") == "urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"
        box = b64decode(browsers.find("cenc:pssh", DASH).text)
        track = film.sound[0] if one.get("contentType") == "audio" else film.video[0]
        assert box in (tmp_path / "encrypted" / track.initialisation).read_bytes()
    for track in (*film.video, *film.sound):
        text = hls.playlists(stream)[hls.playlist_name(track)]
        assert f'#EXT-X-KEY:METHOD={method},URI="../keys/{track.kid}",KEYFORMAT="identity"' in text


def test_manifests_of_clear_films_say_nothing_of_keys(coded: dict[str, Path], tmp_path: Path) -> None:
    clear, _ = both(coded, tmp_path, "cenc")
    stream = Presentation(
        duration=Fraction(9), segment_s=Fraction(2), aspect=Fraction(16, 9), video=clear.video, sound=clear.sound
    )
    assert "cenc" not in dash.manifest(stream)
    assert not any("EXT-X-KEY" in text for text in hls.playlists(stream).values())


def test_a_title_keeps_its_keys_when_encoded_again(
    workspace: Workspace, catalog: Catalog, film: Path, add: Callable[[Path], int]
) -> None:
    title_id, seen = add(film), []
    for scheme in SCHEMES:
        service = Service(workspace.backends, QUICK.model_copy(update={"encryption": scheme}))
        made = service.encode(title_id)
        (row,) = catalog.assets(title_id, AssetKind.STREAM)
        assert row.facts["encryption"] == scheme
        text = workspace.backends.objects.get(f"{made.prefix}/manifest.mpd").decode()
        seen.append({one.get(f"{{{DASH['cenc']}}}default_KID") for one in fromstring(text).iter()} - {None})
    stored = {str(UUID(bytes=one.kid)) for one in workspace.backends.keys.keys(content_id(title_id))}
    assert seen[0] == seen[1] == stored
    assert len(stored) == 2


def test_the_whole_pipeline_encrypts(film: Path, tmp_path: Path) -> None:
    settings = QUICK.model_copy(update={"encryption": "cbcs"})
    assert settings.digest() != QUICK.digest()
    with encoded(film, Bench(tmp_path / "bench"), settings, label="it", key_of=key_of) as made:
        kinds = [("video", one) for one in made.presentation.video] + [("audio", made.presentation.sound[0])]
        for kind, track in kinds:
            assert decoded(made.folder, track, key_of(kind).key.hex())
        assert {str(path.relative_to(made.folder)) for path in made.folder.rglob("*") if path.is_file()} == set(
            made.files
        )
        assert len(reading.variants(made.folder)) == 2


def test_sound_in_every_codec_is_encrypted_and_words_are_not(film: Path, tmp_path: Path) -> None:
    more = {"encryption": "cenc", "audio_codecs": ("aac", "opus"), "imsc": True}
    settings = QUICK.model_copy(update={**more, "heights": (90,)})
    words = Sidecar(name="en.srt", data=b"1\n00:00:01,000 --> 00:00:02,000\nWords\n", language="en")
    bench = Bench(tmp_path / "bench")
    with encoded(film, bench, settings, label="it", beside=[words], key_of=key_of) as made:
        aac, opus = made.presentation.sound
        assert (aac.codec, opus.codec) == ("mp4a", "opus")
        sounds = [decoded(made.folder, one, key_of("audio").key.hex()) for one in (aac, opus)]
        assert all(sounds)
        assert aac.kid == opus.kid == key_of("audio").kid.hex()
        (text,) = made.presentation.imsc
        assert "EXT-X-KEY" not in (made.folder / hls.playlist_name(text)).read_text()
        assert b"Words" in (made.folder / text.files()[0]).read_bytes()
        root = fromstring((made.folder / dash.MANIFEST).read_text())
        for one in root.findall(".//d:AdaptationSet", DASH):
            assert (one.find("d:ContentProtection", DASH) is None) == (one.get("contentType") == "text")
        assert len({one.get("id") for one in root.findall(".//d:AdaptationSet", DASH)}) == 5


def test_what_encryption_needs_is_told_before_anything_is_encoded(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, bench = QUICK.model_copy(update={"encryption": "cenc"}), Bench(tmp_path / "bench")
    with pytest.raises(SettingsError, match="needs keys"), encoded(film, bench, settings, label="it"):
        pass
    monkeypatch.setenv("SHAKA_PACKAGER", str(tmp_path / "absent"))
    with pytest.raises(Unavailable, match="absent"), encoded(film, bench, settings, label="it", key_of=key_of):
        pass
    assert list((tmp_path / "bench").iterdir()) == []


def test_a_full_disk_is_told(coded: dict[str, Path], small_disk: Path) -> None:
    made = cut_up(small_disk, [coded["h264-180"]], coded["sound"], 50)
    rest = fill(small_disk)
    # Room to join the segments, each of which goes when it has been copied; none for encrypted ones beside them.
    os.truncate(rest, rest.stat().st_size - max(one.size_bytes for one in made.video[0].segments) - 16384)
    with pytest.raises(Unavailable, match="full"):
        encrypt(small_disk, made, Protection("cenc", key_of), about="it")
    assert not (small_disk / "orders.txt").exists()


def test_a_packager_that_gives_up_is_not_the_films_fault(coded: dict[str, Path], tmp_path: Path) -> None:
    made = cut_up(tmp_path, [coded["h264-180"]], coded["sound"], 50)
    (tmp_path / made.video[0].initialisation).write_bytes(b"damaged")
    with pytest.raises(Unavailable, match="gave up on it"):
        encrypt(tmp_path, made, Protection("cenc", key_of), about="it")


def test_it_can_be_stopped(coded: dict[str, Path], tmp_path: Path) -> None:
    made, stop = cut_up(tmp_path, [coded["h264-180"]], coded["sound"], 50), threading.Event()
    stop.set()
    with pytest.raises(run.Stopped):
        encrypt(tmp_path, made, Protection("cenc", key_of), about="it", stop=stop)
    assert not (tmp_path / "orders.txt").exists()
