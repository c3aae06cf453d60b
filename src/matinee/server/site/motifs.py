"""The motifs of the posters: one function per genre that lays a few flat shapes on a canvas.

Shapes are placed in units of the canvas, so one motif serves the wide, the tall and the hero's poster. Bright
shapes keep out of the lower left, where the lettering stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matinee.server.site import figures, scenery
from matinee.server.site.canvas import Canvas

DEFAULT = "curtain"

MOTIFS: Mapping[str, Callable[[Canvas], None]] = {
    "action": figures.action,
    "adventure": scenery.adventure,
    "animation": scenery.animation,
    "biography": scenery.history,
    "children": scenery.family,
    "comedy": figures.comedy,
    "crime": figures.crime,
    DEFAULT: scenery.curtain,
    "documentary": figures.documentary,
    "drama": figures.drama,
    "family": scenery.family,
    "fantasy": scenery.fantasy,
    "film-noir": scenery.noir,
    "history": scenery.history,
    "horror": figures.horror,
    "music": figures.musical,
    "musical": figures.musical,
    "mystery": scenery.mystery,
    "romance": figures.romance,
    "sci-fi": figures.scifi,
    "science-fiction": figures.scifi,
    "thriller": figures.thriller,
    "war": scenery.war,
    "western": scenery.western,
}
