"""Alembic's scripts. Once released a script never changes; a new one follows it."""
