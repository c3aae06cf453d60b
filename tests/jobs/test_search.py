"""Looking for jobs and resources, on either database."""

from __future__ import annotations

from typing import Any

import pytest
from tests.jobs.conftest import WHO, request

from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.jobs.records import Application, Cluster
from matinee.jobs.service import Service
from matinee.jobs.views.search import JobFilter, Page, ResourceFilter

ODD = ("%", "_", "\\", "'", '"', "a\\%", "%\\", "ö 😀", "' OR 1=1 --")


def names(service: Service, page: Page | None = None, **wanted: Any) -> list[str]:
    return [one.job.name for one in service.find_jobs(JobFilter(**wanted), page or Page()).items]


def test_jobs_are_found_by_all_that_is_known_of_them(service: Service) -> None:
    made = service.submit_graph({
        "a": request("true", name="train", tags=("nightly", "ö,%_"), grouping="dag", grouping_instance="1"),
        "b": request("true", name="publish", after=("a",), metadata={"deep": [1, None]}, priority=7),
        "c": request("true", name="other", user="max"),
    })  # fmt: skip
    assert names(service, user="ilse", statuses=["ACCEPTED"]) == ["train"]
    assert names(service, name="%ish") == ["publish"]
    assert names(service, name="tr_in") == []
    assert names(service, tags=["ö,%_", "nightly"]) == ["train"]
    assert names(service, tags=["ö,__"]) == []
    assert names(service, grouping="dag", grouping_instance="1") == ["train"]
    assert names(service, cluster_name="this%", command_name="shell", command_id="shell", user="max") == ["other"]
    assert names(service, id=made["b"].id) == ["publish"]
    assert names(service, min_started_ms=0) == []
    assert names(service, Page(sort=[("name", True)])) == ["train", "publish", "other"]
    assert names(service, Page(sort=[("clusterName", False), ("name", False)], size=2, number=1))
    assert service.find_jobs(JobFilter(), Page(size=1, number=5)).total == 3
    with pytest.raises(InvalidInput, match="nothing to sort by called 'shoes'"):
        names(service, Page(sort=[("shoes", True)]))
    whole = service.whole(made["a"].id)
    assert ([one.name for one in whole.before], list(whole.after), list(whole.attempts)) == (["publish"], [], [])
    assert [one.name for one in service.whole(made["b"].id).after] == ["train"]
    assert service.whole(made["b"].id).request.metadata == {"deep": [1, None]}
    with pytest.raises(NotFound, match="No job with id none"):
        service.whole("none")


@pytest.mark.parametrize("field", ["id", "name", "user", "cluster_name", "grouping"])
def test_odd_words_find_nothing_and_break_nothing(service: Service, field: str) -> None:
    service.submit(request("true"))
    for word in (one for one in ODD if one != "%"):
        assert names(service, **{field: word}) == []
    for word in ODD:
        assert names(service, tags=[word]) == []


def test_resources_are_found_and_changed_one_at_a_time(service: Service) -> None:
    for number, odd in enumerate(ODD):
        service.add(Application(id=f"app-{number}", name=f"app {odd}", status="ACTIVE", type=odd, tags=(odd,), **WHO))
    for number, odd in enumerate(ODD):
        found = service.find_resources(
            Application, ResourceFilter(tags=[odd, f"genie.id:app-{number}"], type=odd), Page()
        )
        assert [one.resource.name for one in found.items] == [f"app {odd}"]
        assert found.items[0].created_ms <= found.items[0].updated_ms
    assert service.find_resources(
        Application, ResourceFilter(name="app %", statuses=["ACTIVE"]), Page(size=2)
    ).total == len(ODD)
    assert service.find_resources(Application, ResourceFilter(user="max"), Page()).total == 0
    assert service.find_resources(Application, ResourceFilter(max_updated_ms=1), Page()).total == 0
    with pytest.raises(Conflict, match="The application app-0 exists already"):
        service.add(service.resource(Application, "app-0"))
    changed = service.change(Application, "app-0", lambda one: one.model_copy(update={"version": one.version + "1"}))
    assert service.resource(Application, "app-0") == changed
    with pytest.raises(NotFound, match="No cluster with id none"):
        service.change(Cluster, "none", lambda one: one)
