"""Sessions of those who signed in: kept in a table, looked up from memory.

The browser holds a random token of 256 bits; the table holds only its SHA-256, so that whoever reads the database
can sign in as nobody. A session ends when it has not been used for `session_days`, and when the account's password
changes, whoever changes it. What was looked up is trusted for `CACHED_MS`; in this process signing out and changing a
profile take effect at once, and in others within that time.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from matinee.base.clock import HOUR_MS, SECOND_MS
from matinee.base.errors import NotFound
from matinee.base.tables import Tables
from matinee.catalog.records import Account, Viewer
from matinee.catalog.tables import accounts
from matinee.server.tables import sessions

if TYPE_CHECKING:
    from matinee.catalog.service import Service as Catalog

CACHED_MS = 5 * SECOND_MS
_CACHE_SIZE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in on one device."""

    key: str
    """SHA-256 of its token, in hexadecimal."""
    account: Account
    viewer: Viewer | None
    """The profile that was chosen; None before the choice."""
    viewing_as: Viewer | None
    """The viewer whose site an operator looks at. Nothing that is done meanwhile counts as that viewer's."""
    expires_ms: int

    @property
    def watching(self) -> Viewer | None:
        """Whose site is shown."""
        return self.viewing_as or self.viewer

    @property
    def child(self) -> bool:
        """Whether a child holds the remote control."""
        return self.viewer is not None and self.viewer.child


class SessionStore:
    """Makes, finds and ends sessions. Methods may be called from any thread."""

    def __init__(self, tables: Tables, catalog: Callable[[], Catalog], lifetime_ms: int) -> None:
        self._tables, self._catalog, self._lifetime_ms = tables, catalog, lifetime_ms
        self._cache: dict[str, tuple[int, Session]] = {}
        self._lock = threading.Lock()

    def start(self, account: Account, now_ms: int, device: str = "") -> tuple[str, Session]:
        """A new session and its token, which is told only here.

        An account with one viewer need not choose: that one is chosen.
        """
        token = secrets.token_urlsafe(32)
        viewers = self._catalog().viewers(account.id)
        viewer = viewers[0] if len(viewers) == 1 else None
        row: dict[str, Any] = {
            "key": _key(token),
            "account_id": account.id,
            "viewer_id": viewer.id if viewer else None,
            "created_ms": now_ms,
            "seen_ms": now_ms,
            "expires_ms": now_ms + self._lifetime_ms,
            "device": device[:200],
        }
        with self._tables.write() as connection:
            connection.execute(insert(sessions), {**row, "stamp": _stamp(connection, account.id)})
            connection.execute(delete(sessions).where(sessions.c.expires_ms < now_ms))
        session = Session(key=row["key"], account=account, viewer=viewer, viewing_as=None, expires_ms=row["expires_ms"])
        return token, session

    def cached(self, token: str, now_ms: int) -> Session | None:
        """The session of a token, if it was looked up a moment ago: needs no database."""
        found = self._cache.get(_key(token))
        return found[1] if found and now_ms < found[0] else None

    def find(self, token: str, now_ms: int) -> Session | None:
        """The session of a token; None where there is none, it has expired, or its account is gone."""
        cached = self.cached(token, now_ms)
        return cached or self._load(_key(token), now_ms)

    def choose(self, session: Session, viewer: Viewer | None) -> Session:
        """Let `viewer` hold the remote control."""
        return self._change(replace(session, viewer=viewer, viewing_as=None))

    def view_as(self, session: Session, viewer: Viewer | None) -> Session:
        """Look at the site as `viewer` sees it; None ends that."""
        return self._change(replace(session, viewing_as=viewer))

    def end(self, session: Session) -> None:
        """Sign out."""
        self._delete(sessions.c.key == session.key)

    def end_all(self, account_id: int) -> None:
        """Sign an account out everywhere."""
        self._delete(sessions.c.account_id == account_id)

    def keep(self, session: Session) -> None:
        """After a new password: let this session go on; all others of the account end."""
        with self._tables.write() as connection:
            change = update(sessions).where(sessions.c.key == session.key)
            connection.execute(change.values(stamp=_stamp(connection, session.account.id)))
            others = (sessions.c.account_id == session.account.id) & (sessions.c.key != session.key)
            connection.execute(delete(sessions).where(others))
        self.forget()

    def forget(self) -> None:
        """Drop what was looked up, because an account or a viewer changed."""
        with self._lock:
            self._cache.clear()

    def count(self, now_ms: int) -> int:
        """How many sessions have not expired."""
        query = select(func.count()).select_from(sessions).where(sessions.c.expires_ms >= now_ms)
        with self._tables.read() as connection:
            return int(connection.execute(query).scalar_one())

    def _load(self, key: str, now_ms: int) -> Session | None:
        with self._tables.read() as connection:
            row = connection.execute(select(sessions).where(sessions.c.key == key)).mappings().first()
            if row is None or row["expires_ms"] < now_ms or row["stamp"] != _stamp(connection, row["account_id"]):
                return None
        try:
            account = self._catalog().account(row["account_id"])
        except NotFound:
            return None
        session = Session(
            key=key,
            account=account,
            viewer=self._viewer(row["viewer_id"], account.id),
            viewing_as=self._viewer(row["viewing_as"], None),
            expires_ms=self._slide(row, now_ms),
        )
        self._keep(session, now_ms)
        return session

    def _slide(self, row: Any, now_ms: int) -> int:
        """Put the expiry off, at most once an hour: looking must not cost a write."""
        if now_ms - row["seen_ms"] < HOUR_MS:
            return int(row["expires_ms"])
        expires_ms = now_ms + self._lifetime_ms
        with self._tables.write() as connection:
            change = update(sessions).where(sessions.c.key == row["key"])
            connection.execute(change.values(seen_ms=now_ms, expires_ms=expires_ms))
        return expires_ms

    def _viewer(self, viewer_id: int | None, account_id: int | None) -> Viewer | None:
        if viewer_id is None:
            return None
        try:
            viewer = self._catalog().viewer(viewer_id)
        except NotFound:
            return None
        return viewer if account_id is None or viewer.account_id == account_id else None

    def _change(self, session: Session) -> Session:
        values = {
            "viewer_id": session.viewer.id if session.viewer else None,
            "viewing_as": session.viewing_as.id if session.viewing_as else None,
        }
        with self._tables.write() as connection:
            connection.execute(update(sessions).where(sessions.c.key == session.key).values(values))
        with self._lock:
            self._cache.pop(session.key, None)
        return session

    def _delete(self, which: ColumnElement[bool]) -> None:
        with self._tables.write() as connection:
            connection.execute(delete(sessions).where(which))
        self.forget()

    def _keep(self, session: Session, now_ms: int) -> None:
        with self._lock:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            self._cache[session.key] = (min(now_ms + CACHED_MS, session.expires_ms), session)


def _stamp(connection: Connection, account_id: int) -> str:
    """What changes with the password of an account, and tells nothing of it; "gone" where there is no account."""
    hashed = connection.execute(select(accounts.c.password).where(accounts.c.id == account_id)).scalar()
    return "gone" if hashed is None else hashlib.sha256(hashed.encode()).hexdigest()[:32]


def _key(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
