"""How many examples Hypothesis tries: `full`, or `check` for `make check`, which must be quick.

No deadlines: how long one example takes says nothing on a busy box.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("full", deadline=None)
settings.register_profile("check", deadline=None, max_examples=20)
settings.load_profile("full")
