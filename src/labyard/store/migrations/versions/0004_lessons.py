"""Which lesson a play is of, who tried and solved it, and on which days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    with op.batch_alter_table("plays") as batch:
        batch.add_column(sa.Column("lesson", sa.String(400), nullable=False, server_default=""))
        batch.add_column(sa.Column("bot", sa.Boolean, nullable=False, server_default=sa.false()))
        batch.create_index("plays_by_lesson", ["owner", "lesson"])
    op.create_table(
        "attempts",
        sa.Column("play", sa.String(24), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("lesson", sa.String(400), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("failed_at", sa.String(32)),
        sa.Column("solved_at", sa.String(32)),
    )
    op.create_index("attempts_by_lesson", "attempts", ["owner", "lesson", "started_at"])
    op.create_table(
        "progress",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("lesson", sa.String(400), primary_key=True),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_play", sa.String(24)),
        sa.Column("solved_at", sa.String(32)),
        sa.Column("completed_at", sa.String(32)),
    )
    op.create_table(
        "active_days",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
    )
