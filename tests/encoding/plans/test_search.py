"""The search against a world in which every unit's curves are known: near to the best with a part of the trials."""

from itertools import product
from typing import cast

import numpy as np
import pytest

from matinee.base.errors import NotFound
from matinee.encoding.codecs import CodecName
from matinee.encoding.plans.allocation import Options, Staircase, reaching
from matinee.encoding.plans.knowledge import Outcome, Priors, Space, Unit, Way, designed
from matinee.encoding.plans.rungs import Placing
from matinee.encoding.plans.search import Search, Target
from matinee.encoding.plans.surface import TERMS, Prior, unstretched

SPACE = Space(widths=(1280, 960, 640, 426), crfs=tuple(np.arange(18, 46, 1.0).tolist()))
SECONDS = 60.0


def _prior(mean: list[float], film: float, unit: float, noise: float) -> Prior:
    scale = np.diag([1, 0.15, 0.15, *[0.05] * (TERMS - 3)])
    mean = [*mean, *[0.0] * (TERMS - len(mean))]
    return Prior(weights=np.array([mean]).T, of_film=(film * scale) ** 2, of_unit=(unit * scale) ** 2, noise=noise)


PRIORS = Priors(
    bits=_prior([14.0, -2.2, 1.4, 0.15, 0.1, 0.05], 0.8, 0.8, 0.03),
    quality=_prior([1.4, -1.5, 0.8, 0.0, -0.5, 0.0], 0.4, 0.4, 0.03),
)


class World:
    """A film drawn from the priors; counts what is tried."""

    def __init__(self, seed: int, units: int = 12) -> None:
        rng = np.random.default_rng(seed)
        self.units = [Unit(frames=int(rng.integers(24, 144)), measures=()) for _ in range(units)]
        self.tried: list[tuple[int, Way]] = []
        shared = [rng.multivariate_normal(np.zeros(TERMS), one.of_film) for one in (PRIORS.bits, PRIORS.quality)]
        self._coefficients = [
            [
                prior.mean([]) + common + rng.multivariate_normal(np.zeros(TERMS), prior.of_unit)
                for prior, common in zip((PRIORS.bits, PRIORS.quality), shared, strict=True)
            ]
            for _ in self.units
        ]
        self._noise = {
            (i, Way(size, crf)): rng.normal(size=2) * 0.03
            for i, size, crf in product(range(units), range(len(SPACE.widths)), SPACE.crfs)
        }

    def outcome(self, i: int, way: Way) -> Outcome:
        row = SPACE.rows(way.size, [way.crf])[0]
        bits, quality = np.array([row @ one for one in self._coefficients[i]]) + self._noise[i, way]
        return Outcome(bits=float(2**bits) * self.units[i].frames, quality=float(unstretched(quality)))

    def trial(self, asked: list[tuple[int, Way]]) -> list[Outcome]:
        self.tried += asked
        return [self.outcome(i, way) for i, way in asked]

    def search(self, **how: str) -> Search:
        return Search(self.units, SPACE, PRIORS, self.trial, **how)

    def best(self, size: int, quality: float) -> float:
        """Bits of the cheapest allocation that reaches a quality, all outcomes known."""
        options = []
        for i, unit in enumerate(self.units):
            outcomes = [self.outcome(i, Way(size, crf)) for crf in SPACE.crfs]
            options.append(Options([o.bits for o in outcomes], [o.quality * unit.frames for o in outcomes]))
        stairs = Staircase(options)
        worth = quality * sum(one.frames for one in self.units)
        return float(stairs.bits[reaching(stairs, worth=worth)]) if stairs.worth[-1] >= worth else float("inf")


@pytest.mark.parametrize("seed", range(4))
def test_a_quality_is_reached_for_little_more_than_the_least_bits(seed: int) -> None:
    world = World(seed)
    search = world.search()
    search.probe(2)
    target = float(np.median([one.quality for one in search.curve()]))
    step = search.reach([Target(quality=target)])[0]
    assert target <= step.quality < target + 0.5
    assert step.bits < 1.03 * min(world.best(size, step.quality) for size in range(len(SPACE.widths)))
    assert len(world.tried) < 0.06 * len(world.units) * len(SPACE.crfs) * len(SPACE.widths)


@pytest.mark.parametrize("seed", range(2))
def test_the_ladder_is_near_to_the_best_of_all_sizes(seed: int) -> None:
    world = World(seed)
    search = world.search()
    search.probe(2)
    steps = search.ladder(Placing(), SECONDS)
    assert len(steps) > 2
    assert [one.bits for one in steps] == sorted(one.bits for one in steps)
    assert len({one.sizes for one in steps}) > 1
    least = [min(world.best(size, one.quality) for size in range(len(SPACE.widths))) for one in steps]
    assert np.mean([one.bits for one in steps] / np.array(least)) < 1.02
    assert len(world.tried) < 0.15 * len(world.units) * len(SPACE.crfs) * len(SPACE.widths)


def test_everything_delivered_was_measured_and_nothing_was_tried_twice() -> None:
    world = World(5)
    search = world.search()
    search.probe(2)
    steps = search.ladder(Placing(), SECONDS)
    for step in steps:
        outcomes = [world.outcome(i, way) for i, way in enumerate(step.ways)]
        assert set(enumerate(step.ways)) <= set(world.tried)
        assert step.bits == pytest.approx(sum(one.bits for one in outcomes))
    assert len(set(world.tried)) == len(world.tried)


def test_the_same_search_asks_the_same() -> None:
    asked = []
    for _ in range(2):
        world = World(6)
        search = world.search()
        search.probe(2)
        search.ladder(Placing(), SECONDS)
        asked.append(world.tried)
    assert asked[0] == asked[1]


def test_bits_are_kept_to() -> None:
    world = World(7)
    search = world.search()
    search.probe(2)
    middle = search.curve()[len(search.curve()) // 2]
    step = search.reach([Target(bits=middle.bits)])[0]
    assert 0.95 * middle.bits < step.bits <= middle.bits


def test_the_harmonic_mean_lifts_the_worst() -> None:
    world = World(8)
    worst = {}
    for pooling in ("mean", "harmonic"):
        search = world.search(pooling=pooling)
        search.probe(2)
        step = search.reach([Target(bits=2e6)])[0]
        worst[pooling] = min(world.outcome(i, way).quality for i, way in enumerate(step.ways))
    assert worst["harmonic"] > worst["mean"]


def test_probes_are_spread_over_sizes_and_rate_factors() -> None:
    chosen = designed(SPACE, PRIORS, 4)
    assert len({way.size for way in chosen}) > 1
    assert max(way.crf for way in chosen) - min(way.crf for way in chosen) > 10


def test_constant_slope_beats_one_rate_factor_and_equal_quality() -> None:
    world, bits = World(9), {}
    for sharing in ("shots", "title", "equal"):
        search = world.search(sharing=sharing)
        search.probe(2)
        step = search.reach([Target(quality=80)])[0]
        assert step.quality >= 80
        bits[sharing] = step.bits
        outcomes = [world.outcome(i, way) for i, way in enumerate(step.ways)]
        if sharing == "title":
            assert len(set(step.ways)) == 1
        if sharing == "equal":
            assert min(one.quality for one in outcomes) > 76
    assert bits["shots"] < min(bits["title"], bits["equal"])


def test_a_codec_of_which_nothing_is_known_is_told_of() -> None:
    with pytest.raises(NotFound, match=r"vp9 .* not been learnt"):
        Priors.of_codec(cast("CodecName", "vp9"))
