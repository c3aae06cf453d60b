"""Families of devices: what each decodes, and so which renditions of a film it is offered.

Most players choose by themselves among codecs that a manifest names. Some (older televisions and boxes) stop at the
first that they do not know, so a family that cannot take everything gets manifests of its own beside the full ones.

Sizes that change within a rendition are shown by Chromium, as tests see, in all codecs that it has; and by Android in
H.264 and HEVC, where its Compatibility Definition (5.3) demands it. Apple's players take parameter sets from the head
of a rendition alone, and of televisions nobody says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from matinee.encoding.streams.presentation import Presentation, VideoRendition


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Devices that can do the same."""

    name: str
    codecs: tuple[str, ...]
    """What they decode, by the sample entry without parameter sets in band; what they should rather take first."""
    max_height: int
    """Of a 16:9 box that holds as many pixels as they decode."""
    max_frame_rate: int
    """At that size; faster films in sizes with no more pixels a second."""
    sound: tuple[str, ...] = ("opus", "mp4a")
    """Sample entries of the sound that they decode."""
    mixed: tuple[str, ...] = ()
    """Those of `codecs` in which the size of pictures may change within a rendition."""

    def decodes(self, one: VideoRendition) -> bool:
        """Whether these devices can show a rendition."""
        box = self.max_height**2 * Fraction(16, 9)
        pixels = one.width * one.height
        known = one.coding in (self.mixed if one.mixed else self.codecs)
        return known and pixels <= box and pixels * one.frame_rate <= box * self.max_frame_rate


FAMILIES: Mapping[str, Family] = {
    one.name: one
    for one in (
        Family(
            name="web",
            codecs=("av01", "hvc1", "avc1"),
            max_height=2160,
            max_frame_rate=60,
            mixed=("av01", "hvc1", "avc1"),
        ),
        Family(name="apple", codecs=("hvc1", "av01", "avc1"), max_height=2160, max_frame_rate=60),
        Family(
            name="android",
            codecs=("av01", "hvc1", "avc1"),
            max_height=2160,
            max_frame_rate=60,
            mixed=("hvc1", "avc1"),
        ),
        Family(name="tv", codecs=("hvc1", "avc1"), max_height=2160, max_frame_rate=60, sound=("mp4a",)),
        Family(name="legacy", codecs=("avc1",), max_height=1080, max_frame_rate=30, sound=("mp4a",)),
    )
}


def renditions_for(family: Family, video: Iterable[VideoRendition]) -> tuple[VideoRendition, ...]:
    """The renditions that a family can show: the codec that it should rather take first, each smallest first.

    Where there is a codec in mixed sizes as well, for the same quality in fewer bits, those of one size are left out.
    """
    shown = [one for one in video if family.decodes(one)]
    mixed = {one.coding for one in shown if one.mixed}
    best = (one for one in shown if one.mixed or one.coding not in mixed)
    return tuple(sorted(best, key=lambda one: (family.codecs.index(one.coding), one.width * one.height)))


def everybodys(stream: Presentation) -> Presentation:
    """What is left of a stream for players of which nothing is known: renditions of one size, where there are any.

    Players skip codecs that they do not know, but not sizes that change on the way: in AV1 nothing tells them.
    """
    video = tuple(one for one in stream.video if not one.mixed)
    return replace(stream, video=video or stream.video)


def narrowed(stream: Presentation) -> dict[str, Presentation]:
    """By name of the family: what those get of a stream that should be offered something else than everybody is."""
    found = {one.name: _part(one, stream) for one in FAMILIES.values()}
    return {name: part for name, part in found.items() if part.video and part != everybodys(stream)}


def _part(family: Family, stream: Presentation) -> Presentation:
    """What a family can take of a stream; all of its sound rather than none, since what is said of devices may err."""
    shown = frozenset(renditions_for(family, stream.video))
    heard = tuple(one for one in stream.sound if one.codec in family.sound)
    return replace(stream, video=tuple(one for one in stream.video if one in shown), sound=heard or stream.sound)
