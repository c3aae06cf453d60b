"""The sidecar as a real server: every answer as described, whatever is sent, and no request dropped by a new model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks
from tests.server.test_sidecar import FLAGS, library, ratings

from matinee.base.clock import now_ms
from matinee.base.workspace import Workspace
from matinee.server.run import serve
from matinee.server.sidecar import create_sidecar
from matinee.subsystems import create_workspace

pytestmark = pytest.mark.filterwarnings("ignore")

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
BOUNDED = settings(
    max_examples=15, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
KNOWN = {"title": "jf-1", "viewer": "viewer 1"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder: Path = tmp_path_factory.mktemp("beside")
    with create_workspace(folder, (*FLAGS, "recommendation.measure=false", "recommendation.epochs=2")) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(workspace: Workspace) -> Iterator[str]:
    started, known = threading.Event(), []

    def ready(where: str, stop: Callable[[], None]) -> None:
        known.extend([where, stop])
        started.set()

    thread = threading.Thread(target=lambda: serve(workspace, "127.0.0.1", 0, only="recommendation", ready=ready))
    thread.start()
    assert started.wait(60)
    with httpx.Client(base_url=known[0], timeout=60) as client:
        assert client.put("/titles", json=library()).status_code == 200
        assert client.post("/events", json=ratings()[:1000]).json()["accepted"] > 100
    yield known[0]
    known[1]()
    thread.join(60)
    assert not thread.is_alive()


def test_no_request_is_dropped_while_models_are_published(workspace: Workspace, address: str) -> None:
    service, done = workspace.service("recommendation"), threading.Event()

    def ask() -> list[str]:
        """The models that answered this thread, in order."""
        seen: list[str] = []
        with httpx.Client(base_url=address, timeout=60) as client:
            while not done.is_set():
                answer = client.get("/recommendations/viewer 1", params={"n": 5})
                assert answer.status_code == 200, answer.text
                assert len(answer.json()["items"]) == 5
                seen.append(answer.json()["model"])
        return seen

    with ThreadPoolExecutor(3) as pool:
        threads = [pool.submit(ask) for _ in range(3)]
        try:
            published = [service.train(now_ms(), np.random.default_rng(number)).version for number in range(8)]
            service.roll_back()
        finally:
            done.set()
        seen = {model for thread in threads for model in thread.result()}
    assert sum(any(version in model for model in seen) for version in published) >= 2  # they did swap meanwhile


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described(workspace: Workspace, address: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(create_sidecar(workspace).openapi())
    found = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        try:
            ask(operation, address, mode)
        except Unsatisfiable:
            continue  # nothing about it can be wrong
        except Exception as error:
            found[operation.label] = str(error)
    assert not found, "\n\n".join(f"{label}: {error}" for label, error in found.items())


def ask(operation: schemathesis.APIOperation, address: str, mode: GenerationMode) -> None:
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def check(case: schemathesis.Case, known: bool) -> None:
        if mode is GenerationMode.POSITIVE and case.path_parameters and known:
            case.path_parameters.update({name: KNOWN[name] for name in case.path_parameters})
        case.call_and_validate(base_url=address, checks=CHECKS)

    check()


@pytest.mark.parametrize(
    "id_", ["ünï/cödé", "a?b=1&c#d", "..", "%2e%2e", "with space", "🎬" * 60, "'; drop table titles", "-1", "0"]
)
def test_ids_are_any_text(address: str, id_: str) -> None:
    from urllib.parse import quote

    with httpx.Client(base_url=address, timeout=60) as client:
        told = client.put("/titles", params={"source": "odd"}, json=[{"id": id_, "name": f"Named {id_}"[:100]}])
        assert told.json() == {"created": 1, "updated": 0, "unchanged": 0}
        event = {"viewer": id_, "title": id_, "kind": "list", "on": True}
        assert client.post("/events", params={"source": "odd"}, json=[event]).json()["accepted"] == 1
        if id_ not in ("..", "ünï/cödé"):  # clients and servers take these for steps of a path
            answer = client.get(f"/recommendations/{quote(id_, safe='')}", params={"source": "odd", "seen": True})
            assert answer.json()["viewer"] == id_
            assert id_ in [one["title"] for one in answer.json()["items"]]


@pytest.mark.parametrize("id_", ["", "a\x00b", "line\nbreak", "x" * 201])
def test_texts_that_are_no_ids_are_refused(address: str, id_: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as client:
        refused = client.put("/titles", json=[{"id": id_, "name": "Named"}])
        assert refused.status_code == 422
        events = client.post("/events", json=[{"viewer": id_, "title": "jf-1", "kind": "thumb", "value": 1}])
        assert events.json()["refused"][0]["field"] == "viewer"
