"""Commands that judge models: `evaluate` says how good each is and for whom, `compare` whether one is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import orjson
import typer
from rich.console import Group

from matinee.base.clock import now_ms
from matinee.base.errors import InvalidInput, Unavailable
from matinee.base.plotting import save
from matinee.base.terminal import Opener
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions
from matinee.learning.splits import Split, predefined
from matinee.recommendation import datasets, plots, trials, verdicts
from matinee.recommendation.trials import Trial

Data = Annotated[
    Path | None,
    typer.Option(help="A file of interactions or an archive of MovieLens; without it the workspace's own viewing."),
]
Test = Annotated[Path | None, typer.Option(help="A file of what is to be found; --data is then all learnt from.")]
Protocol = Annotated[str, typer.Option(help=f"How to split: {', '.join(trials.PROTOCOLS)}.")]
Models = Annotated[
    str, typer.Option(help="Kinds of models, apart by commas; the first is what others are held against.")
]
Seed = Annotated[int, typer.Option(help="The same seed and data give the same figures.")]
Length = Annotated[int, typer.Option("-n", min=1, max=1000, help="Length of the lists.")]
Share = Annotated[
    float, typer.Option(help="Of entries, viewers or titles to test with, where the protocol draws them.")
]
Least = Annotated[float, typer.Option(help="Ratings below this are left out before all else.")]
Seen = Annotated[bool, typer.Option("--seen", help="Recommend what a viewer has already touched, too.")]
Knobs = Annotated[list[str], typer.Option("--knob", help="As als.factors=128; may be given several times.")]
Plots = Annotated[Path | None, typer.Option(help="A folder for plots: learning curves, slices, popularity.")]


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    data: Path | None
    test: Path | None
    protocol: str
    models: str
    seed: int
    n: int
    share: float
    least: float
    seen: bool
    knobs: Sequence[str]
    plots: Path | None


def evaluate(
    ctx: typer.Context,
    *,
    data: Data = None,
    test: Test = None,
    protocol: Protocol = "leave-last-out",
    models: Models = "",
    seed: Seed = 0,
    n: Length = 10,
    share: Share = 0.1,
    least: Least = 0.0,
    seen: Seen = False,
    knobs: Knobs = [],  # noqa: B006  Typer reads it, nobody writes to it
    plots: Plots = None,
) -> None:
    """Say how good models are, and for whom: metrics with intervals, cold and warm apart."""
    opener: Opener = ctx.obj
    question = _Question(data, test, protocol, models, seed, n, share, least, seen, knobs, plots)
    facts, found = _judged(opener, question)
    opener.show(facts | {"models": [verdicts.told(one) for one in found]}, Group(*map(verdicts.one_table, found)))
    opener.say("`matinee recommendation compare` tells what differs between models by more than chance.")


def compare(
    ctx: typer.Context,
    *,
    data: Data = None,
    test: Test = None,
    protocol: Protocol = "leave-last-out",
    models: Models = "",
    seed: Seed = 0,
    n: Length = 10,
    share: Share = 0.1,
    least: Least = 0.0,
    seen: Seen = False,
    knobs: Knobs = [],  # noqa: B006  Typer reads it, nobody writes to it
    plots: Plots = None,
) -> None:
    """Hold models against the first of them, viewer by viewer, with the interval of each difference."""
    opener: Opener = ctx.obj
    question = _Question(data, test, protocol, models, seed, n, share, least, seen, knobs, plots)
    facts, found = _judged(opener, question)
    first = found[0]
    against = {one.kind: one.evaluation.against(first.evaluation) for one in found[1:]}
    told = [
        verdicts.told(one) | ({"against": verdicts.numbers(against[one.kind])} if one.kind in against else {})
        for one in found
    ]
    title = f"{facts['protocol']}, {first.evaluation.viewer_ids.size:,} viewers"
    parts = [verdicts.side_by_side(found, title)]
    if against:
        parts.append(verdicts.differences(against, first.kind, first.evaluation.n))
    opener.show(facts | {"models": told}, Group(*parts))
    opener.say("A difference whose interval holds 0 may be chance. `--json` has every metric and slice.")


def _judged(opener: Opener, question: _Question) -> tuple[dict[str, Any], list[Trial]]:
    """What the data is, and every model's trial."""
    known, features, facts, remarks = _data(opener, question)
    for remark in remarks:
        opener.say(remark)
    split = _split(known, question)
    kinds = _kinds(question)
    knobs = _knobs(question.knobs, kinds)
    found = []
    for kind in kinds:
        found.append(
            trials.run(
                kind,
                split,
                question.seed,
                n=question.n,
                seen=question.seen,
                ratings=question.protocol == "rating",
                features=features,
                parts=[one for one in kinds if one != kind],
                knobs=knobs.get(kind),
                among_tested=question.protocol == "cold-titles",
            )
        )
        opener.say(f"{kind}: learnt in {found[-1].fit_s:.1f} s, judged in {found[-1].evaluate_s:.1f} s.")
    if question.plots is not None:
        _plot(opener, found, question.plots)
    sizes = {"train": split.train.count, "test": split.test.count, "viewers": int(split.test.viewer_ids.size)}
    protocol = "given" if question.test else question.protocol
    return facts | {"protocol": protocol, "seed": question.seed, "n": question.n, "split": sizes}, found


def _data(opener: Opener, question: _Question) -> tuple[Interactions, Features | None, dict[str, Any], list[str]]:
    if question.data is None:
        service = opener.workspace().service("recommendation")
        known: Interactions = service.interactions()
        if not known.count:
            raise InvalidInput(
                "There is no viewing in this workspace yet.",
                next_step="Import some with `matinee import movielens PATH`, or name a file with `--data PATH`.",
            )
        return _least(known, question.least), service.features(), {"data": "workspace"}, []
    found = datasets.read(question.data, now_ms())
    facts = {"data": str(question.data), "rows": found.rows, "doubled": found.doubled, "refused": found.refused.total}
    return _least(found.known, question.least), found.features(now_ms()), facts, found.remarks()


def _least(known: Interactions, least: float) -> Interactions:
    kept = known.values.data >= least
    if not kept.any():
        raise InvalidInput(f"No rating is {least:g} or more.", next_step="Lower `--least`.")
    return known if kept.all() else known.where(kept)


def _split(known: Interactions, question: _Question) -> Split:
    if question.test is None:
        return trials.split_by(question.protocol, known, np.random.default_rng(question.seed), question.share)
    if question.data is None:
        raise InvalidInput("There is a `--test` without `--data`.", next_step="Name the file to learn from, too.")
    test = datasets.read(question.test, now_ms())
    if test.viewer_names or test.title_names or datasets.read(question.data, now_ms()).viewer_names:
        raise InvalidInput(
            "The ids of these files are words, which cannot be matched across files.",
            next_step="Give numbers, or one file and a protocol.",
        )
    return predefined(known, test.known)


def _kinds(question: _Question) -> list[str]:
    named = [one.strip() for one in question.models.split(",") if one.strip()]
    return list(dict.fromkeys(named)) or trials.default_models(question.protocol)


def _knobs(said: Sequence[str], kinds: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in said:
        name, equals, value = one.partition("=")
        kind, dot, knob = name.partition(".")
        if not (equals and dot and kind in kinds):
            raise InvalidInput(
                f"The knob {one!r} is not understood.", next_step="Write MODEL.KNOB=VALUE for one of the models."
            )
        try:
            found.setdefault(kind, {})[knob] = orjson.loads(value)
        except orjson.JSONDecodeError:
            found.setdefault(kind, {})[knob] = value
    return found


def _plot(opener: Opener, found: Sequence[Trial], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be made: {error.strerror}.", next_step="Choose another folder.") from None
    evaluations = {one.kind: one.evaluation for one in found}
    ranked = bool(found[0].evaluation.n)
    metric = "ndcg" if ranked else "rmse"
    made = {f"{metric}-by-slice.svg": plots.by_slice(evaluations, metric)}
    if any(one.losses for one in found):
        made["learning-curves.svg"] = plots.learning_curves({one.kind: one.losses for one in found})
    if ranked:
        made["popularity-bias.svg"] = plots.popularity_bias(evaluations)
    for name, figure in made.items():
        save(figure, folder / name)
    opener.say(f"Plots: {', '.join(str(folder / name) for name in made)}.")
