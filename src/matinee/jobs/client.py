"""Jobs of a workspace elsewhere, over HTTP: the methods of `matinee.jobs.service.Service`, asked of its server.

Programs may use either, and need not know which. The server speaks as Genie does, so that Genie's own clients can
stand in for this one: see docs/jobs.md. Secrets are files of the machines that run jobs, and have no address.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, unquote

import httpx
from pydantic import TypeAdapter

from matinee.base.clock import from_iso, now_ms
from matinee.base.errors import Conflict, InvalidInput, MatineeError, NotAllowed, NotFound, Unavailable
from matinee.base.ids import new_id
from matinee.jobs.attempts import attachments
from matinee.jobs.attempts.output import missing, outside
from matinee.jobs.queue.resources import KINDS
from matinee.jobs.queue.schedules import Planned, Schedule
from matinee.jobs.records import Job, JobRequest, JobStatus, Usable
from matinee.jobs.views.census import Heartbeat
from matinee.jobs.views.connected import Graph
from matinee.jobs.views.costs import Cost
from matinee.jobs.views.history import Day
from matinee.jobs.views.search import Whole
from matinee.jobs.views.waiting import until_final

R = TypeVar("R", bound=Usable)
T = TypeVar("T")
_ON_A_PAGE = 1000
_ERRORS: Mapping[int, type[MatineeError]] = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict}


class Client:
    """Jobs of the server at an address. Close it, or use it as a context. Methods may be called from any thread.

    Methods raise what those of `Service` raise, `NotAllowed` where the token is not an operator's, and `Unavailable`
    where the server cannot be reached or has a fault.
    """

    def __init__(self, url: str, token: str, timeout_s: float = 60) -> None:
        """`token` is what ``POST /api/session`` tells an operator who signs in."""
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._http = httpx.Client(base_url=f"{self._url}/api/v3", headers=headers, timeout=timeout_s)
        self._copies = tempfile.TemporaryDirectory(prefix="matinee-jobs-")

    def save(self, one: R) -> R:
        """Store a resource, over what had its id; as it is stored, with an id."""
        if one.id:
            try:
                self._ask("PUT", f"{_place(type(one))}/{_name(one.id)}", json=_plain(one))
                return one
            except NotFound:
                pass
        return self.add(one)

    def add(self, one: R) -> R:
        """Store a new resource; as it is stored, with an id. Raises `Conflict` where its id is taken."""
        answer = self._ask("POST", _place(type(one)), json=_plain(one))
        return one.model_copy(update={"id": _id(answer)})

    def resources(self, kind: type[R]) -> list[R]:
        """All of a kind, the latest first."""
        return [kind.model_validate(one) for one in self._listed(_place(kind), {})]

    def resource(self, kind: type[R], id_: str) -> R:
        """One of them. Raises `NotFound`."""
        return kind.model_validate(self._ask("GET", f"{_place(kind)}/{_name(id_)}").json())

    def remove(self, kind: type[R], id_: str) -> None:
        """Remove one; jobs that had been resolved to it keep it as it was."""
        self._ask("DELETE", f"{_place(kind)}/{_name(id_)}")

    def submit(self, request: JobRequest, files: Sequence[Path] = ()) -> Job:
        """Have a request run, with copies of these files beside it; the job as it stands now."""
        if not files:
            return self.job(_id(self._ask("POST", "jobs", json=_plain(request))))
        with ExitStack() as opened:
            form: list[tuple[str, Any]] = [
                ("request", ("", request.model_dump_json(by_alias=True), "application/json"))
            ]
            for file in files:
                name = attachments.check_name(file.name)
                form.append(("attachment", (name, opened.enter_context(file.open("rb")))))
            return self.job(_id(self._ask("POST", "jobs", files=form)))

    def submit_graph(self, requests: Mapping[str, JobRequest]) -> dict[str, Job]:
        """Have several requests run, each `after` those of the others that it names; all are taken in, or none."""
        told = self._ask("POST", "jobs/graph", json={name: _plain(one) for name, one in requests.items()})
        return _told(dict[str, Job], told)

    def rerun(self, id_: str) -> Job:
        """A new job of the same request, see `JobRequest.anew`. Raises `NotFound`, and what `submit` raises."""
        return self.job(_id(self._ask("POST", f"jobs/{_name(id_)}/rerun")))

    def job(self, id_: str) -> Job:
        """A job. Raises `NotFound`."""
        return _job(self._ask("GET", f"jobs/{_name(id_)}").json())

    def whole(self, id_: str) -> Whole:
        """A job with its request, its attempts, and the jobs that it waits for and that wait for it.

        Raises `NotFound`.
        """
        return _told(Whole, self._ask("GET", f"jobs/{_name(id_)}/whole"))

    def graph(self, id_: str) -> Graph:
        """Everything that a job is connected with by what comes after what. Raises `NotFound`."""
        return _told(Graph, self._ask("GET", f"jobs/{_name(id_)}/graph"))

    def jobs(
        self, *, statuses: Collection[str] = (), owner: str = "", tags: Collection[str] = (), limit: int = 50
    ) -> list[Job]:
        """Jobs, the latest first: of these statuses, of this owner, with all of these tags."""
        wanted = {"status": list(statuses), "user": owner, "tag": list(tags)}
        return [_job(one) for one in self._listed("jobs", wanted, limit)]

    def kill(self, id_: str, why: str = "Job was killed by user.") -> None:
        """Have a job ended, soon; a final one stays as it is. Raises `NotFound`."""
        self._ask("DELETE", f"jobs/{_name(id_)}", params={"why": why})

    def wait(self, id_: str, timeout_s: float = float("inf"), every_s: float = 0.2) -> Job:
        """The job once it is final. Raises `Unavailable` after `timeout_s`."""
        return until_final(lambda: self.job(id_), timeout_s, every_s)

    def output(self, id_: str, name: str = "stdout", attempt: int | None = None) -> Path:
        """A copy of a file of a job's folder, of its latest attempt; it goes with this client. Raises `NotFound`."""
        if ".." in name.split("/"):
            raise outside(name)
        number = self.job(id_).attempt if attempt is None else attempt
        copy = Path(tempfile.mkdtemp(dir=self._copies.name), Path(name).name or "folder")
        place = f"jobs/{_name(id_)}/output/{quote(name)}"
        with self._errors(), self._http.stream("GET", place, params={"attempt": number}) as answer:
            if answer.is_error:
                answer.read()
            if _check(answer).headers["content-type"] == "application/json":  # of a folder
                raise missing(f"The job {id_}", name)
            with copy.open("wb") as out:
                out.writelines(answer.iter_bytes())
        return copy

    def save_schedule(self, one: Schedule) -> Planned:
        """Store a schedule, over what had its id; as it is planned now.

        Raises `InvalidInput` where its jobs wait for each other.
        """
        place = _schedule(one.id or new_id(now_ms(), SystemRandom()))
        return _told(Planned, self._ask("PUT", place, json=_plain(one)))

    def schedules(self) -> list[Planned]:
        """All schedules, the soonest first."""
        return _told(list[Planned], self._ask("GET", "schedules"))

    def schedule(self, id_: str) -> Planned:
        """One of them. Raises `NotFound`."""
        return _told(Planned, self._ask("GET", _schedule(id_)))

    def remove_schedule(self, id_: str) -> None:
        """Remove a schedule; the jobs that it has submitted stay."""
        self._ask("DELETE", _schedule(id_))

    def run_schedule(self, id_: str) -> Planned:
        """Submit the jobs of a schedule now; what came of it. Raises `NotFound`."""
        return _told(Planned, self._ask("POST", f"{_schedule(id_)}/run"))

    def costs(self, since_ms: int, until_ms: int) -> list[Cost]:
        """What the attempts that ended in a time have taken, by owner, the dearest first."""
        return _told(list[Cost], self._ask("GET", "costs", params={"since": since_ms, "until": until_ms}))

    def history(self, since_ms: int, until_ms: int) -> list[Day]:
        """What became of jobs on each day of a time. Raises `InvalidInput` where that is too long."""
        return _told(list[Day], self._ask("GET", "history", params={"since": since_ms, "until": until_ms}))

    def counts(self, since_ms: int) -> dict[JobStatus, int]:
        """How many jobs have each status: of active ones all, of final ones those that ended since a time."""
        return _told(dict[JobStatus, int], self._ask("GET", "counts", params={"since": since_ms}))

    def agents(self) -> list[Heartbeat]:
        """Agents of every machine, and when each last said that it lives."""
        return _told(list[Heartbeat], self._ask("GET", "agents"))

    def close(self) -> None:
        """Let go of the connections, and of copies of files."""
        self._http.close()
        self._copies.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listed(self, place: str, wanted: Mapping[str, Any], limit: int | None = None) -> Iterator[dict[str, Any]]:
        """What is on all pages, up to a limit."""
        size, number, left = min(limit or _ON_A_PAGE, _ON_A_PAGE), 0, limit
        while True:
            page = self._ask("GET", place, params={**wanted, "page": number, "size": size}).json()
            found: list[dict[str, Any]] = next(iter(page.get("_embedded", {}).values()), [])
            yield from found[:left]
            left = None if left is None else left - len(found)
            number += 1
            if number >= page["page"]["totalPages"] or (left is not None and left <= 0):
                return

    def _ask(self, method: str, place: str, **how: Any) -> httpx.Response:
        with self._errors():
            return _check(self._http.request(method, place, **how))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            told = f"The server at {self._url} does not answer: {error or type(error).__name__}."
            raise Unavailable(told, next_step="Check its address, and whether it runs.") from None


def _check(answer: httpx.Response) -> httpx.Response:
    """The answer itself; raises what the server says where it is an error."""
    if answer.is_success:
        return answer
    try:
        told = answer.json()
        message, next_step = str(told["error"]), str(told["next_step"])
    except (ValueError, TypeError, KeyError):
        message, next_step = f"{answer.url.host} answers {answer.status_code}.", "Is that a server of Matinee?"
    kind = _ERRORS.get(answer.status_code, InvalidInput if answer.is_client_error else Unavailable)
    raise (Unavailable if answer.status_code in {408, 429} else kind)(message, next_step=next_step)


def _told(kind: type[T], answer: httpx.Response) -> T:
    """What the server tells of something as it is, without links."""
    return TypeAdapter(kind).validate_json(answer.content)


def _job(told: Mapping[str, Any]) -> Job:
    """A job of what the server tells, whose times are words."""
    fields: dict[str, Any] = {}
    for name, field in Job.model_fields.items():
        alias = field.alias or name
        if name.endswith("_ms"):
            said = told.get(alias.removesuffix("Ms"))
            fields[name] = None if said is None else from_iso(said)
        elif alias in told:
            fields[name] = told[alias]
    return Job(**fields)


def _plain(one: Usable | JobRequest | Schedule) -> dict[str, Any]:
    return one.model_dump(mode="json", by_alias=True, exclude_none=True)


def _place(kind: type[Usable]) -> str:
    return f"{KINDS[kind]}s"


def _schedule(id_: str) -> str:
    return f"schedules/{_name(id_)}"


def _name(id_: str) -> str:
    return quote(id_, safe="")


def _id(answer: httpx.Response) -> str:
    return unquote(answer.headers["location"].rpartition("/")[2])
