"""What the console's pages on taste are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matinee.base.clock import to_iso
from matinee.recommendation.records import Row, ShelfModel, ShelfVersion
from matinee.server.site import words
from matinee.server.site.model_words import ago, split_model
from matinee.server.tastes import Share

ACCURATE = ("ndcg@10", "hit_rate@10", "mrr@10")
"""Of these more is better."""
SHOWN = (*ACCURATE, "coverage@10", "novelty@10", "diversity@10", "rmse", "mae")
"""The figures that are told, in this order; the rest follow from them, and stand in the JSON."""


@dataclass(frozen=True, slots=True)
class MetricCell:
    """A figure of a model: its value, its bar, and its interval where one was measured."""

    value: str
    share: int
    """Per cent of the best in the column."""
    best: bool
    interval: str


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model of a version."""

    name: str
    kind: str
    size: str
    seconds: str
    metrics: tuple[MetricCell | None, ...]
    curve: str
    """Points of the loss after each epoch, for a line 100 wide and 24 high."""
    loss: str


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version on the shelf."""

    version: str
    served: bool
    made: str
    since: str
    best: str
    columns: tuple[str, ...]
    models: tuple[ModelLine, ...]
    counts: str
    protocol: str
    fault: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A title in its place on a page."""

    position: int
    title_id: int
    name: str
    reason: str
    model: str
    fallback: str
    propensity: str
    chance: bool
    """Whether anything was left to chance."""


@dataclass(frozen=True, slots=True)
class RowTable:
    """A row of a page, slot by slot."""

    slug: str
    heading: str
    reason: str
    models: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A genre in three mixtures, in per cent; widths are relative to the greatest."""

    genre: str
    shares: tuple[tuple[str, float, int], ...]


def version_view(version: ShelfVersion, now_ms: int) -> VersionView:
    """A version as it is shown."""
    columns = _columns(version.models)
    facts = version.facts
    counts = [
        words.count(int(facts[key]), noun)
        for key, noun in (("viewers", "viewer"), ("titles", "title"), ("interactions", "interaction"))
        if isinstance(facts.get(key), int | float)
    ]
    order = {name: place for place, name in enumerate(_order(version))}
    models = sorted(version.models, key=lambda one: order.get(one.name, len(order)))
    return VersionView(
        version=version.version,
        served=version.served,
        made=to_iso(version.created_ms)[:16].replace("T", " ") if version.created_ms else "",
        since=ago(version.created_ms, now_ms) if version.created_ms else "",
        best=version.best,
        columns=columns,
        models=tuple(_model_line(one, columns, version.models) for one in models),
        counts=words.listing(counts),
        protocol=str(facts.get("protocol", "")),
        fault=version.fault,
    )


def row_tables(rows: Iterable[Row]) -> list[RowTable]:
    """The rows of a page, explained."""
    return [
        RowTable(
            slug=row.slug,
            heading=row.heading,
            reason=row.reason,
            models=words.listing(sorted({split_model(item.model)[0] for item in row.items})),
            slots=tuple(
                Slot(
                    position=item.position + 1,
                    title_id=item.title.id,
                    name=item.title.name,
                    reason=item.reason,
                    model=item.model,
                    fallback=item.fallback,
                    propensity=f"{item.propensity:.3g}",
                    chance=item.propensity < 1,
                )
                for item in row.items
            ),
        )
        for row in rows
    ]


def bars(mixture: Sequence[Share], most: int = 12) -> list[Bar]:
    """The genres that matter here, side by side."""
    told = sorted(mixture, key=lambda one: -max(one.liked, one.page))[:most]
    greatest = max((max(one.liked, one.page, one.library) for one in told), default=0) or 1
    return [
        Bar(
            one.genre,
            tuple(
                (name, round(100 * value, 1), round(100 * value / greatest))
                for name, value in (("liked", one.liked), ("page", one.page), ("library", one.library))
            ),
        )
        for one in sorted(told, key=lambda one: (-one.liked, -one.page, one.genre))
    ]


def size(count: float) -> str:
    """Bytes as people say them.

    >>> size(512), size(3_400_000), size(0)
    ('512 B', '3.4 MB', '')
    """
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count:.0f} B" if count else ""


def curve(losses: Sequence[float]) -> str:
    """A line through the losses, for a box 100 wide and 24 high.

    >>> curve([3.0, 1.0])
    '0.0,2.0 100.0,22.0'
    """
    if len(losses) < 2:
        return ""
    low, high = min(losses), max(losses)
    step, reach = 100 / (len(losses) - 1), (high - low) or 1
    return " ".join(f"{place * step:.1f},{22 - 20 * (one - low) / reach:.1f}" for place, one in enumerate(losses))


def _order(version: ShelfVersion) -> Sequence[str]:
    order = version.facts.get("order", ())
    return [str(one) for one in order] if isinstance(order, list | tuple) else [version.best]


def _columns(models: Iterable[ShelfModel]) -> tuple[str, ...]:
    measured = {name for one in models for name in one.metrics}
    return tuple(name for name in SHOWN if name in measured)


def _model_line(model: ShelfModel, columns: Sequence[str], all_: Sequence[ShelfModel]) -> ModelLine:
    return ModelLine(
        name=model.name,
        kind=model.kind,
        size=size(model.size_bytes),
        seconds=f"{model.seconds:.1f} s" if model.seconds else "",
        metrics=tuple(_cell(name, model.metrics, [one.metrics for one in all_]) for name in columns),
        curve=curve(model.losses),
        loss=f"{model.losses[0]:.4g} → {model.losses[-1]:.4g}" if model.losses else "",
    )


def _cell(name: str, own: Mapping[str, float], all_: Sequence[Mapping[str, float]]) -> MetricCell | None:
    if name not in own:
        return None
    values = [one[name] for one in all_ if name in one]
    best, value = max(values), own[name]
    low, high = own.get(f"{name}.low"), own.get(f"{name}.high")
    return MetricCell(
        value=f"{value:.4g}",
        share=max(0, round(100 * value / best)) if best > 0 else 0,
        best=name in ACCURATE and len(values) > 1 and value == best,
        interval="" if low is None or high is None else f"{low:.3g} to {high:.3g}",
    )
