"""No deadlines: how long one example takes says nothing on a busy box."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("labyard", deadline=None)
settings.load_profile("labyard")
