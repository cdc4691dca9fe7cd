"""The name a machine's process bears in its command line, so that it is found again whatever happened to us. Pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

_PREFIX = "labyard"
_MARK = re.compile(r"labyard-([0-9a-z]{6,32})-([0-9a-z]{1,64})-([a-z0-9][a-z0-9._-]{0,62})\Z", re.ASCII)


class Mark(NamedTuple):
    """`data` is the id of the data folder that owns the machine: nobody sweeps another's."""

    data: str
    play: str
    machine: str

    def __str__(self) -> str:
        return f"{_PREFIX}-{self.data}-{self.play}-{self.machine}"

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """The mark written as `text`, None when it is not one."""
        found = _MARK.match(text)
        return cls(*found.groups()) if found else None

    @classmethod
    def of_arguments(cls, arguments: list[str]) -> Mark | None:
        """The mark in a process's arguments: the word after `-name`."""
        for option, value in pairwise(arguments):
            if option == "-name":
                return cls.parse(value)
        return None
