"""The tables, as the newest migration leaves them. A test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import JSON, Boolean, Column, Dialect, Index, Integer, MetaData, String, Table, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A UTC time as ISO text with microseconds, so that text order is time order."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


metadata = MetaData()

plays = Table(
    "plays",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("playground", String(128), nullable=False),
    Column("title", String(200), nullable=False),
    Column("manifest_name", String(255), nullable=False),
    Column("plan", Text, nullable=False),
    Column("desired", String(16), nullable=False),
    Column("desired_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_at", Moment, nullable=False),
    Column("events", JSON, nullable=False),
    Column("reason", String(32)),
    Column("detail", Text, nullable=False),
    Column("report", Text),
    Column("max_play_time", Integer),
    Column("origin", String(24)),
    Column("cold", Boolean, nullable=False),
    Column("lesson", String(400), nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("persistent", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("version", Integer, nullable=False),
    Index("plays_by_desired", "desired", "state"),
    Index("plays_by_state", "state", "created_at"),
    Index("plays_by_lesson", "owner", "lesson"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("play", String(24), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("lesson", String(400), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("failed_at", Moment),
    Column("solved_at", Moment),
    Index("attempts_by_lesson", "owner", "lesson", "started_at"),
)

progress = Table(
    "progress",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("lesson", String(400), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_play", String(24)),
    Column("solved_at", Moment),
    Column("completed_at", Moment),
)

ports = Table(
    "ports",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("play", String(24), nullable=False),
    Column("machine", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("access", String(16), nullable=False),
    Column("tls", Boolean, nullable=False),
    Column("host_rewrite", String(255), nullable=False),
    Column("path_rewrite", String(1024), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("play", "machine", "number"),
)

pieces = Table(
    "pieces",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("rules", Text, nullable=False),
)

diary = Table(
    "diary",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("play", String(24), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("what", String(32), nullable=False),
    Column("who", String(64), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Index("diary_by_play", "play", "id"),
)

holder = Table(
    "holder",
    metadata,
    Column("one", String(8), primary_key=True),
    Column("folder", String(64), nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("handle", String(32), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("scopes", String(400), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
)

signin_links = Table(
    "signin_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

passwords = Table(
    "passwords",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("hash", String(255), nullable=False),
    Column("changed_at", Moment, nullable=False),
)

password_links = Table(
    "password_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
)

emails = Table(
    "emails",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("address", String(254), nullable=False, unique=True),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("owner", String(64), nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("email", String(254), nullable=False),
    Column("uses", Integer, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)
