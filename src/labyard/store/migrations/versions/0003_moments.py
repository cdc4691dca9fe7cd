"""Plays that are forks of plays, and those that were booted on purpose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    with op.batch_alter_table("plays") as batch:
        batch.add_column(sa.Column("origin", sa.String(24)))
        batch.add_column(sa.Column("cold", sa.Boolean, nullable=False, server_default=sa.false()))
