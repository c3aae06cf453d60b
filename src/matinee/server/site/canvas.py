"""What a poster is drawn on: flat shapes in the tones of one palette, written as SVG."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True, slots=True)
class Palette:
    """A ground with the tones that go on it, as ``#rrggbb``."""

    ground: str
    shade: str
    """Nearly the ground: may lie under letters."""
    tone: str
    spark: str
    dark_ink: bool
    """Whether letters on the ground are dark."""


@dataclass(slots=True)
class Canvas:
    """What a motif draws on."""

    width: int
    height: int
    palette: Palette
    rng: Random
    shapes: list[str] = field(default_factory=list)

    @property
    def unit(self) -> float:
        """A hundredth of the shorter side."""
        return min(self.width, self.height) / 100

    @property
    def focus(self) -> tuple[float, float]:
        """Where the eye should go: right of the middle and above it, never quite the same."""
        across, down = (0.8, 0.38) if self.width > self.height else (0.6, 0.26)
        wander = self.rng.uniform
        return self.width * (across + wander(-0.04, 0.06)), self.height * (down + wander(-0.05, 0.06))

    def circle(self, x: float, y: float, r: float, fill: str, extra: str = "") -> None:
        """A disc."""
        self.shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{fill}"{extra}/>')

    def ring(self, x: float, y: float, r: float, stroke: str, width: float) -> None:
        """A circle's line."""
        self.circle(x, y, r, "none", f' stroke="{stroke}" stroke-width="{width:.1f}"')

    def polygon(self, points: list[tuple[float, float]], fill: str) -> None:
        """A filled outline of straight lines."""
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.shapes.append(f'<polygon points="{text}" fill="{fill}"/>')

    def rect(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """An upright rectangle."""
        self.shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>')

    def path(self, d: str, fill: str, extra: str = "") -> None:
        """Any outline, in SVG's path language."""
        self.shapes.append(f'<path d="{d}" fill="{fill}"{extra}/>')

    def half(self, x: float, y: float, r: float, turn: float, fill: str) -> None:
        """Half a disc, its straight side turned by `turn` degrees."""
        self.path(
            f"M{x - r:.1f} {y:.1f}A{r:.1f} {r:.1f} 0 0 1 {x + r:.1f} {y:.1f}Z",
            fill,
            f' transform="rotate({turn:.0f} {x:.1f} {y:.1f})"',
        )
