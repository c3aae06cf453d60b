"""Surfaces foretold from few trials come near to what all trials say, and know how near."""

import numpy as np
import pytest

from matinee.encoding.plans.surface import TERMS, Film, Prior, Surface, Tried, basis, stretched, unstretched

CRFS, SCALES = np.meshgrid(np.arange(18, 46, 2.0), [1.0, 0.75, 0.5])
ROWS = basis(CRFS.ravel(), SCALES.ravel())


def _prior(rng: np.random.Generator) -> Prior:
    spread = rng.normal(size=(TERMS, TERMS)) * 0.2
    small = [0.02] * (TERMS - 3)
    return Prior(
        weights=np.concatenate(
            [[[12.0], [-2.0], [1.5], *([0.1] for _ in small)], rng.normal(size=(TERMS, 2)) * 0.3], axis=1
        ),
        of_film=np.diag([0.5, 0.1, 0.1, *small]) ** 2 + spread @ spread.T * 0.1,
        of_unit=np.diag([0.4, 0.1, 0.1, *small]) ** 2,
        noise=0.03,
    )


def _world(rng: np.random.Generator, units: int) -> tuple[Prior, list[np.ndarray], list[np.ndarray]]:
    """A prior, and the measures and true coefficients of the units of a film that was drawn from it."""
    prior = _prior(rng)
    measures = list(rng.normal(size=(units, 2)))
    shared = rng.multivariate_normal(np.zeros(TERMS), prior.of_film)
    own = rng.multivariate_normal(np.zeros(TERMS), prior.of_unit, size=units)
    return prior, measures, [prior.mean(x) + shared + e for x, e in zip(measures, own, strict=True)]


def _tried(rng: np.random.Generator, truth: np.ndarray, which: list[int], noise: float) -> Tried:
    rows = ROWS[which]
    return Tried(rows, rows @ truth + rng.normal(size=len(which)) * noise)


def test_the_posterior_is_that_of_the_whole_gaussian(rng: np.random.Generator) -> None:
    prior, measures, truth = _world(rng, 3)
    tried = [_tried(rng, one, which, prior.noise) for one, which in zip(truth, ([0, 30], [5], []), strict=True)]
    film = Film(prior, measures, tried)
    # The same by the joint covariance of all that is unknown and all that was seen.
    n = 3 * TERMS
    joint = np.kron(np.ones((3, 3)), prior.of_film) + np.kron(np.eye(3), prior.of_unit)
    mean = np.concatenate([prior.mean(x) for x in measures])
    picked = np.zeros((3, n))
    values = np.concatenate([one.values for one in tried])
    for row, (unit, design) in enumerate([(0, tried[0].rows[0]), (0, tried[0].rows[1]), (1, tried[1].rows[0])]):
        picked[row, unit * TERMS : (unit + 1) * TERMS] = design
    gain = joint @ picked.T @ np.linalg.inv(picked @ joint @ picked.T + prior.noise**2 * np.eye(3))
    expected, spread = mean + gain @ (values - picked @ mean), joint - gain @ picked @ joint
    for i, surface in enumerate(film.surfaces):
        part = slice(i * TERMS, (i + 1) * TERMS)
        assert surface.mean == pytest.approx(expected[part], abs=1e-8)
        if i == 2:  # of one that was not tried, the shared part is all there is to know
            assert surface.covariance == pytest.approx(spread[part, part], abs=1e-8)


def test_doubt_is_as_large_as_the_error(rng: np.random.Generator) -> None:
    off = []
    for _ in range(30):
        prior, measures, truth = _world(rng, 6)
        tried = [_tried(rng, one, [3, 32], prior.noise) for one in truth]
        for surface, one in zip(Film(prior, measures, tried).surfaces, truth, strict=True):
            off.append((surface.at(ROWS) - ROWS @ one) / surface.doubt(ROWS))
    assert np.std(off) == pytest.approx(1, abs=0.15)


def test_trials_of_a_neighbour_help(rng: np.random.Generator) -> None:
    errors = {0: [], 5: []}
    for _ in range(30):
        prior, measures, truth = _world(rng, 6)
        for neighbours, off in errors.items():
            tried = [
                _tried(rng, one, [0, 13, 40] if i < neighbours else [], prior.noise) for i, one in enumerate(truth)
            ]
            found = Film(prior, measures, tried).surfaces[-1]
            off.append(np.abs(found.at(ROWS) - ROWS @ truth[-1]).mean())
    assert np.mean(errors[5]) < 0.85 * np.mean(errors[0])


def test_more_trials_never_raise_doubt(rng: np.random.Generator) -> None:
    prior, _, truth = _world(rng, 1)
    surface = Surface(prior.mean([0, 0]), prior.of_unit)
    before = surface.doubt(ROWS)
    for i in (0, 20, 41):
        surface = surface.told(_tried(rng, truth[0], [i], prior.noise), prior.noise)
        after = surface.doubt(ROWS)
        assert np.all(after <= before + 1e-9)
        before = after


def test_the_scale_of_quality_has_no_ends() -> None:
    values = np.linspace(0, 100, 101)
    assert unstretched(stretched(values)) == pytest.approx(values, abs=1e-9)
    assert np.all(np.diff(stretched(values)) > 0)
    assert unstretched([-50, 50]).tolist() == [0, 100]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
