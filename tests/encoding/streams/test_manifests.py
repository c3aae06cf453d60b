"""Both manifests of a made-up presentation: what each line says, and that both say the same."""

from dataclasses import replace
from fractions import Fraction
from xml.etree.ElementTree import fromstring

import pytest

from matinee.encoding.streams import dash, hls
from matinee.encoding.streams.presentation import (
    Presentation,
    Segment,
    SoundTrack,
    Subtitles,
    TimedText,
    VideoRendition,
)
from matinee.media.records import BT709, Colour

NTSC = Fraction(24000, 1001)
DASH = {"d": "urn:mpeg:dash:schema:mpd:2011"}


def _video(id_: str, width: int, height: int, sizes: tuple[int, ...]) -> VideoRendition:
    ticks = (96096, 96096, 48048)
    segments = tuple(Segment(n, size) for n, size in zip(ticks, sizes, strict=True))
    return VideoRendition(
        id=id_, codecs="avc1.64001f", timescale=24000, segments=segments, width=width, height=height, frame_rate=NTSC
    )


def _sound(id_: str, language: str, label: str, *, default: bool) -> SoundTrack:
    segments = (Segment(192512, 64000), Segment(191488, 64000), Segment(96512, 32000))
    return SoundTrack(
        id=id_, codecs="mp4a.40.2", timescale=48000, segments=segments, language=language, label=label,
        sample_rate=48000, channels=2, default=default,
    )  # fmt: skip


MINUTE = (Fraction(6), Fraction(4))

FILM = Presentation(
    duration=Fraction(240240, 24000),
    segment_s=Fraction(96096, 24000),
    aspect=Fraction(16, 9),
    video=(_video("0", 426, 240, (100_000, 150_000, 60_000)), _video("1", 960, 540, (400_000, 600_000, 250_000))),
    sound=(_sound("2", "en", "English", default=True), _sound("3", "de", 'Deutsch "neu"', default=False)),
    subtitles=(
        Subtitles(language="en", label="English", file="subtitles/0-en.vtt", segments=MINUTE, hearing_impaired=True),
        Subtitles(language="", label="Unknown language", file="subtitles/1-und.vtt", segments=MINUTE, forced=True),
    ),
)


def test_master_playlist() -> None:
    assert hls.master(FILM).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "",
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound-mp4a",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,'
        'CHANNELS="2",URI="media-2.m3u8"',
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound-mp4a\",NAME=\"Deutsch 'neu'\",LANGUAGE=\"de\",DEFAULT=NO,"
        'AUTOSELECT=YES,CHANNELS="2",URI="media-3.m3u8"',
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,'
        'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,'
        'public.accessibility.describes-music-and-sound",URI="subtitles/0-en.m3u8"',
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Unknown language",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,'
        'URI="subtitles/1-und.m3u8"',
        "",
        # The second segment is the peak: 150 kB in 4.004 s, and 64 kB of sound in 3.989 s.
        "#EXT-X-STREAM-INF:BANDWIDTH=428044,AVERAGE-BANDWIDTH=375617,RESOLUTION=426x240,FRAME-RATE=23.976,"
        'CODECS="avc1.64001f,mp4a.40.2",AUDIO="sound-mp4a",SUBTITLES="subtitles",CLOSED-CAPTIONS=NONE',
        "media-0.m3u8",
        "",
        "#EXT-X-STREAM-INF:BANDWIDTH=1327145,AVERAGE-BANDWIDTH=1126865,RESOLUTION=960x540,FRAME-RATE=23.976,"
        'CODECS="avc1.64001f,mp4a.40.2",AUDIO="sound-mp4a",SUBTITLES="subtitles",CLOSED-CAPTIONS=NONE',
        "media-1.m3u8",
    ]  # fmt: skip


def test_each_codec_of_sound_has_variants_and_adaptation_sets_of_its_own() -> None:
    opus = [replace(one, id=f"{one.id}0", codecs="opus", segments=(Segment(480_000, 120_000),)) for one in FILM.sound]
    both = replace(FILM, sound=(*FILM.sound, *opus))
    lines = hls.master(both).splitlines()
    told = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert ['AUDIO="sound-mp4a"' in line for line in told] == [True, True, False, False]
    assert ['CODECS="avc1.64001f,mp4a.40.2"' in line for line in told] == [True, True, False, False]
    assert ['CODECS="avc1.64001f,opus"' in line for line in told] == [False, False, True, True]
    assert told[:2] == [line for line in hls.master(FILM).splitlines() if line.startswith("#EXT-X-STREAM-INF")]
    # 150 kB in 4.004 s, and 120 kB of sound in ten.
    assert "BANDWIDTH=395701," in told[2]
    groups = [line.split('"')[1] for line in lines if "TYPE=AUDIO" in line]
    assert groups == ["sound-mp4a", "sound-mp4a", "sound-opus", "sound-opus"]
    sets = fromstring(dash.manifest(both)).findall(".//d:AdaptationSet[@contentType='audio']", DASH)
    assert [(one.get("lang"), one.find("d:Representation", DASH).get("codecs")) for one in sets] == [
        ("en", "mp4a.40.2"), ("de", "mp4a.40.2"), ("en", "opus"), ("de", "opus"),
    ]  # fmt: skip


def test_media_playlist() -> None:
    lines = hls.media(FILM.video[0]).splitlines()
    assert lines[:6] == [
        "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:5", "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS", '#EXT-X-MAP:URI="init-0.mp4"',
    ]  # fmt: skip
    assert lines[6:8] == ["#EXTINF:4.004000,", "segment-0-00001.m4s"]
    assert lines[-3:] == ["#EXTINF:2.002000,", "segment-0-00003.m4s", "#EXT-X-ENDLIST"]


def test_subtitles_have_a_playlist_beside_them() -> None:
    text = hls.playlists(FILM)["subtitles/0-en.m3u8"]
    assert "#EXT-X-TARGETDURATION:6\n" in text
    assert "#EXTINF:6.000000,\n0-en-00001.vtt\n#EXTINF:4.000000,\n0-en-00002.vtt\n#EXT-X-ENDLIST" in text


def test_imsc_has_a_group_with_variants_and_adaptation_sets_of_its_own() -> None:
    segments = (Segment(6000, 3000), Segment(4000, 1000))
    text = tuple(
        TimedText(id=f"text-{i}", codecs="stpp.ttml.im1t", timescale=1000, segments=segments, words=one)
        for i, one in enumerate(FILM.subtitles)
    )
    film = replace(FILM, imsc=text)
    lines = hls.master(film).splitlines()
    told = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert ['SUBTITLES="subtitles-imsc"' in line for line in told] == [False, False, True, True]
    assert ['CODECS="avc1.64001f,mp4a.40.2,stpp.ttml.im1t"' in line for line in told] == [False, False, True, True]
    tags = [line for line in lines if 'GROUP-ID="subtitles-imsc"' in line]
    assert [line.rpartition("URI=")[2] for line in tags] == ['"media-text-0.m3u8"', '"media-text-1.m3u8"']
    assert "segment-text-0-00002.m4s" in hls.playlists(film)["media-text-0.m3u8"]
    sets = fromstring(dash.manifest(film)).findall(".//d:AdaptationSet[@mimeType='application/mp4']", DASH)
    assert [one.get("lang") for one in sets] == ["en", "und"]
    assert [one.find("d:Role", DASH).get("value") for one in sets] == ["caption", "forced-subtitle"]
    told_again = [one.find("d:Representation", DASH) for one in sets]
    assert [(one.get("id"), one.get("codecs")) for one in told_again] == [
        ("text-0", "stpp.ttml.im1t"), ("text-1", "stpp.ttml.im1t"),
    ]  # fmt: skip
    ids = [one.get("id") for one in fromstring(dash.manifest(film)).iter() if one.tag.endswith("Representation")]
    assert len(ids) == len(set(ids))


def test_dash_says_the_same() -> None:
    root = fromstring(dash.manifest(FILM))
    assert root.get("mediaPresentationDuration") == "PT10.01S"
    sets = root.findall(".//d:AdaptationSet", DASH)
    assert [(one.get("contentType"), one.get("lang")) for one in sets] == [
        ("video", None), ("audio", "en"), ("audio", "de"), ("text", "en"), ("text", "und"),
    ]  # fmt: skip
    roles = [one.find("d:Role", DASH).get("value") for one in sets]
    assert roles == ["main", "main", "alternate", "caption", "forced-subtitle"]
    assert [one.text for one in root.findall(".//d:BaseURL", DASH)] == ["subtitles/0-en.vtt", "subtitles/1-und.vtt"]
    small, large = sets[0].findall("d:Representation", DASH)
    assert (small.get("sar"), large.get("sar"), sets[0].get("par")) == ("640:639", "1:1", "16:9")
    assert sets[0].get("frameRate") == "24000/1001"
    assert [(s.get("t"), s.get("d"), s.get("r")) for s in small.iter("{urn:mpeg:dash:schema:mpd:2011}S")] == [
        ("0", "96096", "1"), (None, "48048", None),
    ]  # fmt: skip
    assert int(small.get("bandwidth")) == FILM.video[0].peak_bps


def test_ranges_are_told_where_one_is_high() -> None:
    codes = Colour(primaries=9, transfer=18, matrix=9)
    hlg = [replace(one, id=f"{one.id}0", codecs="hvc1.2.4.L60.90", colour=codes) for one in FILM.video]
    both = replace(FILM, video=(*(replace(one, colour=BT709) for one in FILM.video), *hlg))
    lines = [line for line in hls.master(both).splitlines() if line.startswith("#EXT-X-STREAM-INF")]
    assert [line.partition("VIDEO-RANGE=")[2].partition(",")[0] for line in lines] == ["SDR", "SDR", "HLG", "HLG"]
    plain, high = fromstring(dash.manifest(both)).findall(".//d:AdaptationSet[@contentType='video']", DASH)
    for one, kind, values in ((plain, "Supplemental", ["1", "1", "1"]), (high, "Essential", ["9", "18", "9"])):
        # The schema wants them in this place.
        assert [part.tag.rpartition("}")[2] for part in one][:4] == [f"{kind}Property"] * 3 + ["Role"]
        assert [part.get("value") for part in one][:3] == values
    assert "VIDEO-RANGE" not in hls.master(FILM)
    assert "Property" not in dash.manifest(FILM)


def test_a_rendition_whose_size_changes_is_told_by_its_largest_and_keeps_its_shape() -> None:
    one = replace(FILM.video[1], codecs="avc3.64001f", mixed=True)
    film = replace(FILM, video=(FILM.video[0], one))
    assert "RESOLUTION=960x540" in hls.playlists(film)["master-web.m3u8"]
    root = fromstring(dash.manifests(film)["manifest-web.mpd"])
    (found,) = root.findall(".//d:AdaptationSet[@contentType='video']", DASH)
    assert (found.get("par"), found.get("maxWidth"), found.get("maxHeight")) == ("16:9", "960", "540")
    (told,) = found.findall("d:Representation", DASH)
    assert [told.get(name) for name in ("codecs", "width", "height", "sar")] == ["avc3.64001f", "960", "540", "1:1"]


def test_a_silent_film_without_words_names_neither() -> None:
    silent = replace(FILM, sound=(), subtitles=())
    master = hls.master(silent)
    assert "EXT-X-MEDIA:" not in master
    assert "AUDIO=" not in master
    assert 'CODECS="avc1.64001f"' in master
    assert {one.get("contentType") for one in fromstring(dash.manifest(silent)).iter() if one.get("contentType")} == {
        "video"
    }


def test_labels_of_strangers_break_neither_manifest() -> None:
    nasty = Subtitles(language="en", label='a"b,\n#EXTM3U <x>&', file="subtitles/0-en.vtt", segments=MINUTE)
    film = replace(FILM, subtitles=(nasty,))
    assert 'NAME="a\'b, #EXTM3U <x>&"' in hls.master(film)
    labels = [one.text for one in fromstring(dash.manifest(film)).iter("{urn:mpeg:dash:schema:mpd:2011}Label")]
    assert labels[-1] == nasty.label


@pytest.mark.parametrize(("sizes", "peak"), [((100, 900, 50), 1799), ((100, 100, 900), 3597)])
def test_peak_is_that_of_the_worst_segment(sizes: tuple[int, int, int], peak: int) -> None:
    assert _video("0", 2, 2, sizes).peak_bps == peak
