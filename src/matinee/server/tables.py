"""The tables of the server. `migrations/` creates them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table

from matinee.base.work import work

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

# Who is signed in. Accounts and viewers belong to the catalogue; one that is gone there ends the session here.
sessions = Table(
    "sessions",
    metadata,
    Column("key", String, primary_key=True),  # SHA-256 of the token, which itself is nowhere stored
    Column("account_id", Integer, nullable=False, index=True),
    Column("viewer_id", Integer),  # the profile that was chosen
    Column("viewing_as", Integer),  # the viewer whose site an operator looks at
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False, index=True),
    Column("device", String, nullable=False, server_default=""),
    Column("stamp", String, nullable=False, server_default=""),  # changes when the account's password does
)

# `matinee.base.work` writes it from any process; the server's migration makes it, because the console shows it.
work = work.to_metadata(metadata)
