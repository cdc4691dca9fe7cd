"""Whose a database is that does not lie in its data folder."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    op.create_table(
        "holder",
        sa.Column("one", sa.String(8), primary_key=True),
        sa.Column("folder", sa.String(64), nullable=False),
    )
