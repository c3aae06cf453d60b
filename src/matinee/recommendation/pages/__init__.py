"""The page: which rows, in which order, which titles in each. Pure: everything it needs is given to it.

    continue watching   what was begun
    top picks           the best by the viewer's own scores, varied and in the viewer's own mixture
    moment              what this part of the day, on this device, is for
    my list             what the viewer put there
    because you ...     near to a title the viewer lately liked; up to three rows, apart from each other
    trending            what everybody is playing now
    genre               the genres the viewer takes more of than others do, ranked by own scores
    new                 what came last

A title stands on a page once, except that what was begun or listed keeps its own row too. What the viewer has touched
is not recommended again, unless nothing else is left: then the page offers what was liked. A row holds at most a
part of what there is to choose from, so that a small library fills several rows instead of one.
"""

from matinee.recommendation.pages.assembly import assemble
from matinee.recommendation.pages.draft import Candidates, Knobs, reasons_for

__all__ = ["Candidates", "Knobs", "assemble", "reasons_for"]
