"""The queue: what is put there in a transaction, and what is left of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from matinee.base.clock import HOUR_MS, now_ms
from matinee.base.workspace import Workspace
from matinee.jobs.queue import bell
from matinee.jobs.queue.tickets import Ticket, Tickets, own_table


@pytest.fixture
def tickets(workspace: Workspace) -> Iterator[Tickets]:
    made = Tickets(workspace.backends.tables)
    yield made
    made.close()


def queued(workspace: Workspace) -> list[tuple[str, str, int]]:
    table = "workflow_status" if workspace.backends.tables.engine.dialect.name == "sqlite" else "dbos.workflow_status"
    query = f"SELECT workflow_uuid, status, priority FROM {table} ORDER BY priority, workflow_uuid"
    with workspace.backends.tables.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_ticket_is_there_with_its_transaction_or_not_at_all(workspace: Workspace, tickets: Tickets) -> None:
    with workspace.backends.tables.engine.connect() as connection, connection.begin() as transaction:
        tickets.put(connection, [Ticket("a/1")])
        transaction.rollback()
    assert queued(workspace) == []
    with workspace.backends.tables.write() as connection:
        tickets.put(connection, [Ticket("a/1"), Ticket("b/1", 5), Ticket("c/1", -5, 60), Ticket("a/1", 9)])
    assert queued(workspace) == [("b/1", "ENQUEUED", 996), ("a/1", "ENQUEUED", 1001), ("c/1", "DELAYED", 1006)]


def test_the_most_urgent_are_taken_first_and_each_by_one_agent(workspace: Workspace, tickets: Tickets) -> None:
    with workspace.backends.tables.write() as connection:
        tickets.put(connection, [Ticket("a/1"), Ticket("b/1", 5), Ticket("c/1", -5), Ticket("d/1", 9, 60)])
    mine, theirs, none = (tickets.take(agent, most) for agent, most in (("me", 2), ("other", 5), ("me", 5)))
    assert ([one.name for one in mine], [one.name for one in theirs], none) == (["b/1", "a/1"], ["c/1"], [])


def test_what_is_delayed_ripens(workspace: Workspace, tickets: Tickets) -> None:
    with workspace.backends.tables.write() as connection:
        tickets.put(connection, [Ticket("a/1", delay_s=0.05), Ticket("b/1", delay_s=60)])
    tickets.ripen()
    time.sleep(0.1)
    assert tickets.take("me", 5) == []
    tickets.ripen()
    assert [one.name for one in tickets.take("me", 5)] == ["a/1"]


def test_what_others_have_taken_is_neither_held_nor_done_with(workspace: Workspace, tickets: Tickets) -> None:
    tables = workspace.backends.tables
    with tables.write() as connection:
        tickets.put(connection, [Ticket("a/1"), Ticket("b/1")])
    first = tickets.take("slow", 1)
    tickets.give_back(["slow"])
    both = tickets.take("other", 2)
    assert {one.name for one in both} == {"a/1", "b/1"}
    with tables.write() as connection:
        assert tickets.held(connection, first) == set()
        assert tickets.held(connection, both) == set(both)
        tickets.done(connection, first)
        tickets.done(connection, [one for one in both if one.name == "b/1"])
    assert [row[:2] for row in queued(workspace)] == [("a/1", "PENDING"), ("b/1", "SUCCESS")]


def test_what_dead_agents_had_taken_goes_back(workspace: Workspace, tickets: Tickets) -> None:
    with workspace.backends.tables.write() as connection:
        tickets.put(connection, [Ticket("a/1"), Ticket("b/1"), Ticket("c/1")])
    tickets.take("dead", 1)
    tickets.take("alive", 1)
    assert tickets.give_back(["dead"]) == 1
    assert [row[:2] for row in queued(workspace)] == [("a/1", "ENQUEUED"), ("b/1", "PENDING"), ("c/1", "ENQUEUED")]


def test_nobody_waits_longer_where_the_clock_was_put_back(workspace: Workspace, tickets: Tickets) -> None:
    with workspace.backends.tables.write() as connection:
        tickets.put(connection, [Ticket("a/2", delay_s=60), Ticket("b/2", delay_s=60), Ticket("c/1")])
    table = own_table(workspace.backends.tables.engine)
    with workspace.backends.tables.write() as connection:
        before = {"created_at": table.c.created_at + HOUR_MS}
        later = {"delay_until_epoch_ms": table.c.delay_until_epoch_ms + HOUR_MS}
        connection.execute(table.update().where(table.c.workflow_uuid == "a/2").values(**before, **later))
        connection.execute(table.update().where(table.c.workflow_uuid == "c/1").values(**before))
    assert tickets.recount(now_ms()) == 1
    assert tickets.recount(now_ms()) == 0
    with workspace.backends.tables.read() as connection:
        due = connection.execute(table.select().where(table.c.status == "DELAYED")).all()
    assert [one.delay_until_epoch_ms - now_ms() for one in due] == pytest.approx([60_000] * 2, abs=2_000)


def test_what_was_done_with_is_forgotten(workspace: Workspace, tickets: Tickets) -> None:
    with workspace.backends.tables.write() as connection:
        tickets.put(connection, [Ticket("a/1"), Ticket("b/1")])
    table = own_table(workspace.backends.tables.engine)
    with workspace.backends.tables.write() as connection:
        connection.execute(
            table.update().where(table.c.workflow_uuid == "a/1").values(status="SUCCESS", completed_at=5)
        )
    assert tickets.tidy(5) == 0
    assert tickets.tidy(6) == 1
    assert [row[0] for row in queued(workspace)] == ["b/1"]


def test_who_listens_hears_at_once(workspace: Workspace, tickets: Tickets) -> None:
    stop = threading.Event()
    with bell.listening(workspace.backends.tables.engine) as heard:
        heard.wait(0.1, stop)
        heard.wait(0.1, stop)
        began = time.monotonic()
        heard.wait(0.5, stop)
        assert time.monotonic() - began > 0.4, "nothing has happened"

        def put() -> None:
            with workspace.backends.tables.write() as connection:
                tickets.put(connection, [Ticket("a/1")])

        later = threading.Timer(0.3, put)
        later.start()
        began = time.monotonic()
        heard.wait(20, stop)
        assert 0.2 < time.monotonic() - began < 10
        later.join()
