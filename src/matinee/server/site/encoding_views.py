"""What the console's templates on encoding are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matinee.base.clock import to_iso
from matinee.encoding.codecs import CODECS, CodecName
from matinee.encoding.compared import Compared, ComparedPair, ComparedRung, ComparedWay
from matinee.server.api.console_encoding import ComparedLine
from matinee.server.site import words

WORDS: Mapping[str, str] = {
    "fixed": "the ladder that every film gets",
    "title": "sizes and rates that suit the film",
    "equal": "the same quality in every shot",
    "shots": "bits where they buy most, shot by shot",
    "mixed": "shot by shot, in the size that suits each",
}
CODEC_NAMES: Mapping[CodecName, str] = {"h264": "H.264", "hevc": "HEVC", "av1": "AV1"}


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One title in the list."""

    id: int
    name: str
    ways: str
    saving: str
    """Of the best way."""
    length: str
    when: str

    @classmethod
    def of(cls, line: ComparedLine) -> ComparedRow:
        """The row of a title."""
        best = min(line.ways, key=lambda one: 0.0 if one.bd_rate is None else one.bd_rate)
        saves = best.bd_rate is not None and best.bd_rate < 0
        return cls(
            id=line.title.id,
            name=line.title.name,
            ways=", ".join(one.way for one in line.ways),
            saving=f"{best.way} {percent(best.bd_rate)}" if saves else "none saves",
            length=words.duration(line.duration_s),
            when=to_iso(line.made_ms)[:16].replace("T", " "),
        )


@dataclass(frozen=True, slots=True)
class WayRow:
    """One way in the table of a title."""

    name: str
    words: str
    saving: str
    saves: bool
    share: int
    """Bits that it takes of those that the first way takes, in percent."""
    rungs: int
    size: str
    """Of the best rung."""
    best: str
    """What that takes and how good it is."""
    cpu: str
    """Seconds of processor for each second of film."""

    @classmethod
    def of(cls, way: ComparedWay, found: Compared) -> WayRow:
        """The row of a way."""
        anchor, (size, best) = way is found.ways[0], rung_words(way.rungs[-1], found)
        return cls(
            name=way.way,
            words=way_words(way),
            saving="the measure" if anchor else percent(way.bd_rate) if way.bd_rate is not None else "not comparable",
            saves=not anchor and way.bd_rate is not None and way.bd_rate < 0,
            share=round(min(200.0, 100 + (way.bd_rate or 0.0))),
            rungs=len(way.rungs),
            size=size,
            best=best,
            cpu=f"{way.cpu_s / found.duration_s:,.1f} s",
        )


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two rungs that can be put beside each other."""

    ways: str
    href: str
    rungs: tuple[tuple[str, str], tuple[str, str]]
    """Of each its size, and what it takes and how good it is."""
    bits: str
    """By how much the second takes more."""
    gain: str
    """By how much it looks better."""

    @classmethod
    def of(cls, pair: ComparedPair, found: Compared) -> PairRow:
        """The row of a pair."""
        one, other = rungs_of(pair, found)
        left, right = pair.ways
        return cls(
            ways=f"{left} and {right}",
            href=f"/console/encoding/{found.title_id}?left={left}&right={right}",
            rungs=(rung_words(one, found), rung_words(other, found)),
            bits=percent(100 * (other.kbps / one.kbps - 1)),
            gain=f"{other.vmaf[found.pooling] - one.vmaf[found.pooling]:+.1f}".replace("-", "−"),
        )


def rungs_of(pair: ComparedPair, found: Compared) -> tuple[ComparedRung, ComparedRung]:
    """The two rungs of a pair."""
    ways = {one.way: one for one in found.ways}
    one, other = (ways[way].rungs[rung] for way, rung in zip(pair.ways, pair.rungs, strict=True))
    return one, other


def shown_first(found: Compared, left: str, right: str) -> tuple[str, str]:
    """The ways to begin with: those asked for, or the first and the one that saves most."""
    known = {one.way for one in found.ways}
    if left in known and right in known and left != right:
        return left, right
    saving = {one.way: 0.0 if one.bd_rate is None else one.bd_rate for one in found.ways}

    def rank(pair: ComparedPair) -> tuple[bool, float]:
        return pair.ways[0] != found.ways[0].way, saving[pair.ways[1]]

    return min(found.pairs, key=rank).ways


def way_words(way: ComparedWay) -> str:
    """What a way does."""
    name, _, codec = way.way.partition("-")
    told = WORDS.get(name, "")
    return f"{told}, in {CODEC_NAMES[way.rungs[0].codec]}" if codec in CODECS else told


def rung_words(rung: ComparedRung, found: Compared) -> tuple[str, str]:
    """The size of a rung, and its bitrate and quality."""
    return f"{rung.width}×{rung.height}", f"{rung.kbps:,.0f} kbps, VMAF {rung.vmaf[found.pooling]:.1f}"


def percent(change: float | None) -> str:
    """A change as it is read.

    >>> percent(-23.44), percent(4.06), percent(None)
    ('−23.4 %', '+4.1 %', '')
    """
    return "" if change is None else f"{change:+.1f} %".replace("-", "−")
