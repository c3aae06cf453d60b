"""The models learn what viewers did since: train, publish, look whether a page comes out, else take it back."""

from __future__ import annotations

from random import SystemRandom

import numpy as np

from matinee.base.workspace import Workspace
from matinee.catalog.records import Viewer
from matinee.recommendation.records import TrainReport
from matinee.recommendation.service import Service as Recommendation


def retrain(workspace: Workspace, now_ms: int, seed: int = 0) -> TrainReport:
    """Train on everything and serve the result, in this process and every other that has the workspace open.

    A model from which no page can be made is taken off again, and the error raised.
    """
    recommendation: Recommendation = workspace.service("recommendation")
    before = recommendation.versions()[1]
    report = recommendation.train(now_ms, np.random.default_rng(seed))
    stranger = Viewer(id=2**31 - 1, name="A stranger")
    try:
        recommendation.page(stranger, now_ms, SystemRandom())
    except Exception:
        if before is not None:
            recommendation.roll_back()
        raise
    return report
