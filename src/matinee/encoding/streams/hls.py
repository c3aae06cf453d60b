"""HLS manifests (RFC 8216, and its second edition's draft for CMAF) of a presentation."""

from __future__ import annotations

from itertools import chain, product
from math import ceil

from matinee.encoding.streams.devices import everybodys, narrowed
from matinee.encoding.streams.presentation import Presentation, SoundTrack, Subtitles, Track, VideoRendition

MASTER = "master.m3u8"
KEYS = "../keys"
"""Where keys are asked for, seen from a playlist: all streams of a title share them."""
_HEAR = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
_WEBVTT, _IMSC = "subtitles", "subtitles-imsc"
_DESCRIBES = "public.accessibility.describes-video"


def playlists(stream: Presentation) -> dict[str, str]:
    """Every playlist by its name: the master, one for each track, one for each subtitle file.

    A family of devices that should be offered something else than everybody is has a master of its own.
    """
    tracks: tuple[Track, ...] = (*stream.video, *stream.sound, *stream.imsc)
    return {
        MASTER: master(everybodys(stream)),
        **{master_name(family): master(part) for family, part in narrowed(stream).items()},
        **{playlist_name(track): media(track, stream.scheme) for track in tracks},
        **{_beside(one): _text(one) for one in stream.subtitles},
    }


def master_name(family: str) -> str:
    """Name of the master playlist of a family of devices."""
    return f"master-{family}.m3u8"


def playlist_name(track: Track) -> str:
    """Name of a track's media playlist."""
    return f"media-{track.id}.m3u8"


def master(stream: Presentation) -> str:
    """The playlist that players open.

    H.264 comes first, for players that begin with the first variant whatever it is; the others go by SCORE.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", ""]
    lines += [_sound(one) for one in stream.sound]
    lines += [_subtitles(one, _WEBVTT, _beside(one)) for one in stream.subtitles]
    lines += [_subtitles(one.words, _IMSC, playlist_name(one)) for one in stream.imsc]
    sounds = list(dict.fromkeys(map(_group, stream.sound))) or [""]
    texts = [_WEBVTT, _IMSC] if stream.imsc else [_WEBVTT]
    for text, sound, rendition in product(texts, sounds, chain.from_iterable(stream.by_codec())):
        lines += ["", _variant(rendition, sound, text, stream), playlist_name(rendition)]
    return "\n".join(lines) + "\n"


def media(track: Track, scheme: str = "none") -> str:
    """The playlist of one track, encrypted by `scheme` where it has a key."""
    longest = max(track.seconds(one) for one in track.segments)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, ceil(longest))}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{track.initialisation}"',
        *([_key(track, scheme)] if track.kid else []),
    ]
    for segment, file in zip(track.segments, track.files(), strict=True):
        lines += [f"#EXTINF:{float(track.seconds(segment)):.6f},", file]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _key(track: Track, scheme: str) -> str:
    """Where the key itself is had; the server gives it to whoever may have the segments."""
    method = {"cenc": "SAMPLE-AES-CTR", "cbcs": "SAMPLE-AES"}[scheme]
    return f'#EXT-X-KEY:METHOD={method},URI="{KEYS}/{track.kid}",KEYFORMAT="identity"'


def _group(track: SoundTrack) -> str:
    """Sound in one codec: a variant tells which codecs it needs, and so can have only one of sound."""
    return f"sound-{track.codec}"


def _score(rendition: VideoRendition, stream: Presentation) -> list[str]:
    """With several codecs, what to prefer: more pixels first of all, then the codec that needs fewer bits for them."""
    codecs = stream.by_codec()
    if len(codecs) == 1:
        return []
    ranked = sorted(chain.from_iterable(codecs), key=lambda one: one.width * one.height)
    return [f"SCORE={1 + ranked.index(rendition)}"]


def _variant(rendition: VideoRendition, group: str, text: str, stream: Presentation) -> str:
    sound = [one for one in stream.sound if _group(one) == group]
    words = {one.codecs for one in stream.imsc} if text == _IMSC else set()
    codecs = ",".join([rendition.codecs, *sorted({one.codecs for one in sound}), *words])
    attributes = [
        f"BANDWIDTH={rendition.peak_bps + max((one.peak_bps for one in sound), default=0)}",
        f"AVERAGE-BANDWIDTH={rendition.mean_bps + max((one.mean_bps for one in sound), default=0)}",
        f"RESOLUTION={rendition.width}x{rendition.height}",
        f"FRAME-RATE={float(rendition.frame_rate):.3f}",
        f'CODECS="{codecs}"',
        *([f"VIDEO-RANGE={rendition.colour.dynamic.upper()}"] if stream.high else []),
        *_score(rendition, stream),
        *([f'AUDIO="{group}"'] if sound else []),
        *([f'SUBTITLES="{text}"'] if stream.subtitles else []),
        "CLOSED-CAPTIONS=NONE",
    ]
    return "#EXT-X-STREAM-INF:" + ",".join(attributes)


def _sound(track: SoundTrack) -> str:
    return _media(
        "AUDIO",
        _group(track),
        track,
        playlist_name(track),
        [
            f"DEFAULT={_yes(track.default)},AUTOSELECT=YES",
            f'CHANNELS="{track.channels}"',
            *([f'CHARACTERISTICS="{_DESCRIBES}"'] if track.described else []),
        ],
    )


def _subtitles(track: Subtitles, group: str, file: str) -> str:
    return _media(
        "SUBTITLES",
        group,
        track,
        file,
        [
            f"DEFAULT=NO,AUTOSELECT=YES,FORCED={_yes(track.forced)}",
            *([f'CHARACTERISTICS="{_HEAR}"'] if track.hearing_impaired else []),
        ],
    )


def _media(kind: str, group: str, track: SoundTrack | Subtitles, file: str, more: list[str]) -> str:
    attributes = [
        f'TYPE={kind},GROUP-ID="{group}"',
        f'NAME="{_quotable(track.label)}"',
        *([f'LANGUAGE="{track.language}"'] if track.language else []),
        *more,
        f'URI="{file}"',
    ]
    return "#EXT-X-MEDIA:" + ",".join(attributes)


def _text(track: Subtitles) -> str:
    """The playlist of the segments of a WebVTT file, which DASH reads whole."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, ceil(max(track.segments)))}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    for seconds, file in zip(track.segments, track.parts(), strict=True):
        lines += [f"#EXTINF:{float(seconds):.6f},", file.rpartition("/")[2]]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _beside(track: Subtitles) -> str:
    return track.file.rpartition(".")[0] + ".m3u8"


def _quotable(text: str) -> str:
    """A quoted string of a playlist has no way to hold a quotation mark or a new line."""
    return " ".join(text.replace('"', "'").split())


def _yes(value: bool) -> str:  # noqa: FBT001  a word for a value
    return "YES" if value else "NO"
