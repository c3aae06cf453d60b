"""The part of the catalogue's service that knows who watches: accounts and viewers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select, update

from matinee.base.errors import Conflict, InvalidInput, NotFound
from matinee.base.tables import Tables
from matinee.catalog import passwords
from matinee.catalog.names import clean
from matinee.catalog.records import Account, Role, Viewer
from matinee.catalog.store import viewers as stored
from matinee.catalog.tables import accounts, external_ids
from matinee.catalog.tables import viewers as viewers_table

CHILD_LIMIT = 7
"""Maturity limit of a child's profile unless another is chosen."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LABELS = {"movielens": "MovieLens"}


class Audience:
    """Accounts and viewers of a workspace."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def create_account(self, email: str, password: str, role: Role, now_ms: int) -> Account:
        """A new account.

        Raises `InvalidInput` for what is no e-mail address or too short a password, and `Conflict` where the
        address has an account.
        """
        address = normal_email(email)
        hashed = passwords.hash_password(password)
        with self._tables.write() as connection:
            return stored.add_account(self._tables, connection, address, password=hashed, role=role, now_ms=now_ms)

    def check_password(self, email: str, password: str) -> Account | None:
        """The account whose address and password these are; takes as long where there is none."""
        try:
            address = normal_email(email)
        except InvalidInput:
            address = ""
        with self._tables.read() as connection:
            kept = connection.scalar(select(accounts.c.password).where(accounts.c.email == address))
            found = stored.find_accounts(connection, accounts.c.email == address)
        if not passwords.verify(kept, password) or kept is None or not found:
            return None
        if passwords.is_outdated(kept):
            self._store_password(found[0].id, password)
        return found[0]

    def set_password(self, account_id: int, password: str) -> None:
        """Replace the password of an account. Raises `NotFound`, or `InvalidInput` where it is too short."""
        self.account(account_id)
        self._store_password(account_id, password)

    def _store_password(self, account_id: int, password: str) -> None:
        hashed = passwords.hash_password(password)
        with self._tables.write() as connection:
            connection.execute(update(accounts).where(accounts.c.id == account_id).values(password=hashed))

    def account(self, id: int) -> Account:  # noqa: A002  the record calls it so
        """One account. Raises `NotFound`."""
        return self._one_account(accounts.c.id == id, str(id))

    def account_of(self, email: str) -> Account:
        """The account of an e-mail address. Raises `NotFound`."""
        address = normal_email(email)
        return self._one_account(accounts.c.email == address, address)

    def _one_account(self, where: Any, name: str) -> Account:
        with self._tables.read() as connection:
            found = stored.find_accounts(connection, where)
        if not found:
            raise NotFound(f"There is no account {name}.", next_step="`matinee accounts list` shows them.")
        return found[0]

    def accounts(self) -> list[Account]:
        """All accounts, oldest first."""
        with self._tables.read() as connection:
            return stored.find_accounts(connection)

    def viewers(self, account_id: int) -> list[Viewer]:
        """The viewers of an account, oldest first."""
        with self._tables.read() as connection:
            return stored.find(connection, viewers_table.c.account_id == account_id)

    def viewer(self, id: int) -> Viewer:  # noqa: A002
        """One viewer. Raises `NotFound`."""
        with self._tables.read() as connection:
            return stored.get(connection, id)

    def create_viewer(
        self,
        name: str,
        *,
        account_id: int | None = None,
        maturity: int | None = None,
        child: bool = False,
        language: str = "",
        avatar: str = "",
    ) -> Viewer:
        """A new viewer; a child's maturity limit is 7 unless another one is given.

        Raises `InvalidInput` for a blank or overlong name, a limit outside 0 to 18 or a colour unlike ``#rrggbb``,
        and `NotFound` where there is no such account.
        """
        limit = maturity if maturity is not None else CHILD_LIMIT if child else 18
        values = _checked({"name": name, "maturity": limit, "language": language, "avatar": avatar})
        if account_id is not None:
            self.account(account_id)
        with self._tables.write() as connection:
            return stored.add(connection, values | {"account_id": account_id, "child": child})

    def update_viewer(self, id: int, **changes: Any) -> Viewer:  # noqa: A002
        """The viewer with other values of name, maturity, child, language or avatar; see `create_viewer`."""
        unknown = changes.keys() - {"name", "maturity", "child", "language", "avatar"}
        if unknown:
            raise TypeError(f"A viewer has no {', '.join(sorted(unknown))} to change.")
        with self._tables.write() as connection:
            return stored.change(connection, id, _checked(changes))

    def delete_viewer(self, id: int) -> None:  # noqa: A002
        """Forget a viewer. Its id is never given to another. Raises `NotFound`."""
        with self._tables.write() as connection:
            stored.get(connection, id)
            stored.remove(connection, id)

    def claim_viewer(self, viewer_id: int, account_id: int) -> Viewer:
        """Put an imported viewer into an account.

        Raises `NotFound` where either does not exist and `Conflict` where it belongs to another account.
        """
        account = self.account(account_id)
        with self._tables.write() as connection:
            viewer = stored.get(connection, viewer_id)
            if viewer.account_id not in (None, account.id):
                raise Conflict(
                    f"Viewer {viewer_id} belongs to another account.", next_step="Claim one that nobody has claimed."
                )
            return stored.change(connection, viewer_id, {"account_id": account.id})

    def find_viewers(self, query: str = "", limit: int = 20) -> list[Viewer]:
        """Viewers whose name contains the query, or whom a source calls so (``movielens:42``)."""
        source, colon, key = query.strip().partition(":")
        with self._tables.read() as connection:
            if colon:
                return stored.find(connection, viewers_table.c.id.in_(_called(source, key)), limit=limit)
            like = f"%{_escaped(query.strip())}%"
            return stored.find(connection, viewers_table.c.name.ilike(like, escape="\\"), limit=limit)

    def viewers_for(self, source: str, keys: Sequence[str], now_ms: int) -> dict[str, int]:  # noqa: ARG002
        """The viewer of each of a source's keys, made where it is new."""
        label = _LABELS.get(source.partition("-")[0], source)
        with self._tables.write() as connection:
            return stored.imported(self._tables, connection, source, label, keys)

    def audience_counts(self) -> dict[str, int]:
        """How many viewers and accounts there are."""
        with self._tables.read() as connection:
            return {
                table.name: connection.scalar(select(func.count()).select_from(table)) or 0
                for table in (viewers_table, accounts)
            }


def normal_email(email: str) -> str:
    """The address in lower case and composed form. Raises `InvalidInput` where it cannot be one.

    >>> normal_email(" Ada@Example.ORG ")
    'ada@example.org'
    """
    address = unicodedata.normalize("NFKC", email).strip().casefold()
    if len(address) > 254 or not _EMAIL.fullmatch(address) or clean(address) != address:
        raise InvalidInput(
            f"{email[:60]!r} is not an e-mail address.", next_step="Write it with one @, as ada@example.org."
        )
    return address


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    if "name" in values:
        values = values | {"name": clean(str(values["name"]))}
        if not 1 <= len(values["name"]) <= 60:
            raise InvalidInput("A viewer's name has 1 to 60 characters.", next_step="Choose a shorter or longer one.")
    if not 0 <= values.get("maturity", 18) <= 18:
        raise InvalidInput(
            f"A maturity limit of {values['maturity']} is refused.", next_step="Choose an age from 0 to 18."
        )
    if values.get("avatar") and not _COLOUR.fullmatch(values["avatar"]):
        raise InvalidInput(f"{values['avatar'][:20]!r} is not a colour.", next_step="Write it as #c8553d.")
    if len(values.get("language", "")) > 35 or clean(values.get("language", "")) != values.get("language", ""):
        raise InvalidInput("That is not a language.", next_step="Write its BCP 47 tag, as en or pt-BR.")
    return values


def _called(source: str, key: str) -> Any:
    """Ids of the viewers that a source, or one whose name continues it after a hyphen, calls so."""
    table = external_ids.c
    named = or_(table.source == source, table.source.like(f"{_escaped(source)}-%", escape="\\"))
    return select(table.id).where(table.kind == "viewer", table.key == key, named)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
