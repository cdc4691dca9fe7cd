from __future__ import annotations

from tests.support.database import each_database

__all__ = ["each_database"]
