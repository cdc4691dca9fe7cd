"""Ports of machines that are exposed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    op.create_table(
        "ports",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("play", sa.String(24), nullable=False),
        sa.Column("machine", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("access", sa.String(16), nullable=False),
        sa.Column("tls", sa.Boolean, nullable=False),
        sa.Column("host_rewrite", sa.String(255), nullable=False),
        sa.Column("path_rewrite", sa.String(1024), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.UniqueConstraint("play", "machine", "number"),
    )
