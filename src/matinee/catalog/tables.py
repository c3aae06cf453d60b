"""The tables of the catalogue. `migrations/` creates them; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _title_id(*, key: bool = False) -> Column[int]:
    return Column("title_id", Integer, ForeignKey("titles.id", ondelete="CASCADE"), primary_key=key, nullable=False)


titles = Table(
    "titles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("parent_id", Integer, ForeignKey("titles.id", ondelete="CASCADE"), index=True),
    Column("number", Integer),
    Column("name", String, nullable=False),
    Column("original_name", String, nullable=False, server_default=""),
    Column("year", Integer),
    Column("synopsis", String, nullable=False, server_default=""),
    Column("tagline", String, nullable=False, server_default=""),
    Column("runtime_s", Float),
    Column("language", String, nullable=False, server_default=""),
    Column("maturity", Integer),
    Column("mood", String, nullable=False, server_default=""),
    Column("added_ms", BigInteger, nullable=False),
    Column("match_name", String, nullable=False),  # folded by `names.match_name`, to find it by another spelling
    Column("revision", BigInteger, nullable=False, index=True),  # of the catalogue when it last changed
    CheckConstraint("maturity BETWEEN 0 AND 18", name="maturity"),
    CheckConstraint("kind IN ('film', 'series', 'season', 'episode')", name="kind"),
    UniqueConstraint("parent_id", "number"),
    Index(None, "match_name", "year"),
    sqlite_autoincrement=True,  # an id that was deleted is never given to another; PostgreSQL keeps that by itself
)

people = Table(
    "people", metadata, Column("id", Integer, primary_key=True), Column("name", String, nullable=False, index=True)
)

credits_ = Table(
    "credits",
    metadata,
    _title_id(key=True),
    Column("person_id", Integer, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("role", String, primary_key=True),
    Column("character", String, nullable=False, server_default=""),
    Column("position", Integer, nullable=False, server_default="0"),
    Index(None, "person_id"),
)

tags = Table(
    "tags",
    metadata,
    _title_id(key=True),
    Column("kind", String, primary_key=True),  # genre, keyword or alias
    Column("name", String, primary_key=True),
    Column("position", Integer, nullable=False, server_default="0"),
    Index(None, "kind", "name"),
)

external_ids = Table(
    "external_ids",
    metadata,
    Column("kind", String, primary_key=True),  # title, person or viewer
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("id", Integer, nullable=False),
    Index(None, "kind", "id"),
)

assets = Table(
    "assets",
    metadata,
    Column("id", Integer, primary_key=True),
    _title_id(),
    Column("kind", String, nullable=False),
    Column("uri", String, nullable=False),
    Column("mime", String, nullable=False, server_default=""),
    Column("language", String, nullable=False, server_default=""),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_s", Float),
    Column("etag", String, nullable=False, server_default=""),
    Column("facts", LargeBinary, nullable=False),  # JSON
    UniqueConstraint("title_id", "kind", "uri"),
    sqlite_autoincrement=True,
)

annotations = Table(
    "annotations",
    metadata,
    Column("id", Integer, primary_key=True),
    _title_id(),
    Column("track", String, nullable=False),
    Column("start_s", Float, nullable=False),  # for queries by time; the exact time is the fraction
    Column("start", String, nullable=False),
    Column("end", String, nullable=False),
    Column("value", LargeBinary, nullable=False),  # JSON
    Column("source", String, nullable=False, server_default=""),
    Column("confidence", Float),
    Index(None, "title_id", "track", "start_s"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String, nullable=False, unique=True),
    Column("password", String, nullable=False),  # argon2id, with its parameters
    Column("role", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

viewers = Table(
    "viewers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("accounts.id", ondelete="SET NULL"), index=True),
    Column("name", String, nullable=False),
    Column("maturity", Integer, nullable=False, server_default="18"),
    Column("child", Boolean, nullable=False),
    Column("language", String, nullable=False, server_default=""),
    Column("avatar", String, nullable=False, server_default=""),
    CheckConstraint("maturity BETWEEN 0 AND 18", name="maturity"),
    sqlite_autoincrement=True,
)

# Count up, so that a process knows when its copy in memory is old: `catalog` with every change of a title or of
# the assets it is shown with, `names` with changes that search must know. Writers queue on these rows.
revisions = Table(
    "revisions", metadata, Column("name", String, primary_key=True), Column("value", BigInteger, nullable=False)
)
