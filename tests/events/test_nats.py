"""Events over NATS JetStream: the same exactly-once as over the embedded log."""

from __future__ import annotations

from pathlib import Path

import pytest

from matinee.base import migrations
from matinee.base.backends import BackendSettings, open_backends
from matinee.events.records import Rating
from matinee.events.service import Service


@pytest.mark.server
def test_a_bus_on_a_server_is_projected_once(tmp_path: Path, nats_url: str) -> None:
    with open_backends(BackendSettings(bus=nats_url), tmp_path) as backends:
        migrations.upgrade(backends.tables, ["matinee.events"])
        service = Service(backends)
        receipt = service.record_ratings([1] * 3000, range(1, 3001), [4.0] * 3000, [5] * 3000)
        assert (receipt.accepted, receipt.doubled) == (3000, 0)
        one = Rating(id="rating-0001", viewer_id=1, title_id=1, at_ms=6, stars=2)
        assert [service.record([one]).accepted for _ in range(2)] == [1, 0]
        before = service.state(1)
        assert (len(before.opinions), before.opinions[1].stars) == (3000, 2)
        assert service.rebuild() == 3001
        assert service.state(1) == before
