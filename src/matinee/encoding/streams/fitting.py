"""Whether a source already is what would be made of it, so that it is taken as it is.

Then nothing is lost and the costliest rung costs nothing. The picture must hold every frame at its exact time, begin
a closed group of pictures at every segment, and stay below the rung's highest bitrate; the sound must be stereo AAC
that lasts as long and is as loud as it should be.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from matinee.encoding.ladder import Rung
from matinee.encoding.streams.transcode import Sound, Timing
from matinee.media.packets import Packet
from matinee.media.records import AudioTrack, Media

_CONTAINERS = ("mov,", "matroska,")
_PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})


def may_fit(media: Media, rung: Rung, clock: Timing) -> bool:
    """Whether all fits that can be told without reading the file."""
    video = media.video
    return (
        media.container.startswith(_CONTAINERS)
        and (video.codec, video.pixel_format) == ("h264", "yuv420p")
        and video.profile in _PROFILES
        and (video.width, video.height) == (rung.width, rung.height)
        and video.sample_aspect == 1
        and video.dynamic == "sdr"
        and not (video.rotation or video.interlaced or video.variable)
        and video.frame_rate == clock.frame_rate
        and video.start == media.start
    )


def fits(packets: Iterable[Packet], start: Fraction, rung: Rung, clock: Timing) -> bool:
    """Whether the packets, in order of decoding, are those of such a rendition."""
    times: set[int] = set()
    bits: dict[int, int] = {}
    segment = -1
    for packet in packets:
        frame = (packet.time - start) * clock.frame_rate
        number = round(frame)
        # Clocks of milliseconds are half a tick off, which no frame rate up to 120 mistakes for another frame.
        if abs(frame - number) > Fraction(1, 8):
            return False
        if number % clock.gop == 0 and packet.key:
            segment = number // clock.gop
        # A frame from before the group that is being decoded makes it an open one.
        if number // clock.gop != segment:
            return False
        times.add(number)
        bits[segment] = bits.get(segment, 0) + 8 * packet.size_bytes
    allowed = rung.peak_kbps * 1000 * clock.gop / clock.frame_rate
    return times == set(range(clock.frames)) and max(bits.values()) <= allowed


_AAC_FRAME = 1024
_LENIENT = Fraction(1, 10)
"""Seconds by which sound may begin or end beside the picture: less than anybody sees."""


_LOUDER_DB = 1.0
"""Sound that would be made louder or softer by less is not encoded again for it: EBU R 128 allows as much."""


def sound_may_fit(media: Media, sound: Sound) -> bool:
    """Whether all of a sound track fits that can be told without reading the file again."""
    track = sound.track
    return (
        media.container.startswith(_CONTAINERS)
        and sound.codec == "aac"
        and abs(sound.gain_db) <= _LOUDER_DB
        and (track.codec, track.profile, track.channels) == ("aac", "LC", 2)
        and track.sample_rate in {44100, 48000}
    )


def sound_fits(packets: Iterable[Packet], media: Media, track: AudioTrack, clock: Timing, kbps: int) -> bool:
    """Whether the packets of a sound track follow each other without a gap, for as long as the picture lasts."""
    step = Fraction(_AAC_FRAME, track.sample_rate)
    begin = end = None
    size = 0
    for packet in packets:
        if end is not None and abs(packet.time - end) > step / 10:
            return False
        begin, end, size = packet.time if begin is None else begin, packet.time + step, size + packet.size_bytes
    if begin is None or end is None or size * 8 > kbps * 1500 * (end - begin):
        return False
    return abs(begin - media.start) < _LENIENT and abs(end - media.start - clock.duration) < _LENIENT
