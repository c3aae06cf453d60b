"""What viewers were shown of late: counted by visit, faded by time, and kept in step with the bus."""

from __future__ import annotations

import pytest

from matinee.base.backends import Backends
from matinee.base.clock import DAY_MS
from matinee.events import codec, exposures
from matinee.events.exposures import NONE, VISIT_MS, Exposures, Shown, merged
from matinee.events.records import Impression, PageShown, Play, ShownRow
from matinee.events.service import IMPRESSIONS, Service

NOW = 1_790_000_000_000


def page(key: str, at_ms: int, *rows: tuple[int, ...], viewer: int = 1) -> PageShown:
    return PageShown(
        id=f"page-{key}",
        viewer_id=viewer,
        at_ms=at_ms,
        rows=tuple(
            ShownRow(
                row=f"row-{number}",
                titles=row,
                reasons=("",) * len(row),
                models=("",) * len(row),
                propensities=(1.0,) * len(row),
                fallbacks=("",) * len(row),
            )
            for number, row in enumerate(rows)
        ),
    )


def test_the_head_of_the_page_counts_most_and_what_is_far_down_not_at_all() -> None:
    shown = exposures.shown_in(codec.encode(page("1", NOW, (1,), tuple(range(2, 30)), *[(90 + n,) for n in range(9)])))
    assert shown is not None
    assert shown.weights[1] == 1
    assert shown.weights[1] > shown.weights[2] > shown.weights[3] > shown.weights[9]
    assert 20 not in shown.weights
    assert 97 not in shown.weights  # the tenth row
    one = Impression(
        id="impression-1", viewer_id=1, at_ms=NOW, title_id=2, page="p", row="r", row_position=1, position=0
    )
    single = exposures.shown_in(codec.encode(one))
    assert single is not None
    assert single.weights == {2: shown.weights[2]}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind":"page"}', b'{"viewer_id":1,"at_ms":2,"kind":"page"}'])
def test_what_is_no_page_is_passed_over(body: bytes) -> None:
    assert exposures.shown_in(body) is None


def test_reloading_is_no_second_exposure_and_weeks_let_it_fade() -> None:
    first = Shown(1, NOW, {5: 1.0, 6: 0.5})
    reloaded = merged(NONE, [first, Shown(1, NOW + VISIT_MS // 2, {5: 1.0, 7: 0.2})])
    assert reloaded.weights == {5: 1.0, 6: 0.5, 7: 0.2}
    later = merged(reloaded, [Shown(1, NOW + 7 * DAY_MS, {5: 1.0})])
    assert later.weights[5] == pytest.approx(1.5, abs=0.01)
    assert 7 not in merged(reloaded, [Shown(1, NOW + 14 * DAY_MS, {5: 1.0})]).weights


def test_a_page_that_arrives_late_counts_as_what_is_left_of_it() -> None:
    held = Exposures(NOW, {5: 1.0})
    late = merged(held, [Shown(1, NOW - 7 * DAY_MS, {5: 1.0, 6: 1.0})])
    assert late == Exposures(NOW, {5: 1.5, 6: 0.5})


def test_pages_are_projected_with_the_state_and_rebuilt(backends: Backends) -> None:
    service = Service(backends)
    service.record([page("0001", NOW, (1,), (2, 3)), page("0002", NOW, (4,), viewer=2)])
    service.record([page("0003", NOW + DAY_MS, (1,))])
    service.record([page("0003", NOW + DAY_MS, (1,))])  # sent again
    found = service.state(1).exposures
    assert found.at_ms == NOW + DAY_MS
    assert set(found.weights) == {1, 2, 3}
    assert found.weights[1] == pytest.approx(1 + 2 ** (-1 / 7), abs=0.01)
    assert service.state(2).exposures.weights == {4: 1.0}
    assert service.state(3).exposures == NONE
    service.rebuild()
    assert service.state(1).exposures == found


def test_pages_of_several_writers_count_once(backends: Backends) -> None:
    here, there = Service(backends), Service(backends)
    here.record([page("0001", NOW, (1,))])
    # A process that published and died before it could project leaves the next one behind the bus by a page.
    lost = page("0002", NOW, (2,), viewer=2)
    backends.bus.publish(IMPRESSIONS, [(lost.id, codec.encode(lost))])
    there.record([page("0003", NOW + DAY_MS, (1,)), page("0001", NOW, (1,))])
    here.record([page("0004", NOW + DAY_MS, (3,), viewer=2)])
    assert here.state(1).exposures.weights[1] == pytest.approx(1 + 2 ** (-1 / 7), abs=0.01)
    assert set(here.state(2).exposures.weights) == {2, 3}


def test_playings_keep_their_device(backends: Backends) -> None:
    service = Service(backends)
    plays = [
        Play(id=f"event-000{n}", viewer_id=1, at_ms=NOW + n, title_id=9, play=f"play-000{n}", device=device)
        for n, device in enumerate(["tv", "phone", ""])
    ]
    service.record(plays)
    moments = service.moments_since(NOW + 1)
    assert moments.devices == ("", "phone")
    assert moments.at_ms.tolist() == [NOW + 2, NOW + 1]
    assert service.moments_since(NOW + 9).devices == ()
