"""The demo: a small cinema made on the spot, from its films to its first home page.

    workspace ─→ films ─→ scan ─→ streams ─→ viewers ─→ a month of viewing ─→ models ─→ accounts ─→ ready to serve

Films come in through the same scan, viewing through the same events, models through the same training as anybody's.
Every step looks at what is there and does the rest, so that a demo that was stopped, at any moment, goes on where
it was, and one that is finished is ready at once.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from matinee.base.errors import Conflict, InvalidInput, MatineeError, NotFound, Unavailable
from matinee.base.progress import track
from matinee.base.workspace import Workspace
from matinee.catalog.records import Role, Viewer
from matinee.catalog.service import Service as Catalog
from matinee.encoding.service import Service as Encoding
from matinee.events.records import Event
from matinee.events.service import Service as Events
from matinee.events.service import topic_of
from matinee.simulation.films import FORMAT, Format
from matinee.simulation.library import jobs, make
from matinee.simulation.world import World
from matinee.workflows.ingest import scan

OPERATOR, MEMBER = "operator@matinee.local", "viewer@matinee.local"
PLAN, SIGN_IN = "demo.json", "sign-in.json"
SOURCE = "simulation"
"""Under which name the simulated viewers stand in the catalogue."""
_BATCH = 4000
CHILD_AGE = 6


@dataclass(frozen=True, slots=True)
class Step:
    """What one step came to."""

    name: str
    words: str
    seconds: float


@dataclass(slots=True)
class Demo:
    """A demo that is ready to be served."""

    world: World
    steps: list[Step] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    """By e-mail address."""


def build(
    workspace: Workspace,
    world: World,
    now_ms: int,
    *,
    form: Format = FORMAT,
    tell: Callable[[Step], None] = lambda _: None,
) -> Demo:
    """Bring the workspace to where it can be served; `tell` hears of each step as it ends.

    Raises `Conflict` where the workspace holds the demo of another seed or size.
    """
    world, began_ms = _plan(workspace.root, world, now_ms)
    demo = Demo(world)
    story: tuple[tuple[str, Callable[[], str]], ...] = (
        ("films", lambda: _films(workspace, world, form)),
        ("scan", lambda: _scan(workspace, now_ms)),
        ("streams", lambda: _streams(workspace)),
        ("viewers", lambda: _viewers(workspace, world, began_ms)),
        ("viewing", lambda: _viewing(workspace, world, began_ms)),
        ("models", lambda: _models(workspace, now_ms)),
        ("accounts", lambda: _accounts(workspace, world, demo, now_ms)),
    )
    for name, do in story:
        start = time.monotonic()
        words = do()
        demo.steps.append(Step(name, words, time.monotonic() - start))
        tell(demo.steps[-1])
    return demo


def _plan(root: Path, world: World, now_ms: int) -> tuple[World, int]:
    """The world of this workspace and when its month ends, which is when it was begun: both stay as they were."""
    wanted = {"seed": world.seed, "films": world.film_count, "viewers": world.viewer_count}
    path = root / PLAN
    if not path.exists():
        _write(path, json.dumps({**wanted, "began_ms": now_ms}), 0o644)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        began_ms = int(known.pop("began_ms"))
    except (ValueError, KeyError, AttributeError, OSError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", next_step="Remove the folder and begin again.") from None
    if known != wanted:
        raise Conflict(
            f"{root} holds another demo (seed {known.get('seed')}, films {known.get('films') or 'all'}).",
            next_step="Name another folder with `--folder`, or ask for the same.",
        )
    return world, began_ms


def _films(workspace: Workspace, world: World, form: Format) -> str:
    wanted = jobs(world.films, workspace.root / "library", world.seed, form)
    there = sum(job.done() for job in wanted)
    for _ in make(workspace.backends.compute, wanted):
        pass
    return f"{len(wanted)} films and episodes, {len(wanted) - there} made now"


def _scan(workspace: Workspace, now_ms: int) -> str:
    report = scan(workspace, workspace.root / "library", now_ms)
    if report.refused:
        raise InvalidInput(f"The demo's own library is refused: {report.refused[0]}.", next_step="Report this.")
    return f"{report.new} new, {report.unchanged} known"


def _streams(workspace: Workspace) -> str:
    encoding: Encoding = workspace.service("encoding")
    waiting = encoding.pending()
    for title_id, came in track(encoding.encode_all(waiting), "encoding films", len(waiting), "films"):
        if isinstance(came, MatineeError):
            raise Unavailable(f"Title {title_id} was not encoded: {came.message}", next_step=came.next_step)
    return f"{len(waiting)} encoded now" if waiting else "all there"


def _viewers(workspace: Workspace, world: World, now_ms: int) -> str:
    catalog: Catalog = workspace.service("catalog")
    ids = catalog.viewers_for(SOURCE, [person.key for person in world.people], now_ms)
    unnamed = {one.id for one in catalog.find_viewers(SOURCE, limit=len(ids))}
    for person in track([one for one in world.people if ids[one.key] in unnamed], "naming viewers"):
        catalog.update_viewer(ids[person.key], name=person.name, maturity=person.maturity, child=person.child)
    households = len({person.household for person in world.people})
    return f"{len(ids)} viewers in {households} households"


def _viewing(workspace: Workspace, world: World, began_ms: int) -> str:
    catalog: Catalog = workspace.service("catalog")
    events: Events = workspace.service("events")
    ids = catalog.viewers_for(SOURCE, [person.key for person in world.people], began_ms)
    wanted = world.month(ids, catalog.snapshot().titles, began_ms)
    missing = _missing(workspace, wanted)
    for batch in track(list(_batches(missing)), "a month of viewing"):
        events.record(batch)
    return f"{len(wanted):,} events, {len(missing):,} recorded now"


def _missing(workspace: Workspace, wanted: Sequence[Event]) -> list[Event]:
    """Those events that the bus does not hold. Where each topic holds enough, the month is there."""
    bus = workspace.backends.bus
    counts = Counter(topic_of(event) for event in wanted)
    if all(bus.end(topic) >= count for topic, count in counts.items()):
        return []
    held: set[str] = set()
    for topic in counts:
        after = 0
        while some := bus.read(topic, after, 10_000):
            held.update(message.id for message in some)
            after = some[-1].offset
    return [event for event in wanted if event.id not in held]


def _batches(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    for start in range(0, len(events), _BATCH):
        yield events[start : start + _BATCH]


def _models(workspace: Workspace, now_ms: int) -> str:
    if workspace.service("recommendation").versions()[1] is not None:
        return "trained before"
    report = workspace.service("recommendation").train(now_ms, np.random.default_rng(0))
    return f"learned from {report.interactions:,} interactions of {report.viewers} viewers"


def _accounts(workspace: Workspace, world: World, demo: Demo, now_ms: int) -> str:
    """An operator and a member. The member's profiles are two of the simulated viewers, and one for the children."""
    catalog: Catalog = workspace.service("catalog")
    demo.passwords = _passwords(workspace.root)
    for email, role in ((OPERATOR, Role.OPERATOR), (MEMBER, Role.MEMBER)):
        try:
            account = catalog.account_of(email)
        except NotFound:
            account = catalog.create_account(email, demo.passwords[email], role, now_ms)
        _profiles(catalog, world, account.id, email)
    return f"{OPERATOR} and {MEMBER}; passwords in {workspace.root / SIGN_IN}"


def _profiles(catalog: Catalog, world: World, account_id: int, email: str) -> None:
    """Give the account its profiles; one that has some, in whatever state, keeps them and gets what is missing."""
    have = catalog.viewers(account_id)
    ids = catalog.viewers_for(SOURCE, [person.key for person in world.people], 0)
    adults = [ids[person.key] for person in world.people if not person.child]
    for viewer_id in adults[:2] if email == MEMBER else adults[2:3]:
        if viewer_id not in {one.id for one in have}:
            catalog.claim_viewer(viewer_id, account_id)
    if email == MEMBER and not any(one.child for one in have):
        catalog.create_viewer("Children", account_id=account_id, maturity=CHILD_AGE, child=True, avatar="#e8b04a")


def member(workspace: Workspace) -> list[Viewer]:
    """The profiles of the member."""
    catalog: Catalog = workspace.service("catalog")
    return catalog.viewers(catalog.account_of(MEMBER).id)


def _passwords(root: Path) -> dict[str, str]:
    """Made once, and kept where only the owner of the workspace can read them."""
    path = root / SIGN_IN
    if not path.exists():
        made = {email: secrets.token_urlsafe(9) for email in (OPERATOR, MEMBER)}
        _write(path, json.dumps(made, indent=2) + "\n", 0o600)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {email: str(found[email]) for email in (OPERATOR, MEMBER)}
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InvalidInput(
            f"{path} cannot be read: {error}.", next_step="Set new passwords with `matinee accounts password`."
        ) from None


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all, and never, even for a moment, readable by others than `mode` says."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
