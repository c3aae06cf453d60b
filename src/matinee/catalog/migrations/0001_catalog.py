"""The catalogue: titles, people, assets, annotations, accounts and viewers."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0001"
down_revision = None
branch_labels = ("catalog",)
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "external_ids",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "source", "key", name="pk_external_ids"),
    )
    op.create_index("ix_external_ids_kind_id", "external_ids", ["kind", "id"])
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_index("ix_people_name", "people", ["name"])
    op.create_table(
        "revisions",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_revisions"),
    )
    op.create_table(
        "titles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("original_name", sa.String(), server_default="", nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("synopsis", sa.String(), server_default="", nullable=False),
        sa.Column("tagline", sa.String(), server_default="", nullable=False),
        sa.Column("runtime_s", sa.Float(), nullable=True),
        sa.Column("language", sa.String(), server_default="", nullable=False),
        sa.Column("maturity", sa.Integer(), nullable=True),
        sa.Column("mood", sa.String(), server_default="", nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.Column("match_name", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('film', 'series', 'season', 'episode')", name="ck_titles_kind"),
        sa.CheckConstraint("maturity BETWEEN 0 AND 18", name="ck_titles_maturity"),
        sa.ForeignKeyConstraint(["parent_id"], ["titles.id"], name="fk_titles_parent_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_titles"),
        sa.UniqueConstraint("parent_id", "number", name="uq_titles_parent_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_titles_match_name_year", "titles", ["match_name", "year"])
    op.create_index("ix_titles_parent_id", "titles", ["parent_id"])
    op.create_index("ix_titles_revision", "titles", ["revision"])
    op.create_table(
        "annotations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.Column("start_s", sa.Float(), nullable=False),
        sa.Column("start", sa.String(), nullable=False),
        sa.Column("end", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(), server_default="", nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name="fk_annotations_title_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_annotations"),
    )
    op.create_index("ix_annotations_title_id_track_start_s", "annotations", ["title_id", "track", "start_s"])
    op.create_table(
        "assets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("mime", sa.String(), server_default="", nullable=False),
        sa.Column("language", sa.String(), server_default="", nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("etag", sa.String(), server_default="", nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name="fk_assets_title_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_assets"),
        sa.UniqueConstraint("title_id", "kind", "uri", name="uq_assets_title_id_kind_uri"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "credits",
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("character", sa.String(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_credits_person_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name="fk_credits_title_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("title_id", "person_id", "role", name="pk_credits"),
    )
    op.create_index("ix_credits_person_id", "credits", ["person_id"])
    op.create_table(
        "tags",
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["title_id"], ["titles.id"], name="fk_tags_title_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("title_id", "kind", "name", name="pk_tags"),
    )
    op.create_index("ix_tags_kind_name", "tags", ["kind", "name"])
    op.create_table(
        "viewers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("maturity", sa.Integer(), server_default="18", nullable=False),
        sa.Column("child", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(), server_default="", nullable=False),
        sa.Column("avatar", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("maturity BETWEEN 0 AND 18", name="ck_viewers_maturity"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_viewers_account_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_viewers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_viewers_account_id", "viewers", ["account_id"])


def downgrade() -> None:
    """Drop them again."""
    for table in (
        "viewers",
        "tags",
        "credits",
        "assets",
        "annotations",
        "titles",
        "revisions",
        "people",
        "external_ids",
        "accounts",
    ):
        op.drop_table(table)
