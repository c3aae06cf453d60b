"""What goes into a stream beside the film, and the folder that comes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matinee.encoding.records import Rendition
from matinee.encoding.streams.presentation import Presentation
from matinee.encoding.streams.stills import Pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A subtitle file beside a film."""

    name: str
    """For messages."""
    data: bytes
    language: str = ""
    label: str = ""
    hearing_impaired: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """An encoded film in a folder, not yet published."""

    folder: Path
    files: tuple[str, ...]
    """Everything in it, relative to it, in the order in which it should be published: manifests last."""
    presentation: Presentation
    pictures: Pictures
    made: tuple[str, ...]
    """Renditions and sound tracks that were encoded now; the others had been finished before."""
    refused: tuple[str, ...]
    """Subtitles that were left out, each with the reason."""

    @property
    def renditions(self) -> tuple[Rendition, ...]:
        """Smallest first."""
        return tuple(
            Rendition(width=one.width, height=one.height, bitrate_kbps=round(one.mean_bps / 1000), codec=one.codecs)
            for one in self.presentation.video
        )
