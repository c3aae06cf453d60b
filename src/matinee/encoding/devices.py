"""Families of devices: what each decodes, and so which renditions of a film it is offered.

Most players choose by themselves among codecs that a manifest names. Some (older televisions and boxes) stop at the
first that they do not know, so a family that cannot take everything gets manifests of its own beside the full ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from matinee.encoding.presentation import Presentation, VideoRendition


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Devices that can do the same."""

    name: str
    codecs: tuple[str, ...]
    """Sample entries of what they decode, what they should rather take first."""
    max_height: int
    """Of a 16:9 box that holds as many pixels as they decode."""
    max_frame_rate: int
    """At that size; faster films in sizes with no more pixels a second."""
    sound: tuple[str, ...] = ("opus", "mp4a")
    """Sample entries of the sound that they decode."""

    def decodes(self, one: VideoRendition) -> bool:
        """Whether these devices can show a rendition."""
        box = self.max_height**2 * Fraction(16, 9)
        pixels = one.width * one.height
        return one.codec in self.codecs and pixels <= box and pixels * one.frame_rate <= box * self.max_frame_rate


FAMILIES: Mapping[str, Family] = {
    one.name: one
    for one in (
        Family(name="web", codecs=("av01", "hvc1", "avc1"), max_height=2160, max_frame_rate=60),
        Family(name="apple", codecs=("hvc1", "av01", "avc1"), max_height=2160, max_frame_rate=60),
        Family(name="android", codecs=("av01", "hvc1", "avc1"), max_height=2160, max_frame_rate=60),
        Family(name="tv", codecs=("hvc1", "avc1"), max_height=2160, max_frame_rate=60, sound=("mp4a",)),
        Family(name="legacy", codecs=("avc1",), max_height=1080, max_frame_rate=30, sound=("mp4a",)),
    )
}


def renditions_for(family: Family, video: Iterable[VideoRendition]) -> tuple[VideoRendition, ...]:
    """The renditions that a family can show: the codec that it should rather take first, each smallest first."""
    shown = [one for one in video if family.decodes(one)]
    return tuple(sorted(shown, key=lambda one: (family.codecs.index(one.codec), one.width * one.height)))


def narrowed(stream: Presentation) -> dict[str, Presentation]:
    """By name of the family: what is left of a stream for those that can show a part of it, and not all."""
    found = {one.name: _part(one, stream) for one in FAMILIES.values()}
    return {name: part for name, part in found.items() if part.video and part != stream}


def _part(family: Family, stream: Presentation) -> Presentation:
    """What a family can take of a stream; all of its sound rather than none, since what is said of devices may err."""
    shown = frozenset(renditions_for(family, stream.video))
    heard = tuple(one for one in stream.sound if one.codec in family.sound)
    return replace(stream, video=tuple(one for one in stream.video if one in shown), sound=heard or stream.sound)
