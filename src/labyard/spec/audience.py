"""The words that say who may: `accessControl` of a playground, and the rules of lessons."""

from __future__ import annotations

import re
from typing import Final

ROLES: Final = ("owner", "anyone", "authenticated", "instructor", "nobody")
_ROLE_OF = re.compile(r"(github|user|student|has-pack):[A-Za-z0-9._/-]{1,100}")


def is_word(word: str) -> bool:
    """Whether `word` can stand in a list of who may."""
    return word in ROLES or _ROLE_OF.fullmatch(word) is not None
