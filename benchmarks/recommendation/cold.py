"""Cold start on ml-1m: films that nobody has rated, viewers of whom five ratings are known, and who is asked first.

    python -m benchmarks.recommendation.cold PATH/TO/FOLDER    holding ml-1m.zip and ml-1m-extras.zip

Films: a tenth of them is held out with all their ratings, and for 2,000 viewers ranked among themselves. What is about
the same as the viewer's history, and what films of like content drew, stand beside the taste space with content in
it; how often the held-out films were rated, which nobody can know on the first day, says what there is to gain.

Viewers: 600 are not trained on; the first five ratings of each are given, the rest is to be found among all films.

Questions: half of what 300 other viewers rated can be asked about, the other half (4 stars and more) is to be found.
They are asked a screen of twelve at a time and tick what they gave 4 stars or more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from benchmarks.recommendation.films import Films, read
from benchmarks.report import Bar, Row, at_least
from matinee.catalog.records import Viewer
from matinee.learning.evaluation import Evaluation, evaluate
from matinee.learning.features import Features
from matinee.learning.interactions import Interactions, columns_of
from matinee.learning.model import Floats, History
from matinee.learning.splits import cold_titles, cold_viewers
from matinee.recommendation import methods
from matinee.recommendation.library import Library
from matinee.recommendation.methods.content import Content
from matinee.recommendation.methods.content_als import ContentALS
from matinee.recommendation.methods.kernel import Regression
from matinee.recommendation.picker import Answer, TasteSpace, offer

SEEDS = (0, 1, 2)
SHARE, EVENTS, VIEWERS, RANKING = 0.1, 5, 600, 2000
SCREEN, SCREENS, ASKED = 12, 4, 300
METRICS = ("ndcg", "recall", "hit_rate")
OURS, CONTENT, GUESSED, POPULAR = "content-als", "content", "popularity guessed from content", "popularity"
Doubles = NDArray[np.float64]
Way = Callable[[Mapping[int, Answer]], list[int]]
"""From the answers so far to the titles of the next screen."""


@dataclass
class Fixed:
    """The same scores for everybody, or for each viewer others at random."""

    title_ids: NDArray[np.int64]
    scores: Doubles
    rng: np.random.Generator | None = None
    kind: ClassVar[str] = "fixed"
    needs: ClassVar[frozenset[str]] = frozenset()

    def score(self, histories: Sequence[History]) -> Floats:
        """The scores."""
        if self.rng is not None:
            return self.rng.random((len(histories), self.title_ids.size), np.float32)
        return np.broadcast_to(self.scores.astype(np.float32), (len(histories), self.title_ids.size))


@dataclass
class Answers:
    """What one viewer said, and would have liked to be offered."""

    known: Mapping[int, float]
    """Stars of the titles that the viewer knows when asked."""
    wanted: NDArray[np.int64]
    given: dict[int, Answer] = field(default_factory=dict)


def measure(path: Path, seeds: Sequence[int] = SEEDS) -> list[Row]:
    """Films, viewers and questions, for every seed."""
    films = read(path)
    features = films.features()
    rows: list[Row] = []
    for seed in seeds:
        rows += _films(films, features, seed)
        rows += _viewers(films, features, seed)
    return rows + list(_questions(films, features, seeds[0]))


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Better than the baselines, clear of chance, in every seed; what the picker brings is told and not promised."""
    leads = (row for row in rows if row.system == OURS and row.metric.endswith("at least"))
    return [at_least(f"{row.data}: {row.system}, {row.metric}", row.value, 0.0) for row in leads]


def _films(films: Films, features: Features, seed: int) -> Iterator[Row]:
    split = cold_titles(films.known, SHARE, np.random.default_rng(seed))
    cold = split.test.title_ids
    rng = np.random.default_rng(seed)
    split = replace(split, test=_of_some(split.test, rng))
    popular = np.bincount(
        columns_of(cold, films.known.title_ids)[films.known.values.indices] + 1, minlength=cold.size + 1
    )
    models: dict[str, Any] = {
        "random": Fixed(cold, np.zeros(cold.size), rng),
        GUESSED: _guessed(split.train, features, cold),
        CONTENT: Content(features).fit(split.train, rng),
        OURS: ContentALS(features).fit(split.train, rng),
        "popularity that nobody can know": Fixed(cold, popular[1:].astype(np.float64)),
    }
    found = {name: evaluate(model, split, among=cold, told_when=False) for name, model in models.items()}
    yield from _rows(f"ml-1m, films without viewers, seed {seed}", found, ("random", GUESSED, CONTENT))


def _viewers(films: Films, features: Features, seed: int) -> Iterator[Row]:
    split = cold_viewers(films.known, VIEWERS, EVENTS, np.random.default_rng(seed))
    models: dict[str, Any] = {
        POPULAR: Fixed(split.train.title_ids, _counts(split.train)),
        CONTENT: Content(features).fit(split.train, np.random.default_rng(seed)),
        OURS: ContentALS(features).fit(split.train, np.random.default_rng(seed)),
    }
    models |= {
        kind: methods.make(kind).fit(split.train, np.random.default_rng(seed))
        for kind in ("als", "ease", "item-neighbours")
    }
    found = {name: evaluate(model, split, told_when=False) for name, model in models.items()}
    yield from _rows(f"ml-1m, viewers of {EVENTS} ratings, seed {seed}", found, (POPULAR, CONTENT, "als", "ease"))


def _questions(films: Films, features: Features, seed: int) -> Iterator[Row]:
    rng = np.random.default_rng(seed)
    split = cold_viewers(films.known, ASKED, EVENTS, rng)
    model = ContentALS(features).fit(split.train, rng)
    space, library = TasteSpace.of(model), Library.of({title.id: title for title in films.titles})
    someone = Viewer(id=1, name="Newcomer")
    order = model.title_ids[np.argsort(-model.viewers, kind="stable")].tolist()
    ways: dict[str, Way] = {
        "most popular first": lambda given: [one for one in order if one not in given][:SCREEN],
        "taste picker": lambda given: offer(space, library, someone, given, SCREEN),
    }
    found: dict[str, list[Doubles]] = {}
    for name, way in ways.items():
        people = list(_people(films.known, split.test.viewer_ids, np.random.default_rng(seed)))
        found[name] = [_after_screen(people, way, model) for _ in range(SCREENS)]
    data = f"ml-1m, {len(people)} viewers asked, seed {seed}"
    for name, screens in found.items():
        for place, values in enumerate(screens):
            yield Row(
                system=name,
                data=data,
                metric=f"NDCG@10 after {SCREEN * (place + 1)} titles",
                value=float(values.mean()),
            )
    for place, (ours, theirs) in enumerate(zip(found["taste picker"], found["most popular first"], strict=True)):
        less = ours - theirs
        low = float(less.mean() - 1.96 * less.std() / np.sqrt(less.size))
        metric = f"NDCG@10 lead over most popular first after {SCREEN * (place + 1)} titles"
        yield Row(system="taste picker", data=data, metric=metric, value=float(less.mean()))
        yield Row(system="taste picker", data=data, metric=f"{metric}, at least", value=low)


def _after_screen(
    people: Sequence[Answers], way: Callable[[Mapping[int, Answer]], list[int]], model: ContentALS
) -> Doubles:
    """One more screen for everybody; NDCG@10 of what is recommended then."""
    values = np.zeros(len(people))
    for place, one in enumerate(people):
        for title in way(one.given):
            one.given[title] = 1 if one.known.get(title, 0) >= 4 else 0
        liked = {title: 5.0 for title, value in one.given.items() if value > 0}
        scores = model.score([History.of(model.title_ids, liked)])[0].copy()
        scores[columns_of(model.title_ids, list(one.known))] = -np.inf
        best = model.title_ids[np.argsort(-scores, kind="stable")[:10]]
        gains = 1 / np.log2(np.arange(2, 12))
        values[place] = gains[np.isin(best, one.wanted)].sum() / gains[: one.wanted.size].sum()
    return values


def _people(known: Interactions, viewers: NDArray[np.int64], rng: np.random.Generator) -> Iterator[Answers]:
    for viewer in viewers.tolist():
        row = known.row_of(viewer)
        assert row is not None
        columns, stars, _ = known.history(row)
        askable = rng.random(columns.size) < 0.5
        titles = known.title_ids[columns]
        wanted = titles[~askable & (stars >= 4)]
        if wanted.size:
            yield Answers(dict(zip(titles[askable].tolist(), stars[askable].tolist(), strict=True)), wanted)


def _guessed(train: Interactions, features: Features, cold: NDArray[np.int64]) -> Fixed:
    """What titles of like content drew."""
    drew = np.log1p(_counts(train)).astype(np.float32)[:, None]
    learned = Regression.fit(features.of(train.title_ids), drew, np.ones(train.title_ids.size), ridge=3.0)
    return Fixed(cold, learned.predict(csr_array(features.of(cold)))[:, 0].astype(np.float64))


def _of_some(test: Interactions, rng: np.random.Generator) -> Interactions:
    """What `RANKING` viewers drawn at random are to find."""
    chosen = rng.permutation(test.viewer_ids.size) < RANKING
    return test.where(np.repeat(chosen, np.diff(test.values.indptr)))


def _counts(known: Interactions) -> Doubles:
    return np.bincount(known.values.indices, minlength=known.title_ids.size).astype(np.float64)


def _rows(data: str, found: Mapping[str, Evaluation], baselines: Sequence[str]) -> Iterator[Row]:
    for name, evaluation in found.items():
        for metric, estimate in evaluation.estimates().items():
            if metric in METRICS:
                label = {"ndcg": "NDCG@10", "recall": "recall@10", "hit_rate": "HR@10"}[metric]
                yield Row(system=name, data=data, metric=label, value=estimate.value)
    for name in baselines:
        lead = found[OURS].against(found[name])["ndcg"]
        yield Row(system=OURS, data=data, metric=f"NDCG@10 lead over {name}", value=lead.value)
        yield Row(system=OURS, data=data, metric=f"NDCG@10 lead over {name}, at least", value=lead.low)


if __name__ == "__main__":
    for one in measure(Path(sys.argv[1])):
        print(f"{one.data:45s} {one.system:35s} {one.metric:60s} {one.value:8.4f}")
