"""Events over HTTP: batches, refusals by index, and whose events they may be."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests import apart

from matinee.base.backends import Backends
from matinee.base.clock import now_ms
from matinee.events.api import Sender, router
from matinee.events.service import Service

EVENT: dict[str, Any] = {"id": "event-001", "viewer_id": 7, "at_ms": 5, "title_id": 2, "value": 1, "kind": "thumb"}


@pytest.fixture
def service(backends: Backends) -> Service:
    return Service(backends)


def post(service: Service, sender: Sender, body: Any) -> httpx.Response:
    app = FastAPI()
    app.include_router(router(lambda: service, lambda: sender))

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as browser:
            return await browser.post("/api/events", json=body)

    return apart.run(send())


def test_a_batch_is_answered_per_event(service: Service) -> None:
    batch = [EVENT, {**EVENT, "id": "event-002", "viewer_id": 8}, {**EVENT, "value": 5}, "rubbish", EVENT]
    answer = post(service, Sender(7), batch)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["doubled"]) == (1, 1)
    assert [(one["index"], one["field"]) for one in body["refused"]] == [(1, "viewer_id"), (2, "value"), (3, "")]
    assert service.state(7).opinions[2].thumb == 1
    assert service.state(8).opinions == {}
    assert post(service, Sender(7), batch).json()["accepted"] == 0


def test_an_operator_may_send_for_anybody_and_nobody_for_none(service: Service) -> None:
    assert post(service, Sender(None), [EVENT]).json()["accepted"] == 0
    assert post(service, Sender(None, operator=True), [EVENT]).json()["accepted"] == 1


def test_a_clock_far_ahead_is_refused(service: Service) -> None:
    late = {**EVENT, "at_ms": now_ms() + 3 * 86_400_000}
    [refusal] = post(service, Sender(7), [late]).json()["refused"]
    assert refusal["field"] == "at_ms"


@pytest.mark.parametrize("body", [[EVENT] * 1001, {}, "text", None])
def test_what_is_no_batch_is_refused_whole(service: Service, body: Any) -> None:
    assert post(service, Sender(7), body).status_code == 422
