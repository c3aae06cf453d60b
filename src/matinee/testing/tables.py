"""What every database behind `matinee.base.tables.Tables` does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, String, Table, func, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from matinee.base.tables import Tables

metadata = MetaData()
films = Table(
    "films",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("views", BigInteger, nullable=False, server_default="0"),
    Column("order", String),  # a word of SQL
    Column("seen", Boolean),
    Column("blob", LargeBinary),
)


class TablesContract:
    """Subclass it and give it the fixture `open_tables`."""

    @pytest.fixture
    def open_tables(self) -> Callable[[], Tables]:
        """A function that opens the database, which is empty when the test begins."""
        raise NotImplementedError

    @pytest.fixture
    def tables(self, open_tables: Callable[[], Tables]) -> Iterator[Tables]:
        """The open database with one table of films."""
        opened = open_tables()
        with opened.write() as connection:
            metadata.create_all(connection)
        yield opened
        opened.close()

    def names(self, tables: Tables) -> list[str]:
        """What another transaction sees."""
        with tables.read() as connection:
            return list(connection.scalars(select(films.c.name).order_by(films.c.id)))

    def test_what_is_written_is_read(self, tables: Tables, open_tables: Callable[[], Tables]) -> None:
        """By others too."""
        with tables.write() as connection:
            connection.execute(films.insert(), [{"name": "Sintel", "blob": b"\x00\xff"}])
            connection.execute(films.insert(), {"name": "Spring"})
        other = open_tables()
        assert self.names(other) == ["Sintel", "Spring"]
        with other.read() as connection:
            assert connection.execute(select(films.c.views, films.c.blob)).first() == (0, b"\x00\xff")
        other.close()

    def test_an_error_drops_all_changes(self, tables: Tables) -> None:
        """Whatever the error is."""

        def fail() -> None:
            with tables.write() as connection:
                connection.execute(films.insert(), {"name": "Sintel"})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert self.names(tables) == []

    def test_a_broken_constraint_is_the_callers(self, tables: Tables) -> None:
        """It comes as SQLAlchemy's error, and all changes are dropped."""
        with pytest.raises(IntegrityError), tables.write() as connection:
            connection.execute(films.insert(), [{"name": "Spring"}, {"name": "Sintel"}, {"name": "Sintel"}])
        assert self.names(tables) == []

    def test_a_fault_in_a_statement_is_the_programmers(self, tables: Tables) -> None:
        """It is not dressed up as an outage."""
        with pytest.raises(DBAPIError), tables.read() as connection:
            connection.exec_driver_sql("SELECT nothing FROM nowhere")

    def test_reading_keeps_nothing(self, tables: Tables) -> None:
        """Whether the database refuses the change or drops it."""
        try:
            with tables.read() as connection:
                connection.execute(films.insert(), {"name": "Sintel"})
        except DBAPIError:
            pass
        assert self.names(tables) == []

    def test_a_reader_sees_one_state(self, tables: Tables) -> None:
        """Though others write while it reads, and it does not keep them waiting."""
        with tables.write() as connection:
            connection.execute(films.insert(), {"name": "Sintel"})
        with tables.read() as reader:
            assert reader.scalar(select(func.count()).select_from(films)) == 1
            with tables.write() as connection:
                connection.execute(films.insert(), {"name": "Spring"})
            assert reader.scalar(select(func.count()).select_from(films)) == 1
        assert self.names(tables) == ["Sintel", "Spring"]

    def test_nobody_sees_half_a_write(self, tables: Tables) -> None:
        """Before it is committed it is not there."""
        with tables.write() as connection:
            connection.execute(films.insert(), {"name": "Sintel"})
            assert self.names(tables) == []
        assert self.names(tables) == ["Sintel"]

    def test_writers_queue(self, tables: Tables, open_tables: Callable[[], Tables]) -> None:
        """What one has read still holds when it writes."""
        with tables.write() as connection:
            connection.execute(films.insert(), {"name": "Sintel"})
        others = [open_tables(), open_tables()]

        def count_up(one: Tables) -> None:
            for _ in range(10):
                with one.write() as connection:
                    views = connection.execute(select(films.c.views)).scalar_one()
                    time.sleep(0.001)
                    connection.execute(update(films).values(views=views + 1))

        threads = [threading.Thread(target=count_up, args=(one,)) for one in (tables, tables, *others)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with tables.read() as connection:
            assert connection.scalar(select(films.c.views)) == 40
        for one in others:
            one.close()

    def test_upserting_keeps_what_is_to_be_kept(self, tables: Tables) -> None:
        """The row with the same key is overwritten, and only that."""
        with tables.write() as connection:
            statement = tables.upsert(films, keys=["name"], keep=["views"])
            connection.execute(statement, {"name": "Sintel", "views": 5, "order": "a"})
            connection.execute(statement, {"name": "Spring"})
            connection.execute(statement, {"name": "Sintel", "views": 9, "order": "b"})
        with tables.read() as connection:
            rows = connection.execute(select(films.c.name, films.c.views, films.c.order).order_by(films.c.id)).all()
        assert rows == [("Sintel", 5, "b"), ("Spring", 0, None)]

    def test_appending_inserts_in_order(self, tables: Tables) -> None:
        """Odd characters, NULL, booleans and bytes arrive as they are."""
        rows = [("Tab\there", None, True, b"\x00\\."), ("New\nline", "\\N", False, b""), ("Ümläut 🎬", "", None, None)]
        with tables.write() as connection:
            assert tables.append(connection, films, ["name", "order", "seen", "blob"], iter(rows)) == 3
        with tables.read() as connection:
            found = connection.execute(
                select(films.c.name, films.c.order, films.c.seen, films.c.blob).order_by(films.c.id)
            )
            assert [tuple(row) for row in found] == rows

    def test_appending_what_is_there_is_an_error(self, tables: Tables) -> None:
        """Unless the keys are named; nothing of it is kept."""
        with tables.write() as connection:
            tables.append(connection, films, ["name"], [("Sintel",)])
        with pytest.raises(IntegrityError), tables.write() as connection:
            tables.append(connection, films, ["name"], [("Spring",), ("Sintel",)])
        assert self.names(tables) == ["Sintel"]

    def test_appending_with_keys_merges(self, tables: Tables) -> None:
        """Only the columns given are overwritten, less those to keep; the last of several counts."""
        with tables.write() as connection:
            tables.append(connection, films, ["name", "views", "order"], [("Sintel", 3, "a"), ("Spring", 4, "b")])
            rows = [("Sintel", 7, True), ("Agent", 1, True), ("Agent", 2, False)]
            tables.append(connection, films, ["name", "views", "seen"], rows, keys=["name"], keep=["views"])
            tables.append(connection, films, ["name"], [("Sintel",), ("Charge",)], keys=["name"])
        with tables.read() as connection:
            columns = (films.c.name, films.c.views, films.c.order, films.c.seen)
            found = {row[0]: tuple(row[1:]) for row in connection.execute(select(*columns))}
        assert found["Sintel"] == (3, "a", True)
        assert found["Spring"] == (4, "b", None)
        assert found["Agent"][2] is False
        assert set(found) == {"Sintel", "Spring", "Agent", "Charge"}

    def test_appending_many(self, tables: Tables) -> None:
        """More than one batch, twice."""
        rows = [(f"film {number}", number) for number in range(50_000)]
        with tables.write() as connection:
            for _ in range(2):
                assert tables.append(connection, films, ["name", "views"], rows, keys=["name"]) == 50_000
        with tables.read() as connection:
            assert connection.execute(select(func.count(), func.sum(films.c.views))).one() == (50_000, 1_249_975_000)
