"""Plays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table(
        "plays",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("playground", sa.String(128), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("manifest_name", sa.String(255), nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("desired", sa.String(16), nullable=False),
        sa.Column("desired_at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", sa.String(32), nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("report", sa.Text),
        sa.Column("max_play_time", sa.Integer),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32)),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("plays_by_desired", "plays", ["desired", "state"])
