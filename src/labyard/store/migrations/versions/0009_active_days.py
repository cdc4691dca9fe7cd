"""Days on which somebody was there follow from attempts and progress, in whatever time zone they are asked for."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    op.drop_table("active_days")
