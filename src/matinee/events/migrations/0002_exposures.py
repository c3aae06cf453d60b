"""What each viewer was shown of late, and the device on which a playing began."""

import sqlalchemy as sa
from alembic import op

revision = "events_0002"
down_revision = "events_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table and a column."""
    op.create_table(
        "exposures",
        sa.Column("viewer_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("viewer_id", name="pk_exposures"),
    )
    op.add_column("plays", sa.Column("device", sa.String, nullable=False, server_default=""))
