"""Days on which somebody was there follow from attempts and progress, in whatever time zone they are asked for."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision: str | None = "0006"


def upgrade() -> None:
    op.drop_table("active_days")
