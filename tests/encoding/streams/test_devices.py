"""Families of devices, and what manifests offer to each."""

from dataclasses import replace
from fractions import Fraction
from xml.etree.ElementTree import fromstring

import pytest

from matinee.encoding.streams import dash, hls
from matinee.encoding.streams.devices import FAMILIES, narrowed, renditions_for
from matinee.encoding.streams.presentation import Presentation, Segment, SoundTrack, VideoRendition

DASH = {"d": "urn:mpeg:dash:schema:mpd:2011"}
NAMES = {"avc1": "avc1.64001f", "hvc1": "hvc1.1.6.L93.90", "av01": "av01.0.08M.08"}
HEIGHTS = (360, 1080, 2160)


def _film(codecs: tuple[str, ...], rate: int = 24, heights: tuple[int, ...] = HEIGHTS) -> Presentation:
    """Renditions in the order in which nobody would want them."""
    video = [
        VideoRendition(
            id=f"{codec}-{height}", codecs=NAMES[codec], timescale=1000, segments=(Segment(4000, 100 * height),),
            width=height * 16 // 9, height=height, frame_rate=Fraction(rate),
        )
        for height in reversed(heights)
        for codec in codecs
    ]  # fmt: skip
    return Presentation(duration=Fraction(4), segment_s=Fraction(4), aspect=Fraction(16, 9), video=tuple(video))


ALL = _film(("av01", "avc1", "hvc1"))


def _ids(family: str, film: Presentation) -> list[str]:
    return [one.id for one in renditions_for(FAMILIES[family], film.video)]


def test_each_family_gets_what_it_decodes_best_first() -> None:
    assert _ids("apple", ALL)[:3] == ["hvc1-360", "hvc1-1080", "hvc1-2160"]
    assert _ids("web", ALL)[0] == "av01-360"
    assert _ids("tv", ALL) == [f"{codec}-{height}" for codec in ("hvc1", "avc1") for height in HEIGHTS]
    assert _ids("legacy", ALL) == ["avc1-360", "avc1-1080"]
    assert _ids("legacy", _film(("av01",))) == []


@pytest.mark.parametrize(("rate", "heights"), [(30, [1080, 720]), (60, [720]), (120, [])])
def test_a_fast_film_is_shown_in_as_many_pixels_a_second(rate: int, heights: list[int]) -> None:
    film = _film(("avc1",), rate, heights=(720, 1080))
    shown = renditions_for(FAMILIES["legacy"], film.video)
    assert [one.height for one in shown] == sorted(heights)


def test_only_who_cannot_show_everything_gets_a_manifest_of_its_own() -> None:
    assert set(narrowed(ALL)) == {"tv", "legacy"}
    assert narrowed(_film(("avc1",), heights=(360, 1080))) == {}
    playlists, manifests = hls.playlists(ALL), dash.manifests(ALL)
    assert {"master.m3u8", "master-tv.m3u8", "master-legacy.m3u8"} <= set(playlists)
    assert list(manifests) == ["manifest-tv.mpd", "manifest-legacy.mpd", "manifest.mpd"]
    assert {name for name in NAMES if name in playlists["master-legacy.m3u8"]} == {"avc1"}
    assert {name for name in NAMES if name in manifests["manifest-tv.mpd"]} == {"avc1", "hvc1"}


def test_families_that_know_no_opus_get_aac_alone_where_there_is_any() -> None:
    aac, opus = (
        SoundTrack(
            id=codecs, codecs=codecs, timescale=1000, segments=(Segment(4000, 100),), language="en", label="English",
            sample_rate=48000, channels=2, default=True,
        )
        for codecs in ("mp4a.40.2", "opus")
    )  # fmt: skip
    plain = _film(("avc1",), heights=(360,))
    parts = narrowed(replace(plain, sound=(aac, opus)))
    assert {name: part.sound for name, part in parts.items()} == {"tv": (aac,), "legacy": (aac,)}
    assert narrowed(replace(plain, sound=(opus,))) == narrowed(replace(plain, sound=(aac,))) == {}


def _mixed(*codecs: str) -> Presentation:
    """A film in sizes that change, and H.264 in one size for each rendition."""
    names = {**NAMES, "avc3": "avc3.64001f", "hev1": "hev1.1.6.L93.90"}
    plain = _film(("avc1",)).video
    video = (
        replace(one, id=f"{name}-{one.height}", codecs=names[name], mixed=True) for name in codecs for one in plain
    )
    return replace(ALL, video=(*plain, *video))


def test_sizes_that_change_are_for_those_who_take_them() -> None:
    film = _mixed("avc3", "hev1", "av01")
    assert _ids("web", film) == [f"{name}-{height}" for name in ("av01", "hev1", "avc3") for height in HEIGHTS]
    assert _ids("android", film) == [f"{name}-{height}" for name in ("hev1", "avc3") for height in HEIGHTS]
    for family in ("apple", "tv"):
        assert _ids(family, film) == [f"avc1-{height}" for height in HEIGHTS]
    assert _ids("legacy", film) == ["avc1-360", "avc1-1080"]


def test_who_is_not_known_gets_one_size_for_each_rendition() -> None:
    film = _mixed("avc3", "av01")
    assert set(narrowed(film)) == {"web", "android", "legacy"}
    playlists, manifests = hls.playlists(film), dash.manifests(film)
    for text in (playlists["master.m3u8"], manifests["manifest.mpd"]):
        assert "avc1" in text
        assert not any(name in text for name in ("avc3", "av01"))
    for text in (playlists["master-web.m3u8"], manifests["manifest-web.mpd"]):
        assert "avc1" not in text
        assert all(name in text for name in ("avc3", "av01"))
    assert {f"media-{one.id}.m3u8" for one in film.video} < set(playlists)


def test_browsers_that_know_no_other_codec_get_one_size_of_this_one() -> None:
    assert {one.partition("-")[0] for one in _ids("web", _mixed("av01"))} == {"av01", "avc1"}


def test_a_stream_of_nothing_else_is_offered_to_everybody() -> None:
    film = _mixed("avc3")
    film = replace(film, video=tuple(one for one in film.video if one.mixed))
    assert narrowed(film) == {}
    assert "avc3" in hls.playlists(film)["master.m3u8"]


def test_dash_has_one_set_for_each_codec() -> None:
    sets = fromstring(dash.manifest(ALL)).findall(".//d:AdaptationSet", DASH)
    assert [(one.get("id"), one.get("selectionPriority")) for one in sets] == [("0", "1"), ("1", "2"), ("2", "3")]
    ids = [[each.get("id") for each in one.findall("d:Representation", DASH)] for one in sets]
    assert ids == [[f"{codec}-{height}" for height in HEIGHTS] for codec in ("avc1", "hvc1", "av01")]


def test_hls_begins_with_what_everybody_plays_and_scores_by_size_then_codec() -> None:
    lines = hls.master(ALL).splitlines()
    variants = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert [line for line in lines if line.endswith(".m3u8")][:3] == [f"media-avc1-{height}.m3u8" for height in HEIGHTS]
    scores = {
        lines[i + 1]: int(line.split("SCORE=")[1].split(",")[0])
        for i, line in enumerate(lines)
        if line.startswith("#EXT-X-STREAM-INF")
    }
    best_first = [f"media-{codec}-{height}.m3u8" for height in reversed(HEIGHTS) for codec in ("av01", "hvc1", "avc1")]
    assert sorted(scores, key=lambda uri: -scores[uri]) == best_first
    assert len(variants) == len(set(scores.values())) == 9
    assert "SCORE" not in hls.master(replace(ALL, video=ALL.by_codec()[0]))


def test_the_largest_is_the_one_that_everybody_plays() -> None:
    assert ALL.largest.id == "avc1-2160"
