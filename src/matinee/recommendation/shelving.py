"""What a training wrote down of its models, as reports tell it: entries of the shelf to records."""

from __future__ import annotations

from matinee.learning.shelf import Entry
from matinee.recommendation.records import ShelfModel, ShelfVersion, TrainReport
from matinee.recommendation.serving import SPACES, space_of


def shelved(entry: Entry) -> ShelfVersion:
    """One version as it is reported."""
    return ShelfVersion(
        version=entry.version,
        created_ms=entry.created_ms,
        served=entry.current,
        best=next(iter(entry.facts.get("order", SPACES)), "") if not entry.damage else "",
        models=models_of(entry),
        facts=entry.facts,
        fault=entry.damage,
        digest=entry.digest,
    )


def trained(entry: Entry, seconds: float) -> TrainReport:
    """What came of a training, which took so long."""
    facts = entry.facts
    return TrainReport(
        version=entry.version,
        viewers=facts["viewers"],
        titles=facts["titles"],
        interactions=facts["interactions"],
        losses=tuple(facts["losses"].get(space_of(entry.kinds), ())),
        seconds=seconds,
        models=models_of(entry),
        best=facts["order"][0],
    )


def models_of(entry: Entry) -> tuple[ShelfModel, ...]:
    """The models of a version, with what its training wrote down of each."""
    facts = entry.facts
    return tuple(
        ShelfModel(
            name=name,
            kind=kind,
            size_bytes=facts.get("sizes", {}).get(name, 0),
            metrics=facts.get("measured", {}).get(name, {}),
            seconds=facts.get("seconds", {}).get(name, 0.0),
            losses=tuple(facts.get("losses", {}).get(name, ())),
        )
        for name, kind in entry.kinds.items()
    )
