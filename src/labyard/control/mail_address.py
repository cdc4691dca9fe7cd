"""E-mail addresses, of the plain kind that people have. Pure."""

from __future__ import annotations

import re
from typing import Final

from labyard.control.refusals import BadRequestError

_LONGEST: Final = 254
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,16}")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){0,16}")


def mail_address(text: str) -> str:
    """It, in lower case: one mailbox, one account. BadRequestError for what is none."""
    plain = text.strip().lower()
    local, _, domain = plain.rpartition("@")
    if len(plain) > _LONGEST or len(local) > 64 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise BadRequestError("this is no e-mail address", hint="as in ada@example.org")
    return plain
