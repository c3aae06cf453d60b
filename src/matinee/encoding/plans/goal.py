"""Goal: what a plan is to bring, and how long may be looked for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from matinee.encoding.codecs import CodecName
from matinee.encoding.plans.rungs import Placing
from matinee.encoding.plans.search import Sharing
from matinee.media.quality import Pooling


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A ladder by `placing` or of certain qualities, or one rung of a quality or a bitrate where either is given."""

    codec: CodecName = "h264"
    preset: str = ""
    """Of the encoder; empty for the codec's own."""
    heights: tuple[int, ...] = (144, 216, 288, 360, 432, 540, 720, 900, 1080)
    """Of the boxes that sizes are fitted into."""
    placing: Placing = field(default_factory=Placing)
    qualities: tuple[float, ...] = ()
    """VMAF that the rungs are to have, rising, as ladders are shared out by; if there are none `placing` finds them."""
    quality: float | None = None
    """VMAF, as `pooling` counts it, that the one rung is to have."""
    kbps: float | None = None
    """Bitrate that the one rung may take."""
    pooling: Pooling = "mean"
    """How quality is counted. A ladder by a low percentile is shared out by the harmonic mean, which minds bad moments
    as well; one rung is corrected until it has that percentile."""
    sharing: Sharing = "shots"
    mixed: bool = False
    """Whether each unit may have the size that suits it, rather than all units of a rung the same. It needs fewer bits,
    and players that take parameter sets in band: those of browsers do, Apple's do not."""
    peak: float = float("inf")
    """How many times its rung's mean bitrate a unit may take."""
    grain: bool = False
    """Whether AV1 takes seen grain out and has players put grain back that looks like it."""
    probes: int = 3
    """Trials of every unit before the rungs are placed."""
    every: int = 3
    """Of so many frames one is measured. Encoders make one frame of two, or of four, better than the others: an even
    number would see only these. One rung that is asked for by its quality is measured on all of them in the end."""
    shortest_s: float = 0.5
    longest_s: float = 4.0
    """Of units."""
