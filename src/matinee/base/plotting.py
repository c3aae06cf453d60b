"""One look for every plot: the Okabe-Ito colours, which colour-blind readers can tell apart, over the house's grounds.

Okabe & Ito (2008), "Color Universal Design". The browser draws with the same values, from the style sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from matinee.base.errors import Unavailable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEQUENCE = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
"""Yellow and the light tones come early on dark ground; on paper `LIGHT_SEQUENCE` begins with the strong ones."""
LIGHT_SEQUENCE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


class Ground(NamedTuple):
    """The colours that a plot stands on."""

    page: str
    line: str
    text: str
    quiet: str
    sequence: tuple[str, ...]


GROUNDS = {
    "dark": Ground("#12100f", "#2e2925", "#f4efe8", "#b8aea2", SEQUENCE),
    "light": Ground("#faf7f2", "#ddd5c8", "#1f1b18", "#5f554b", LIGHT_SEQUENCE),
}


@contextmanager
def theme(ground: Literal["dark", "light"] = "light") -> Iterator[None]:
    """Figures made in the block wear the house's look. Nothing global stays changed."""
    import matplotlib as mpl
    from cycler import cycler

    page, line, text, quiet, sequence = GROUNDS[ground]
    with mpl.rc_context(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": line,
            "axes.facecolor": page,
            "axes.grid": True,
            "axes.labelcolor": quiet,
            "axes.prop_cycle": cycler(color=sequence),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlecolor": text,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "figure.constrained_layout.use": True,
            "figure.dpi": 144,
            "figure.facecolor": page,
            "font.family": "DejaVu Sans",  # comes with Matplotlib: the same on every machine
            "grid.color": line,
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "legend.labelcolor": text,
            "savefig.facecolor": page,
            "text.color": text,
            "xtick.color": quiet,
            "ytick.color": quiet,
        }
    ):
        yield


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a file whose suffix names the format; the same figure gives the same file.

    Raises `Unavailable` where it cannot be written.
    """
    import matplotlib as mpl

    try:
        with mpl.rc_context({"svg.hashsalt": "matinee"}):  # names inside SVG files are made when they are written
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.", next_step="Choose another folder.") from None
