"""Words of bash: what they are put together from, and what of that is known. Pure."""

from __future__ import annotations

import re
from typing import Final

from labyard.spec.shell.parts import DYNAMIC, LostError, Word
from labyard.spec.shell.quotes import Quotes

SPACE: Final = re.compile(r"(?:[ \t\n]|\\\n|(?<![^ \t\n(])#[^\n]*)+")
META: Final = frozenset(" \t\n;&|<>()")

_ARRAY: Final = re.compile(r"[A-Za-z_]\w*\+?=\(", re.ASCII)
_SUBSCRIPT: Final = re.compile(r"[A-Za-z_]\w*\[", re.ASCII)


class Words(Quotes):
    """Reads words."""

    def word(self, at: int, *, assigning: bool = False) -> Word:
        """One word, with whatever it is put together from."""
        start, plain = at, ""
        if assigning and (found := _SUBSCRIPT.match(self.text, at)) and not self.marks.between(at, found.end()):
            end = self.balanced(found.end(), "[", "]")
            if end is not None and self.text.startswith(("=", "+="), end):
                self.evaluated(found.end(), end - 1)
                plain, at = self.text[start : found.end()] + DYNAMIC + "]", end
        if (found := _ARRAY.match(self.text, at)) and not self.marks.between(at, found.end()):
            return Word(start, self.array(found.end()), self.text[start : found.end() - 1])
        while at < len(self.text):
            end, text = self.piece(at)
            if end == at:
                break
            at, plain = end, plain + text
        if at == start:
            raise LostError(self.place(at), "this is no bash")
        self.braces(start, at)
        return Word(start, at, plain)

    def piece(self, at: int) -> tuple[int, str]:
        """The next part of a word and its plain text; at `at` itself when the word is over."""
        letter, following = self.text[at], self.text[at + 1 : at + 2]
        if at in self.marks:
            return self.put(at, '"${', '}"'), DYNAMIC
        if following == "(" and letter in "?*+@!<>":
            return (self.commands(at + 2, nested=True) if letter in "<>" else self.pattern(at + 2)), DYNAMIC
        if letter in META:
            return at, ""
        if letter == "\\":
            return self.escape(at), following.replace("\n", "")
        if letter == "'":
            end = self.single(at + 1)
            return end, self.known(at + 1, end - 1, "")
        if letter == '"':
            end = self.double(at + 1)
            return end, self.known(at + 1, end - 1, "$`\\")
        if letter == "$":
            return self.dollar(at, quoted=False), DYNAMIC
        return (self.backtick(at, quoted=False), DYNAMIC) if letter == "`" else (at + 1, letter)

    def known(self, start: int, end: int, special: str) -> str:
        """The text of a quoted part, up to what is not known."""
        marks = self.marks.between(start, end)
        stops = [marks[0].start] if marks else []
        stops += [at for sign in special if (at := self.text.find(sign, start, end)) >= 0]
        return self.text[start : min(stops)] + DYNAMIC if stops else self.text[start:end]

    def pattern(self, at: int) -> int:
        """The rest of `@(...)`."""
        self.deeper(at)
        start = at
        while at < len(self.text):
            if self.text[at] == ")":
                self.depth -= 1
                return at + 1
            end, _ = self.piece(at)
            at = end if end > at else (self.pattern(at + 1) if self.text[at] == "(" else at + 1)
        raise self.lost(start - 2, "a pattern")

    def array(self, at: int) -> int:
        """The rest of `name=(...)`."""
        self.deeper(at)
        start = at
        while at < len(self.text):
            if space := SPACE.match(self.text, at):
                at = space.end()
            elif self.text[at] == ")":
                self.depth -= 1
                return at + 1
            elif (
                self.text[at] == "["
                and (end := self.balanced(at + 1, "[", "]"))
                and self.text.startswith(("=", "+="), end)
            ):
                self.evaluated(at + 1, end - 1)
                at = end + 1
            else:
                at = self.word(at).end
        raise self.lost(start - 1, "a list")

    def braces(self, start: int, end: int) -> None:
        """`{1..N}` is written out before variables are known."""
        for mark in self.marks.between(start, end):
            around = self.text[max(start, mark.start - 2) : mark.start], self.text[mark.end : mark.end + 2]
            if ".." in around and "{" in self.text[start : mark.start]:
                hint = "write `$(seq 1 x(.input))`"
                self.refuse(mark.start, mark.end, "`{1..N}` is written out before this value is known", hint)
