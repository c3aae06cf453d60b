"""Transformer and GRU4Rec: the loss is the loss, order is what they learn from, and interruptions change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matinee.base.errors import InvalidInput, Unavailable
from matinee.learning.interactions import Interactions
from matinee.learning.model import NOTHING, Context, History

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'matinee[torch]'")

from matinee.recommendation.methods import descent, networks, next_title, softmax  # noqa: E402
from matinee.recommendation.methods.gru import GRU  # noqa: E402
from matinee.recommendation.methods.next_title import NextTitle  # noqa: E402
from matinee.recommendation.methods.transformer import Transformer  # noqa: E402

HOUR = 3_600_000
QUICK: dict[str, Any] = {"factors": 16, "epochs": 8, "window": 8, "learning_rate": 0.015, "batch": 8}
KINDS = [Transformer, GRU]


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def circles(viewers: int = 40, titles: int = 12, length: int = 6, seed: int = 0) -> Interactions:
    """Everybody goes on from a title of chance to the next one, an hour later."""
    rng = np.random.default_rng(seed)
    watched = (rng.integers(titles, size=viewers)[:, None] + np.arange(length)) % titles
    times = np.broadcast_to((np.arange(length) + 100) * HOUR, watched.shape)
    return Interactions.from_columns(np.repeat(np.arange(viewers), length), watched.ravel() + 50, at_ms=times.ravel())


def history(*columns: int, now_ms: int = 0) -> History:
    times = (np.arange(len(columns)) + 100) * HOUR
    return History(np.array(columns), np.ones(len(columns), np.float32), times, Context(now_ms=now_ms))


@pytest.mark.parametrize("kind", KINDS)
def test_order_is_what_is_learnt(kind: type[NextTitle]) -> None:
    model = kind(**QUICK).fit(circles(), np.random.default_rng(0))
    scores = model.score([history(3, 4, 5), history(5, 4, 3), history(9, 10), NOTHING])
    assert scores.argmax(axis=1)[[0, 2]].tolist() == [6, 11]
    assert not np.allclose(scores[0], scores[1])
    assert len(model.losses) == len(model.curve) == QUICK["epochs"]
    assert model.losses[-1] < 0.6 * model.losses[0]
    assert (np.diff(model.curve) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_comes_twice(kind: type[NextTitle]) -> None:
    model = kind(**QUICK | {"epochs": 2}).fit(circles(), np.random.default_rng(0))
    scores = model.score([history(*range(11)), history(4)])
    assert scores[0].argmax() == 11
    assert scores[1].argmin() == 4


def test_titles_begin_near_to_their_company() -> None:
    known = circles()
    model = Transformer(**QUICK | {"epochs": 1, "learning_rate": 1e-9}).fit(known, np.random.default_rng(0))
    vectors = model.weights["reading.titles.weight"][1:]
    cosines = vectors @ vectors.T / np.outer(*[np.linalg.norm(vectors, axis=1)] * 2)
    assert cosines[3, 4] > cosines[3, 9] + 0.3
    random = Transformer(**QUICK | {"epochs": 1, "company": 0.0}).network(12, torch.Generator().manual_seed(0))
    length = float(random.reading.titles.weight.detach().norm(dim=1).mean())
    assert np.linalg.norm(vectors, axis=1).mean() == pytest.approx(2 * length, rel=0.3)


def test_negatives_suffice() -> None:
    model = Transformer(**QUICK | {"epochs": 16}, negatives=6).fit(circles(), np.random.default_rng(0))
    best = model.score([history(3, 4, 5), history(8, 9)]).argsort(axis=1)[:, -3:]
    assert 6 in best[0]
    assert 10 in best[1]


def sampled(loss: str) -> tuple[float, Any, Any]:
    """The loss of two questions against titles 0, 1 and 2, and the logits of those and of what came next: 3 and 1."""
    generator = torch.Generator().manual_seed(0)
    asked, vectors = torch.randn(3, 5, generator=generator), torch.randn(7, 5, generator=generator)
    bias = torch.randn(7, generator=generator)
    drawn = softmax.Drawn(torch.tensor([0, 1, 2]), torch.randn(7, generator=generator))
    came = softmax.Next(torch.tensor([3, 1, 0]), torch.tensor([1.0, 1.0, 0.0]))  # the third is not to be found
    found = softmax.some_titles(asked, (vectors, bias), came, drawn, loss)
    logits = (asked @ vectors.T + bias).double().numpy()[:2]
    if loss == "softmax":
        logits[:, :3] -= drawn.log_expected[:3].numpy()
        logits[1, 1] += float(drawn.log_expected[1])  # what came next is no negative of itself
    return float(found), [logits[0, :3], logits[1, [0, 2]]], [logits[0, 3], logits[1, 1]]


def test_sampled_softmax_corrects_for_how_often_titles_are_drawn() -> None:
    found, wrong, right = sampled("softmax")
    each = [np.log(np.exp(right[one]) + np.exp(wrong[one]).sum()) - right[one] for one in (0, 1)]
    assert found == pytest.approx(np.mean(each), rel=1e-5)


def test_gbce_is_its_formula() -> None:
    found, wrong, right = sampled("gbce")
    share = 3 / 6
    power = share * (0.75 * (1 - 1 / share) + 1 / share)
    each = [power * np.log1p(np.exp(-right[one])) + np.log1p(np.exp(wrong[one])).sum() for one in (0, 1)]
    assert found == pytest.approx(np.mean(each), rel=1e-5)


def test_bpr_max_is_its_formula() -> None:
    found, wrong, right = sampled("bpr-max")
    each = []
    for one in (0, 1):
        by = np.exp(wrong[one]) / np.exp(wrong[one]).sum()
        pairs = by @ (1 / (1 + np.exp(wrong[one] - right[one])))
        each.append(by @ wrong[one] ** 2 - np.log(pairs))
    assert found == pytest.approx(np.mean(each), rel=1e-5)


def test_histories_longer_than_the_window_are_understood() -> None:
    known = circles(titles=30, length=25)
    model = Transformer(**QUICK).fit(known, np.random.default_rng(0))
    assert model.score([history(*range(20))]).argmax() == 20


def test_an_hour_matters_where_it_tells_something() -> None:
    rng = np.random.default_rng(0)
    night = rng.integers(2, size=300)  # after title 0 comes 1 in the day and 2 at night
    times = np.stack([np.full(300, 100 * HOUR), np.where(night, 108 * HOUR, 117 * HOUR)], 1)
    titles = np.stack([np.zeros(300, int), 1 + night], 1)
    known = Interactions.from_columns(np.repeat(np.arange(300), 2), titles.ravel(), at_ms=times.ravel())
    model = Transformer(**QUICK).fit(known, np.random.default_rng(0))
    asked = [history(0, now_ms=117 * HOUR), history(0, now_ms=108 * HOUR), history(0)]
    scores = model.score(asked)
    assert scores[:2, 1:].argmax(axis=1).tolist() == [0, 1]
    assert abs(scores[2, 1] - scores[2, 2]) < abs(scores[0, 1] - scores[0, 2])


def test_what_was_disliked_is_read_and_not_learnt_to_be_found() -> None:
    known = circles()
    viewers, titles, _, times = known.columns()
    stars = np.where(titles == 56, 1.0, 5.0)
    model = Transformer(**QUICK, dislike_below=1.0).fit(
        Interactions.from_columns(viewers, titles, stars, times), np.random.default_rng(0)
    )
    scores = model.score([history(3, 4, 5), history(5, 6)])
    assert scores[0, 6] < np.sort(scores[0])[-2]  # else it would be the first
    assert scores[1].argmax() == 7


@pytest.mark.parametrize("slab", [2, 800])
@pytest.mark.parametrize("weights", [[1, 1, 1, 1], [1, 0, 1, 0]])
def test_gradients_of_the_full_softmax_are_those_of_autograd(
    weights: list[float], slab: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softmax, "SLAB", slab)
    generator = torch.Generator().manual_seed(0)
    asked = torch.randn(4, 5, generator=generator, requires_grad=True)
    vectors = torch.randn(7, 5, generator=generator, requires_grad=True)
    bias = torch.randn(7, generator=generator, requires_grad=True)
    past = torch.tensor([0, 0, 2, 3, 3]), torch.tensor([1, 4, 0, 6, 5])
    came = softmax.Next(torch.tensor([0, 3, 6, 3]), torch.tensor(weights, dtype=torch.float32), past)
    logits = (asked @ vectors.T + bias).index_put(past, torch.tensor(-torch.inf))
    each = torch.nn.functional.cross_entropy(logits, came.columns, reduction="none")
    expected = (each * came.weights).sum() / came.weights.sum()
    wanted = torch.autograd.grad(expected, [asked, vectors, bias])
    found = softmax.all_titles(asked, vectors, bias, came)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    for mine, theirs in zip(torch.autograd.grad(found, [asked, vectors, bias]), wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_negatives_are_drawn_as_often_as_is_reckoned() -> None:
    counts = np.array([1000, 100, 10, 0])
    drawn = softmax.draw_negatives(counts, 40_000, 0.5, torch.Generator().manual_seed(0))
    found = np.bincount(drawn.columns.numpy(), minlength=4)
    np.testing.assert_allclose(found, np.exp(drawn.log_expected.numpy()), rtol=0.1)


def test_windows_of_one_row_do_not_see_each_other() -> None:
    size = networks.Size(8, 2, 6, 0.0, 2)
    network = networks.Transformer(9, size, torch.Generator().manual_seed(0)).eval()

    def read(titles: list[int], places: list[int], segments: list[int]) -> Any:
        zeros = torch.zeros(1, len(titles), dtype=torch.int64)
        with torch.inference_mode():
            return network(
                (torch.tensor([titles]), zeros, zeros, zeros, torch.tensor([places]), torch.tensor([segments]))
            )

    together = read([1, 2, 3, 4, 5], [0, 1, 2, 0, 1], [0, 0, 0, 1, 1])
    torch.testing.assert_close(together[:, 3:], read([4, 5], [0, 1], [0, 0]))
    torch.testing.assert_close(together[:, :2], read([1, 2, 9], [0, 1, 2], [0, 0, 0])[:, :2])


def test_dropout_keeps_its_share_and_the_mean() -> None:
    dropout = networks.Dropout(0.25, torch.Generator().manual_seed(0))
    values = dropout(torch.ones(1000, 101))
    assert float((values == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(values.mean()) == pytest.approx(1.0, abs=0.01)
    assert bool((dropout.eval()(torch.ones(8)) == 1).all())


def test_minutes_end_the_training() -> None:
    knobs = QUICK | {"epochs": 100_000, "minutes": 0.01}
    model = Transformer(**knobs).fit(circles(), np.random.default_rng(0))
    assert 1 <= len(model.losses) < 100_000
    assert model.curve[-1] >= 0.6


def test_learning_curves_can_be_watched() -> None:
    seen: list[np.floating[Any]] = []
    model = GRU(**QUICK | {"epochs": 3})
    model.after_epoch = lambda one: seen.append(one.score([history(3, 4)])[0, 5])
    model.fit(circles(), np.random.default_rng(0))
    assert len(seen) == 3
    assert model.score([history(3, 4)])[0, 5] == seen[-1]


def test_large_catalogues_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_title, "FULL", 10)
    monkeypatch.setattr(next_title, "SAMPLED", 5)
    asked: list[int] = []
    draw = softmax.draw_negatives
    monkeypatch.setattr(
        softmax, "draw_negatives", lambda counts, many, *rest: asked.append(many) or draw(counts, many, *rest)
    )
    Transformer(**QUICK | {"epochs": 1}).fit(circles(), np.random.default_rng(0))
    assert set(asked) == {5}


def test_running_out_of_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")

    monkeypatch.setattr(softmax, "all_titles", full)
    with pytest.raises(Unavailable, match="Lower batch, window, factors or negatives"):
        Transformer(**QUICK).fit(circles(), np.random.default_rng(0))


def test_a_fit_that_diverges_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent.Descent, "_learn", lambda *_: float("nan"))
    with pytest.raises(InvalidInput, match="Lower learning_rate"):
        Transformer(**QUICK).fit(circles(), np.random.default_rng(0))


@pytest.mark.parametrize("knobs", [{"factors": 0}, {"heads": 3}, {"loss": "hinge"}, {"dropout": 1.0}, {"window": 0}])
def test_knobs_that_make_no_sense_are_refused(knobs: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Transformer(**QUICK | knobs).fit(circles(), np.random.default_rng(0))
    assert caught.value.next_step
