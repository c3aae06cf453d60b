"""Posters for titles without a picture: flat shapes in three tones of one ground, a motif per genre.

>>> draw("wide", "western", 7) == draw("wide", "western", 7)
True

The same genre and seed give the same drawing on every machine, so a drawing may be cached for ever and its
address says nothing of the title. The lettering is not part of the drawing: it is text of the page (see
`matinee.server.site.lettering`), in the ink of the palette, and stays clear of the bright shapes, which keep to
the right and the top; what lies under the letters differs little from the ground.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from random import Random
from zlib import crc32

from matinee.server.site.canvas import Canvas, Palette
from matinee.server.site.motifs import DEFAULT, MOTIFS

SEEDS = 10_000

SHAPES: Mapping[str, tuple[int, int]] = {"wide": (320, 180), "tall": (200, 300), "hero": (1600, 720)}
"""Width and height of each shape of poster."""

PALETTES = (
    Palette("#5a1620", "#6d1c28", "#a3403c", "#e8b04a", dark_ink=False),  # velvet
    Palette("#14332c", "#1b4237", "#3b6e58", "#e3c274", dark_ink=False),  # bottle
    Palette("#17233f", "#1f2e50", "#4a6391", "#f0c36a", dark_ink=False),  # midnight
    Palette("#2e1a36", "#3c2346", "#7a4a78", "#f2b59a", dark_ink=False),  # aubergine
    Palette("#0f3640", "#15454f", "#3f7f87", "#f3d28b", dark_ink=False),  # petrol
    Palette("#d9a441", "#e0b155", "#b87f22", "#5a1620", dark_ink=True),  # ochre
    Palette("#3a2417", "#4a2f1e", "#8a5a36", "#f0d9a8", dark_ink=False),  # umber
    Palette("#262b33", "#313842", "#66707f", "#e6a15c", dark_ink=False),  # slate
    Palette("#5c2412", "#6e2d16", "#b0582c", "#f6d9a0", dark_ink=False),  # rust
    Palette("#efe3cd", "#e7d8bd", "#d0a35c", "#a3262f", dark_ink=True),  # paper
    Palette("#4a1735", "#591e41", "#9c4672", "#f4c6a8", dark_ink=False),  # plum
    Palette("#2f3418", "#3c421f", "#7a7f3f", "#f0e2a0", dark_ink=False),  # moss
    Palette("#b9c4a4", "#c3cdb0", "#8fa07a", "#3b4a1c", dark_ink=True),  # sage
    Palette("#1d1a19", "#292423", "#5a4f48", "#c8342f", dark_ink=False),  # soot
)

# A hero is always an evening picture: light text and a brass button stand on it.
_EVENING = {5: PALETTES[0], 9: PALETTES[6], 12: PALETTES[11]}  # ochre to velvet, paper to umber, sage to moss


def seed_of(name: str, year: int | None) -> int:
    """The seed of a title's poster: from what it is called, so that it outlives a new import."""
    return crc32(f"{name}\x1f{year}".encode()) % SEEDS


def palette_of(seed: int, shape: str = "wide") -> Palette:
    """The colours that belong to a seed; a hero's are the dark ones of the same family."""
    index = seed % len(PALETTES)
    return _EVENING.get(index, PALETTES[index]) if shape == "hero" else PALETTES[index]


def motif_of(genres: tuple[str, ...], seed: int) -> str:
    """Which motif stands for a title: that of one of its first three genres, or the theatre's curtain."""
    known = [slug for slug in (genre.lower().replace("'s", "").replace(" ", "-") for genre in genres) if slug in MOTIFS]
    return known[seed // len(PALETTES) % min(3, len(known))] if known else DEFAULT


@lru_cache(maxsize=4096)
def draw(shape: str, motif: str, seed: int) -> str:
    """One poster as an SVG document of `SHAPES[shape]` units, without lettering."""
    width, height = SHAPES[shape]
    palette = palette_of(seed, shape)
    canvas = Canvas(width, height, palette, Random(f"{motif}/{seed}"))  # noqa: S311  a drawing is no secret
    MOTIFS[motif](canvas)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'preserveAspectRatio="xMidYMid slice"><rect width="100%" height="100%" fill="{palette.ground}"/>'
        f"{''.join(canvas.shapes)}</svg>"
    )
