"""Schemathesis over the whole API: no server error, and every answer is as the description says."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks
from tests.jobs.conftest import request
from tests.server.conftest import Cinema

from matinee.base.clock import DAY_MS, now_ms
from matinee.catalog.records import Account
from matinee.server.app import create_app
from matinee.server.session_store import SessionStore

pytestmark = pytest.mark.filterwarnings("ignore")

REJECTED = openapi_checks.negative_data_rejection
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    REJECTED,
]
REFUSALS = [400, 401, 403, 404, 405, 409, 412, 413, 422]  # 412 is Genie's
PARTLY = {"POST /api/events"}  # of a batch the good events are taken and the bad ones are named
ENDING = ("/api/session", "/api/viewers", "/api/view-as")  # these end sessions, or the profile that was chosen
FILES = st.sampled_from(["e1/master.m3u8", "e1/video/1.m4s", "still.webp"])
BOUNDED = settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Visitor:
    """Somebody whose requests end sessions and delete profiles, and who comes back each time."""

    cinema: Cinema
    account: Account

    def token(self) -> str:
        """The token of a new session with a profile chosen."""
        catalog = self.cinema.catalog
        store = SessionStore(self.cinema.workspace.backends.tables, lambda: catalog, DAY_MS)
        viewers = catalog.viewers(self.account.id)
        viewer = viewers[0] if viewers else catalog.create_viewer("Anew", account_id=self.account.id)
        token, session = store.start(self.account, now_ms())
        store.choose(session, viewer)
        return token


@pytest.fixture(scope="module")
def schema(cinema: Cinema):
    cinema.workspace.service("jobs").submit(request("true", id="shell"))  # called as a command that there is
    description = create_app(cinema.workspace).openapi()
    config = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})
    return schemathesis.openapi.from_dict(description, config=config).exclude(
        path="/api/console/stream"
    )  # it has no end


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("who", ["boss", "family"])
def test_every_answer_is_as_described(cinema: Cinema, schema, address: str, who: str, mode: GenerationMode) -> None:
    visitor = Visitor(cinema, cinema.catalog.account_of(f"{who}@example.org"))
    found = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        if who == "family" and "jobs" in operation.tags:
            continue  # operators only; a test of jobs says so of each
        try:
            ask(operation, visitor, address, mode)
        except Unsatisfiable:
            continue  # nothing about it can be wrong
        except Exception as error:
            found[operation.label] = str(error)
    assert not found, "\n\n".join(f"{label}: {error}" for label, error in found.items())


def ask(operation: schemathesis.APIOperation, visitor: Visitor, address: str, mode: GenerationMode) -> None:
    lasting = visitor.token()
    wanted = CHECKS if operation.label not in PARTLY else [one for one in CHECKS if one is not REJECTED]

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode), known=known_places(visitor.cinema))
    def check(case: schemathesis.Case, known: dict[str, object]) -> None:
        if mode is GenerationMode.POSITIVE and case.path_parameters:
            case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
        token = visitor.token() if operation.path.startswith(ENDING) else lasting
        case.call_and_validate(base_url=address, headers={"Authorization": f"Bearer {token}"}, checks=wanted)

    check()


def known_places(cinema: Cinema) -> st.SearchStrategy[dict[str, object]]:
    """What exists, to put into addresses, or nothing: what is made up is rarely there."""
    films = st.fixed_dictionaries({"title_id": st.sampled_from(sorted(cinema.titles.values())), "path": FILES})
    return st.one_of(st.just({}), films, st.just({"id": "shell", "kind": "commands"}))


def test_the_description_is_whole(cinema: Cinema) -> None:
    description = create_app(cinema.workspace).openapi()
    assert description["openapi"].startswith("3.1")
    assert set(description["components"]["securitySchemes"]) == {"cookie", "bearer"}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            assert operation.get("tags"), f"{method} {path} has no tag"
            assert operation.get("description") or operation.get("summary"), f"{method} {path} says nothing"
            errors = {code: one for code, one in operation["responses"].items() if code >= "4"}
            assert errors, f"{method} {path} documents no error"


def test_operations_have_names_of_their_own(cinema: Cinema) -> None:
    paths = create_app(cinema.workspace).openapi()["paths"]
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(names) == len(set(names))
