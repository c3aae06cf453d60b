"""Jobs over HTTP, in the shape of Genie: what its clients send, and what nobody should."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import Cinema
from tests.server.test_hostile import send

from matinee.base.errors import NotFound
from matinee.jobs.attempts import attachments
from matinee.jobs.attempts.output import Output
from matinee.server.app import create_app

V3 = "/api/v3"
CLUSTER: dict[str, Any] = {
    "name": "prod",
    "user": "ops",
    "version": "2",
    "status": "UP",
    "tags": ["sched:adhoc", "ö/%_"],
}
COMMAND: dict[str, Any] = {
    "name": "echo",
    "user": "ops",
    "version": "1",
    "status": "ACTIVE",
    "executable": "echo hello",
    "checkDelay": 1000,
    "clusterCriteria": [{"tags": ["sched:adhoc"]}, {"tags": ["type:local"]}],
}
JOB: dict[str, Any] = {
    "name": "count",
    "user": "ilse",
    "version": "1",
    "clusterCriterias": [{"tags": ["type:local"]}],
    "commandCriteria": ["type:shell"],
    "commandArguments": ["true"],
}


# Bodies are looked at before who sends them.
BODIES: dict[tuple[str, str], Any] = {
    ("post", "/api/v3/jobs/graph"): {},
    ("put", "/api/v3/schedules/{id}"): {
        "name": "nightly",
        "user": "ops",
        "cron": "0 3 * * *",
        "requests": {"a": JOB},
    },
    ("post", "/api/v3/commands/{id}/clusterCriteria"): {"id": "x"},
    ("put", "/api/v3/commands/{id}/clusterCriteria/{place}"): {"id": "x"},
    **{
        (method, f"/api/v3/{kind}{tail}"): body
        for method, tail in (("post", ""), ("put", "/{id}"))
        for kind, body in (
            ("applications", {**CLUSTER, "status": "ACTIVE"}),
            ("clusters", CLUSTER),
            ("commands", COMMAND),
        )
    },
}


def made(boss: httpx.Client, kind: str, body: dict[str, Any]) -> str:
    """The address of something new."""
    answer = boss.post(f"{V3}/{kind}", json=body)
    assert answer.status_code == (202 if kind == "jobs" else 201), answer.text
    assert answer.content == b""
    return answer.headers["location"]


def refusal(answer: httpx.Response, status: int) -> str:
    """What was wrong; it has Genie's names and ours."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["errorCode"] == status
    assert body["message"] == body["error"]
    assert set(body) == {"errorCode", "message", "error", "next_step"}
    return str(body["error"])


def test_resources_are_kept_found_changed_and_removed(boss: httpx.Client) -> None:
    place = made(boss, "clusters", {**CLUSTER, "id": "prod-1"})
    assert place == f"{boss.base_url}/api/v3/clusters/prod-1".replace("//api", "/api")
    assert "The cluster prod-1 exists already." in refusal(
        boss.post(f"{V3}/clusters", json={**CLUSTER, "id": "prod-1"}), 409
    )
    told = boss.get(place).json()
    assert told["tags"] == ["genie.id:prod-1", "genie.name:prod", "sched:adhoc", "ö/%_"]
    assert told["created"] == told["updated"]
    assert told["created"].endswith("Z")
    assert told["_links"]["self"]["href"] == place
    # A client changes what it was told and sends all of it back, the server's own words included.
    assert boss.put(place, json={**told, "version": "3"}).status_code == 204
    assert boss.get(place).json()["version"] == "3"
    assert "cannot be changed" in refusal(boss.put(place, json={**told, "id": "other"}), 412)
    steps = [{"op": "replace", "path": "/description", "value": "new"}, {"op": "add", "path": "/tags/-", "value": "x"}]
    assert boss.patch(place, json=steps).status_code == 204
    told = boss.get(place).json()
    assert (told["description"], told["version"], "x" in told["tags"]) == ("new", "3", True)
    assert boss.delete(f"{place}/tags/%C3%B6%2F%25_").status_code == 204
    assert boss.get(f"{place}/tags").json() == ["genie.id:prod-1", "genie.name:prod", "sched:adhoc", "x"]
    assert boss.delete(place).status_code == 204
    assert "No cluster with id prod-1" in refusal(boss.get(place), 404)
    refusal(boss.put(place, json=CLUSTER), 404)


def test_lists_are_paged_as_genie_s(boss: httpx.Client) -> None:
    places = [made(boss, "applications", {**CLUSTER, "status": "ACTIVE", "name": f"app-{i}"}) for i in range(5)]
    found = boss.get(f"{V3}/applications", params={"name": "app-%", "size": 2, "sort": "name,desc", "page": 1}).json()
    assert [one["name"] for one in found["_embedded"]["applicationList"]] == ["app-2", "app-1"]
    assert found["page"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": 1}
    following = boss.get(found["_links"]["next"]["href"]).json()
    assert [one["name"] for one in following["_embedded"]["applicationList"]] == ["app-0"]
    assert "next" not in following["_links"]
    id_ = places[0].rpartition("/")[2]
    assert (
        boss.get(f"{V3}/applications", params={"tag": [f"genie.id:{id_}", "ö/%_"]}).json()["page"]["totalElements"] == 1
    )
    empty = boss.get(f"{V3}/applications", params={"tag": ["ö"]}).json()
    assert "_embedded" not in empty
    assert empty["page"] == {"size": 64, "totalElements": 0, "totalPages": 0, "number": 0}
    assert "nothing to sort by called 'shoe'" in refusal(boss.get(f"{V3}/applications?sort=shoe"), 412)
    refusal(boss.get(f"{V3}/applications?size=0"), 412)
    assert boss.delete(f"{V3}/applications").status_code == 204
    assert boss.get(f"{V3}/applications").json()["page"]["totalElements"] == 0


def test_files_and_criteria_of_commands(boss: httpx.Client) -> None:
    place = made(boss, "commands", COMMAND)
    told = boss.get(place).json()
    assert (told["executable"], told["executableAndArguments"]) == ("echo hello", ["echo", "hello"])
    for several in ("configs", "dependencies"):
        assert boss.post(f"{place}/{several}", json=["/b", "/a", " "]).status_code == 204
        assert boss.post(f"{place}/{several}", json=["/c", "/a"]).status_code == 204
        assert boss.get(f"{place}/{several}").json() == ["/a", "/b", "/c"]
        assert boss.put(f"{place}/{several}", json=["/d"]).status_code == 204
        assert boss.get(f"{place}/{several}").json() == ["/d"]
        assert boss.delete(f"{place}/{several}").status_code == 204
        assert boss.get(f"{place}/{several}").json() == []
    app = made(boss, "applications", {**CLUSTER, "status": "ACTIVE", "id": "java"})
    refusal(boss.post(f"{place}/applications", json=["java", "none"]), 404)
    assert boss.post(f"{place}/applications", json=["java"]).status_code == 204
    assert [one["id"] for one in boss.get(f"{place}/applications").json()] == ["java"]
    assert [one["name"] for one in boss.get(f"{app}/commands").json()] == ["echo"]
    assert boss.delete(f"{place}/applications/java").status_code == 204
    assert boss.get(f"{place}/applications").json() == []
    cluster = made(boss, "clusters", CLUSTER)
    assert [one["name"] for one in boss.get(f"{place}/clusters").json()] == ["prod", "this-machine"]
    assert [one["name"] for one in boss.get(f"{cluster}/commands").json()] == ["echo"]
    criteria = f"{place}/clusterCriteria"
    assert boss.put(f"{criteria}/0", json={"name": "other"}).status_code == 200
    assert boss.post(criteria, json={"id": "last"}).status_code == 200
    assert [one["tags"] for one in boss.get(criteria).json()] == [[], ["sched:adhoc"], ["type:local"], []]
    assert boss.delete(f"{criteria}/2").json()[-1]["id"] == "last"
    refusal(boss.delete(f"{criteria}/9"), 404)
    refusal(boss.post(criteria, json={}), 412)
    assert boss.delete(criteria).json() == []
    assert boss.get(f"{place}/clusters").json() == []


def test_jobs_are_submitted_told_found_and_killed(boss: httpx.Client) -> None:
    place = made(boss, "jobs", {**JOB, "id": "job-1", "tags": ["genie.id:x", "nightly"], "metadata": {"a": None}})
    told = boss.get(place).json()
    assert (told["id"], told["status"], told["commandArgs"], told["tags"]) == ("job-1", "ACCEPTED", "true", ["nightly"])
    assert (told["clusterName"], told["commandName"], told["metadata"]) == ("this-machine", "shell", {"a": None})
    assert told["_links"]["output"]["href"] == f"{place}/output"
    assert boss.get(f"{place}/status").json() == {"status": "ACCEPTED"}
    assert boss.get(f"{place}/request").json()["commandCriteria"] == ["type:shell"]
    assert boss.get(f"{place}/cluster").json()["id"] == "this-machine"
    assert boss.get(f"{place}/command").json()["executable"] == "exec bash -c"
    assert boss.get(f"{place}/applications").json() == []
    assert boss.get(f"{place}/metadata").json() == {"id": "job-1", "numAttachments": 0, "totalSizeOfAttachments": 0}
    assert "has not begun" in refusal(boss.get(f"{place}/execution"), 404)
    refusal(boss.get(f"{place}/output"), 404)
    assert "already exists" in refusal(boss.post(f"{V3}/jobs", json={**JOB, "id": "job-1"}), 409)
    for params in (
        {"name": "cou%"},
        {"tag": "nightly"},
        {"clusterName": "this-%"},
        {"commandId": "shell"},
        {"id": "job-1"},
    ):
        found = boss.get(f"{V3}/jobs", params={**params, "user": "ilse", "status": ["ACCEPTED", "running"]}).json()
        assert [one["id"] for one in found["_embedded"]["jobSearchResultList"]] == ["job-1"], params
        assert found["page"]["size"] == 10
    for params in ({"name": "cou_"}, {"tag": "night"}, {"grouping": "x"}, {"minStarted": 0}, {"clusterName": "x\\%"}):
        assert boss.get(f"{V3}/jobs", params={**params, "user": "ilse"}).json()["page"]["totalElements"] == 0, params
    assert boss.delete(place, params={"why": "Enough."}).status_code == 202
    told = boss.get(place).json()
    assert (told["status"], told["statusMsg"]) == ("KILLED", "Enough.")
    refusal(boss.delete(f"{V3}/jobs/none"), 404)


def test_graphs_are_taken_whole(boss: httpx.Client) -> None:
    graph = {"train": JOB, "publish": {**JOB, "after": ["train"]}}
    told = boss.post(f"{V3}/jobs/graph", json=graph).json()
    assert {name: one["status"] for name, one in told.items()} == {"train": "ACCEPTED", "publish": "RESERVED"}
    assert "holds no job" in refusal(boss.post(f"{V3}/jobs/graph", json={}), 412)
    assert "wait for each other" in refusal(
        boss.post(f"{V3}/jobs/graph", json={"a": {**JOB, "after": ["b"]}, "b": {**JOB, "after": ["a"]}}), 412
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"name": "a\x00"},
        {"tags": ["a\nb"]},
        {"tags": ["x" * 256]},
        {"id": "../evil"},
        {"id": "x" * 241},
        {"timeout": 10**30},
        {"commandArguments": ["a\x00b"]},
        {"clusterCriterias": []},
        {"clusterCriterias": [{"tags": []}]},
        {"shoes": 2},
        {"user": None},
    ],
)
def test_requests_that_make_no_sense_are_refused(boss: httpx.Client, fields: dict[str, Any]) -> None:
    before = boss.get(f"{V3}/jobs").json()["page"]["totalElements"]
    assert next(iter(fields)) in refusal(boss.post(f"{V3}/jobs", json={**JOB, **fields}), 412)
    assert boss.get(f"{V3}/jobs").json()["page"]["totalElements"] == before


def test_what_nothing_takes_is_told_why(boss: httpx.Client) -> None:
    told = refusal(boss.post(f"{V3}/jobs", json={**JOB, "commandCriteria": ["type:spark"]}), 412)
    assert "command 'shell' (shell) lacks the tag type:spark" in told


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"name": "\\ud800"}'])
def test_bodies_that_are_no_request(boss: httpx.Client, content: bytes) -> None:
    refusal(boss.post(f"{V3}/jobs", content=content, headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize(
    "steps",
    [
        [{"op": "replace", "path": "/nothing/there", "value": 1}],
        [{"op": "replace", "path": "/status", "value": "SIDEWAYS"}],
        [{"op": "replace", "path": "/id", "value": "other"}],
        [{"op": "remove", "path": "/name"}],
        [{"op": "remove", "path": ""}],
        [{"op": "add", "path": "no-slash", "value": 1}],
        [{"op": "dance", "path": "/name"}],
        [{"op": "add", "path": "/metadata", "value": {"a": "x" * 1000}}]
        + [{"op": "copy", "from": "/metadata", "path": f"/metadata/{i}"} for i in range(40)],
    ],
)
def test_patches_that_do_not_fit_change_nothing(boss: httpx.Client, steps: list[dict[str, Any]]) -> None:
    before = boss.get(f"{V3}/commands/shell").json()
    refusal(boss.patch(f"{V3}/commands/shell", json=steps), 412)
    assert boss.get(f"{V3}/commands/shell").json() == before


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "a\\b", "..", "", "stdout", "run", "x" * 250, "%2e%2e/evil", "/etc/passwd"]
)
def test_attachments_may_not_name_other_places(boss: httpx.Client, cinema: Cinema, name: str) -> None:
    form = {"request": (None, b'{"name": 1}', "application/json"), "attachment": (name, b"evil")}
    refusal(boss.post(f"{V3}/jobs", files=form), 412)
    refusal(_submit(boss, JOB, {name: b"evil"}), 412)
    assert list(cinema.workspace.backends.objects.list("jobs/")) == []


def test_attachments_are_kept_before_their_job_is_queued_and_go_with_a_refusal(
    boss: httpx.Client, cinema: Cinema
) -> None:
    objects = cinema.workspace.backends.objects
    answer = _submit(boss, {**JOB, "id": "with-files"}, {"a b.txt": b"first", "ö.sql": b"x" * 2_000_000})
    assert answer.status_code == 202, answer.text
    asked = boss.get(f"{answer.headers['location']}/request").json()
    assert [one.rpartition("/")[2] for one in asked["dependencies"]] == ["a b.txt", "ö.sql"]
    assert objects.get(asked["dependencies"][0].removeprefix("objects:")) == b"first"
    told = boss.get(f"{answer.headers['location']}/metadata").json()
    assert (told["numAttachments"], told["totalSizeOfAttachments"]) == (2, 2_000_005)
    kept = [one.key for one in objects.list(attachments.prefix("with-files"))]
    # A second request for the same id is refused, and takes nothing of the first with it.
    refusal(_submit(boss, {**JOB, "id": "with-files"}, {"a b.txt": b"other"}), 409)
    refusal(_submit(boss, {**JOB, "commandCriteria": ["type:none"]}, {"a.txt": b"lost"}), 412)
    refusal(_submit(boss, JOB, [("a.txt", b"1"), ("a.txt", b"2")]), 412)
    assert [one.key for one in objects.list("jobs/")] == kept
    assert list(cinema.workspace.backends.work.glob("attachments-*")) == []


def _submit(boss: httpx.Client, job: dict[str, Any], files: Any) -> httpx.Response:
    """As pygenie does: all parts are files, the request has no name, and its attachments come after it."""
    parts = [("request", ("", json.dumps(job).encode(), "application/json"))]
    pairs = files.items() if isinstance(files, dict) else files
    return boss.post(f"{V3}/jobs", files=[*parts, *(("attachment", pair) for pair in pairs)])


def test_only_operators_are_answered(clients, parent: httpx.Client, boss: httpx.Client) -> None:
    for path in ("/jobs", "/clusters", "/jobs/x/output/stdout"):
        refusal(clients().get(V3 + path), 401)
        refusal(parent.get(V3 + path), 403)
    refusal(parent.post(f"{V3}/jobs", json=JOB), 403)
    # Files of strangers are not even read.
    large = {"request": (None, b"{}"), "attachment": ("a", b"x" * 5_000_000)}
    refusal(clients().post(f"{V3}/jobs", files=large), 401)
    # A program with a token is let in wherever it says it comes from; a browser with a cookie is not.
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    refusal(boss.post(f"{V3}/jobs", json=JOB, headers=foreign), 403)
    token = {"Authorization": f"Bearer {boss.cookies['matinee_session']}"}
    assert clients().post(f"{V3}/jobs", json=JOB, headers={**foreign, **token}).status_code == 202


def test_every_route_is_for_operators(cinema: Cinema, parent: httpx.Client) -> None:
    for path, operations in create_app(cinema.workspace).openapi()["paths"].items():
        for method in operations if path.startswith(V3) else ():
            place = path.replace("{kind}", "clusters").replace("{several}", "tags").replace("{place}", "0")
            body = {"json": BODIES.get((method, path), [])} if method in {"post", "put", "patch"} else {}
            refusal(parent.request(method, place, **body), 403)


def test_requests_are_read_up_to_a_limit(
    boss: httpx.Client, cinema: Cinema, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {**JOB, "metadata": "x" * 3_000_000}
    assert "larger than 2,097,152 bytes" in refusal(boss.post(f"{V3}/jobs", json=body), 413)
    head = "POST /api/v3/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    assert b" 413 " in send(address, f"{head}Content-Length: 157286401\r\n\r\n".encode())
    monkeypatch.setattr(attachments, "MOST_BYTES", 3)
    assert "'b' is larger than 0 MiB" in refusal(_submit(boss, JOB, {"a": b"123", "b": b"1234"}), 412)
    assert "more than 100 attachments" in refusal(_submit(boss, JOB, {f"f{i}": b"" for i in range(101)}), 412)
    assert not any(
        "/attachments/" in one.key and one.size_bytes <= 4 for one in cinema.workspace.backends.objects.list("jobs/")
    )


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("multipart/form-data", b"--b\r\n", 400),
        ("multipart/form-data; boundary=b", b"garbage", 400),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n{', 412),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", 400),
        ("text/plain", b"hello", 400),
    ],
)
def test_forms_that_are_none(boss: httpx.Client, kind: str, content: bytes, status: int) -> None:
    refusal(boss.post(f"{V3}/jobs", content=content, headers={"Content-Type": kind}), status)


def test_output_is_sent_so_that_it_can_do_no_harm(boss: httpx.Client, cinema: Cinema) -> None:
    id_ = made(boss, "jobs", JOB).rpartition("/")[2]
    folder = cinema.workspace.backends.work / "jobs" / id_ / "0"
    (folder / "sub ö").mkdir(parents=True)
    (folder / "stdout").write_bytes(b"0123456789")
    (folder / "sub ö/page.html").write_text("<script>alert(1)</script>")
    (folder / "evil.svg").write_text("<svg/>")
    (folder / "plot.png").write_bytes(b"\x89PNG")
    (folder / "<img src=x>").touch()
    (folder / "secret").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to("loop")
    output = f"{V3}/jobs/{id_}/output"
    whole = boss.get(f"{output}/stdout")
    assert (whole.text, whole.headers["content-type"]) == ("0123456789", "text/plain; charset=utf-8")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in whole.headers["content-security-policy"]
    part = boss.get(f"{output}/stdout", headers={"Range": "bytes=7-"})
    assert (part.status_code, part.text, part.headers["content-range"]) == (206, "789", "bytes 7-9/10")
    refusal(boss.get(f"{output}/stdout", headers={"Range": "bytes=10-"}), 416)
    assert boss.get(f"{output}/stdout", headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    for name in ("sub ö/page.html", "evil.svg"):
        answer = boss.get(f"{output}/{name}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
    assert boss.get(f"{output}/plot.png").headers["content-type"] == "image/png"
    told = boss.get(output).json()
    assert [one["name"] for one in told["directories"]] == ["sub ö/"]
    assert [one["name"] for one in told["files"]] == ["<img src=x>", "evil.svg", "plot.png", "stdout"]
    assert [one["size"] for one in told["files"]] == [0, 6, 4, 10]
    inner = boss.get(told["directories"][0]["url"]).json()
    assert inner["parent"]["name"] == "../"
    assert boss.get(inner["files"][0]["url"]).text == "<script>alert(1)</script>"
    page = boss.get(output, headers={"Accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<img" not in page.text
    for name in ("secret", "..%2F..%2F..%2F..%2Fmatinee.toml", "..%2F%2Fetc%2Fpasswd"):
        refusal(boss.get(f"{output}/{name}"), 412)
    for name in ("loop", "nothing", "x" * 5000, "%00", "stdout/x", "%2Fetc%2Fpasswd"):
        refusal(boss.get(f"{output}/{name}"), 404)
    assert boss.get(output, params={"attempt": 7}).status_code == 404


def test_the_size_of_a_file_is_told_without_reading_it(boss: httpx.Client, cinema: Cinema) -> None:
    id_ = made(boss, "jobs", JOB).rpartition("/")[2]
    folder = cinema.workspace.backends.work / "jobs" / id_ / "0"
    folder.mkdir(parents=True)
    with (folder / "stdout").open("wb") as log:
        log.truncate(1 << 40)  # to read it would take an hour
    answer = boss.head(f"{V3}/jobs/{id_}/output/stdout")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(1 << 40), b"")
    part = boss.head(f"{V3}/jobs/{id_}/output/stdout", headers={"Range": "bytes=-10"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
    assert boss.head(f"{V3}/jobs/{id_}/output/nothing").status_code == 404


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFound, match="has no file pipe"):
        Output(tmp_path, "The job 1").stream("pipe")
