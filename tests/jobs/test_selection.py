"""Clusters and commands: the first choice that any cluster meets, only what is UP and ACTIVE, and why no other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matinee.jobs.queue.selection import NothingMatches, choose
from matinee.jobs.records import (
    ApplicationStatus,
    Cluster,
    ClusterStatus,
    Command,
    Criterion,
    JobRequest,
    TagCriteria,
)

WHO: dict[str, Any] = {"user": "ilse", "version": "1"}


def cluster(name: str, *tags: str, status: ClusterStatus = ClusterStatus.UP) -> Cluster:
    return Cluster(id=f"c-{name}", name=name, tags=tags, status=status, **WHO)


def command(
    name: str, *tags: str, on: tuple[str, ...] = ("type:here",), status: ApplicationStatus = ApplicationStatus.ACTIVE
) -> Command:
    criteria = tuple(Criterion.of_tags([one]) for one in on)
    return Command(
        id=f"p-{name}",
        name=name,
        tags=tags,
        status=status,
        executable_and_arguments=("echo",),
        cluster_criteria=criteria,
        **WHO,
    )


def request(*criteria: tuple[str, ...], wants: tuple[str, ...] = ("type:echo",)) -> JobRequest:
    choices = tuple(TagCriteria(tags=one) for one in criteria)
    return JobRequest(name="greet", cluster_criterias=choices, command_criteria=wants, **WHO)


ECHO = command("echo", "type:echo")


def test_the_first_criterion_that_a_cluster_meets_counts() -> None:
    small, big = cluster("small", "type:here", "size:small"), cluster("big", "type:here", "size:big")
    asked = request(("size:huge",), ("size:big",), ("size:small",))
    found = choose(asked, [small, big], [ECHO])
    assert (found.cluster, found.command, found.criterion) == (big, ECHO, 1)
    assert [str(one) for one in found.refusals] == [
        "cluster 'small' (c-small) lacks the tag size:huge",
        "cluster 'big' (c-big) lacks the tag size:huge",
        "cluster 'small' (c-small) lacks the tag size:big",
    ]


@pytest.mark.parametrize("status", [ClusterStatus.OUT_OF_SERVICE, ClusterStatus.TERMINATED])
def test_only_clusters_that_are_up_match(status: ClusterStatus) -> None:
    down, up = cluster("down", "type:here", "a", status=status), cluster("up", "type:here")
    assert choose(request(("a",), ("type:here",)), [down, up], [ECHO]).cluster == up
    with pytest.raises(NothingMatches, match=rf"Criterion 1 wants tags a: cluster 'down' \(c-down\) is {status}"):
        choose(request(("a",)), [down], [ECHO])


@pytest.mark.parametrize("status", [ApplicationStatus.INACTIVE, ApplicationStatus.DEPRECATED])
def test_only_commands_that_are_active_match(status: ApplicationStatus) -> None:
    with pytest.raises(NothingMatches, match=rf"command 'echo' \(p-echo\) is {status}") as error:
        choose(request(("type:here",)), [cluster("here", "type:here")], [command("echo", "type:echo", status=status)])
    assert "ACTIVE" in error.value.next_step


def test_every_refusal_is_told() -> None:
    clusters = [cluster("a", "type:here"), cluster("b", "gpu", status=ClusterStatus.TERMINATED), cluster("c", "gpu")]
    with pytest.raises(NothingMatches) as error:
        choose(request(("gpu", "fast"), ("gpu",)), clusters, [ECHO])
    assert error.value.message == (
        "No cluster takes 'greet'. "
        "Criterion 1 wants tags fast, gpu: cluster 'a' (c-a) lacks the tags fast, gpu; "
        "cluster 'b' (c-b) is TERMINATED; lacks the tag fast; cluster 'c' (c-c) lacks the tag fast. "
        "Criterion 2 wants tags gpu: cluster 'a' (c-a) lacks the tag gpu; cluster 'b' (c-b) is TERMINATED; "
        "cluster 'c' (c-c) is none of the clusters that 'echo' runs on."
    )


def test_nothing_at_all_is_told() -> None:
    with pytest.raises(NothingMatches, match=r"which wants tags type:echo\. There is no command\."):
        choose(request(("a",)), [], [])
    with pytest.raises(NothingMatches, match=r"Criterion 1 wants tags a: there is no cluster\."):
        choose(request(("a",)), [], [ECHO])
    with pytest.raises(NothingMatches, match="names no clusters to run on"):
        choose(request(("a",)), [cluster("a", "a")], [command("echo", "type:echo", on=())])


def test_the_least_busy_is_taken_and_a_command_prefers_its_first_clusters() -> None:
    one, two = cluster("one", "type:here"), cluster("two", "type:here")
    assert choose(request(("type:here",)), [one, two], [ECHO], {"c-one": 3, "c-two": 1}).cluster == two
    choosy = command("echo", "type:echo", on=("name:x", "type:here"))
    named = cluster("three", "type:here", "name:x")
    busy = {"c-three": 9}
    assert choose(request(("type:here",)), [one, two, named], [choosy], busy).cluster == named


def test_one_resource_is_named_by_id_or_name() -> None:
    one, two = cluster("one", "type:here"), cluster("two", "type:here")
    assert choose(request(("genie.id:c-two",)), [one, two], [ECHO]).cluster == two
    assert choose(request(("genie.name:one",), wants=("genie.id:p-echo",)), [one, two], [ECHO]).cluster == one
    with pytest.raises(NothingMatches, match="has another name than 'three'"):
        choose(request(("genie.name:three",)), [one, two], [ECHO])


TAGS = st.sets(st.sampled_from(["a", "b", "c", "it's; rm -rf /", "ö,\\"]), max_size=3)


@given(
    st.lists(st.tuples(TAGS, st.sampled_from(list(ClusterStatus))), max_size=5),
    st.lists(TAGS.filter(bool), max_size=3, min_size=1),
)
def test_what_is_chosen_meets_the_first_criterion_that_can_be_met(
    clusters: list[tuple[set[str], ClusterStatus]], criteria: list[set[str]]
) -> None:
    made = [cluster(str(i), "type:here", *tags, status=status) for i, (tags, status) in enumerate(clusters)]
    up = [set(one.tags) for one in made if one.status == ClusterStatus.UP]
    met = [i for i, wanted in enumerate(criteria) if any(wanted <= tags for tags in up)]
    asked = request(*(tuple(one) for one in criteria))
    if not met:
        with pytest.raises(NothingMatches):
            choose(asked, made, [ECHO])
        return
    found = choose(asked, made, [ECHO])
    assert found.criterion == met[0]
    assert criteria[met[0]] <= set(found.cluster.tags)
    assert found.cluster.status == ClusterStatus.UP
