"""A plan: how each unit of a film is encoded on each rung, what that takes, and how it was measured to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Self

from matinee.encoding.codecs import CodecName
from matinee.media.quality import Pooling
from matinee.media.records import Dynamic
from matinee.media.shots import Shot

_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRung:
    """One rendition of the picture."""

    codec: CodecName
    preset: str
    width: int
    """Of the largest unit."""
    height: int
    sizes: tuple[tuple[int, int], ...]
    """Width and height of every unit."""
    crfs: tuple[float, ...]
    """Of every unit."""
    trials: tuple[str, ...]
    """Under which key the encode of every unit is kept."""
    kbps: float
    unit_bytes: tuple[int, ...]
    """Of the compressed frames of every unit."""
    quality: Mapping[Pooling, float]
    """VMAF over all frames, as measured."""
    target: float
    """The quality, in the plan's own pooling, that was foretold where the rung was placed."""
    depth: int = 8
    """Bits of a sample of the pictures that were encoded."""
    dynamic: Dynamic = "sdr"
    grain: int = 0
    """Strength with which AV1 takes grain out of the largest unit and has players put it back."""

    @property
    def mixed(self) -> bool:
        """Whether its units have different sizes."""
        return len(set(self.sizes)) > 1

    @property
    def largest(self) -> int:
        """Number of a unit that is as large as any."""
        return self.sizes.index(max(self.sizes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What finding the plan took."""

    trials: int
    """Made or found."""
    encode_cpu_s: float
    measure_cpu_s: float

    @property
    def cpu_s(self) -> float:
        """Of both."""
        return self.encode_cpu_s + self.measure_cpu_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Rungs, lowest first, over the same units."""

    source: str
    etag: str
    """Of the source's content."""
    rate: Fraction
    units: tuple[Shot, ...]
    pooling: Pooling
    rungs: tuple[PlannedRung, ...]
    spent: Spent

    @property
    def mixed(self) -> bool:
        """Whether a rung has units of different sizes."""
        return any(one.mixed for one in self.rungs)

    @property
    def codec(self) -> CodecName:
        """Of all rungs."""
        return self.rungs[0].codec

    @property
    def duration_s(self) -> float:
        """Of the film."""
        return float(self.units[-1].stop / self.rate)

    def unit_kbps(self, rung: PlannedRung) -> list[float]:
        """Bitrate of every unit of a rung."""
        seconds = [float(one.frames / self.rate) for one in self.units]
        return [size * 8 / s / 1000 for size, s in zip(rung.unit_bytes, seconds, strict=True)]

    def told(self) -> dict[str, Any]:
        """The plan as JSON holds it; the inverse of `of`."""
        made = asdict(self) | {"version": _VERSION, "rate": str(self.rate)}
        made["units"] = [[one.start, one.stop] for one in self.units]
        return made

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The plan that was told. Raises `ValueError` where this is none, or one of another version."""
        try:
            fields = dict(told)
            if fields.pop("version") != _VERSION:
                raise ValueError("a plan of another version")
            fields["rate"] = Fraction(fields["rate"])
            fields["units"] = tuple(Shot(*one) for one in fields["units"])
            fields["spent"] = Spent(**fields["spent"])
            fields["rungs"] = tuple(
                PlannedRung(
                    **one
                    | {name: tuple(one[name]) for name in ("crfs", "trials", "unit_bytes")}
                    | {"sizes": tuple((width, height) for width, height in one["sizes"])}
                )
                for one in fields["rungs"]
            )
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no plan: {error}") from error
