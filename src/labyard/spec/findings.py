"""One thing wrong in a manifest, before it has a line: where in the tree, and how a tree turns that into a place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from labyard.errors import Problem
from labyard.spec.document import Loc, Node, Place, Scalar, find, place_of, show_path

MOST: Final = 200
"""Findings of one kind of check that are worked out; nobody reads more."""

_LONGEST: Final = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """`key`: the key at `loc` is meant, not its value. `absence`: something is missing; a broken part may be why.
    `within`: line and column in the text of the value, counted from 0."""

    loc: Loc
    message: str
    hint: str | None = None
    warning: bool = False
    key: bool = False
    absence: bool = False
    within: tuple[int, int] | None = None

    def holds_in(self, root: Node) -> bool:
        """False for an absence that is explained by what was cut out of `root` there."""
        node = find(root, self.loc)
        return not self.absence or node is None or node.whole

    def placed(self, root: Node, file: str) -> Problem:
        """With line and column in the text that `root` was read from."""
        node = find(root, self.loc)
        if self.within is not None and isinstance(node, Scalar):
            return self._problem(file, node.within(*self.within), self.message)
        return self._problem(file, place_of(root, self.loc, key=self.key), self.message)

    def named(self, file: str) -> Problem:
        """With its path instead of a line, for what was never a text."""
        message = f"{show_path(self.loc)}: {self.message}" if self.loc else self.message
        return self._problem(file, Place(1, 1), message)

    def _problem(self, file: str, place: Place, message: str) -> Problem:
        words = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}..."
        hint = self.hint[:_LONGEST] if self.hint else None
        return Problem(file=file, line=place.line, column=place.column, message=words, hint=hint, warning=self.warning)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the known word that was probably meant, else the few there are."""
    words = sorted(set(known))
    lowered = {candidate.lower(): candidate for candidate in words}
    if found := get_close_matches(word[:100].lower(), lowered, n=1, cutoff=0.6):
        return f"did you mean `{lowered[found[0]]}`?"
    if not words:
        return None
    shown = ", ".join(f"`{word}`" for word in words[:12])
    return f"there is {shown}" + (", ..." if len(words) > 12 else "")
