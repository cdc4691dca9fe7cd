"""Bash below its commands: quotes, expansions and substitutions, and how a reference is written in each. Pure.

A reference becomes `"${NAME}"` in a plain word, `${NAME}` in double quotes and here-documents, and steps out of single quotes.
Bash never reads the value of a variable as code, unless it calculates with it; there a reference is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from labyard.spec.shell.parts import DEPTH, Edit, LostError, Marks, Notes, unknown

CALCULATES: Final = "bash calculates here, and would run commands that a value hides in brackets"
NUMBER: Final = "compare with `[ x(.input) -eq 1 ]`, which takes nothing but numbers"

_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PARAMETER: Final = re.compile(r"!?(?:[A-Za-z_]\w*|\d+|[@*#?$!-])", re.ASCII)
_LENGTH: Final = re.compile(r"#(?:[A-Za-z_]\w*|\d+|[@*?$!-])", re.ASCII)
_OPERATOR: Final = re.compile(r":[-=?+]|[-=?+]|##?|%%?|//?[#%]?|\^\^?|,,?|~~?")
_QUOTED: Final = {
    "'": re.compile(r"[^']*'"),
    '"': re.compile(r'(?:\\.|[^\\"])*"', re.DOTALL),
    "`": re.compile(r"(?:\\.|[^\\`])*`", re.DOTALL),
}


class Quotes:
    """Reads `text`, whose character i stands at `origin[i]` of the script: what is in backticks has lost backslashes."""

    def __init__(self, text: str, origin: Sequence[int], notes: Notes, *, depth: int = 0, ticks: bool = False) -> None:
        self.text, self.origin, self.notes = text, origin, notes
        self.depth, self.ticks = depth, ticks
        self.marks = Marks(text)

    def commands(self, at: int, *, nested: bool) -> int:
        raise NotImplementedError

    def place(self, at: int) -> int:
        return self.origin[at] if at < len(self.text) else (self.origin[-1] + 1 if self.text else 0)

    def lost(self, at: int, what: str) -> LostError:
        return LostError(self.place(at), f"{what} that begins here never ends")

    def deeper(self, at: int) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise LostError(self.place(at), f"this nests deeper than {DEPTH} levels")

    def put(self, at: int, before: str = "${", after: str = "}") -> int:
        """Note the reference at `at`, to be written so; where what follows begins."""
        mark = self.marks[at]
        start = self.place(at)
        if mark.meant is None:
            self.notes.objections.setdefault(start, unknown(mark, start))
        self.notes.edits.append(Edit(start, self.place(mark.end - 1) + 1, before, after, mark.meant))
        return mark.end

    def refuse(self, start: int, end: int, message: str, hint: str | None) -> bool:
        """No reference can stand from `start` to `end`; whether one does."""
        marks = self.marks.between(start, end)
        for mark in marks:
            self.notes.refuse(self.place(mark.start), message, hint)
        return bool(marks)

    def evaluated(self, start: int, end: int, message: str = CALCULATES, hint: str | None = NUMBER) -> None:
        if not self.refuse(start, end, message, hint) and end > start:
            self.notes.evaluated.append((self.place(start), self.text[start:end]))

    def escape(self, at: int) -> int:
        """A backslash and what it quotes."""
        if at + 1 in self.marks:
            hint = "leave the backslash out: a value needs none"
            self.refuse(at + 1, at + 2, "a backslash would change how this reference is written", hint)
            return self.marks[at + 1].end
        return at + 2

    def single(self, at: int, *, again: str = "'") -> int:
        """The rest of `'...'`, or with `again` that of `$'...'`."""
        start = at - len(again)
        while at < len(self.text):
            if self.text[at] == "'":
                return at + 1
            if self.text[at] == "\\" and again != "'":
                at = self.escape(at)
            elif at in self.marks:
                at = self.put(at, "'\"${", '}"' + again)
            else:
                at += 1
        raise self.lost(start, "a quote")

    def double(self, at: int) -> int:
        """The rest of `"..."`."""
        start = at - 1
        while at < len(self.text):
            if self.text[at] == '"':
                return at + 1
            at = self.inside(at)
        raise self.lost(start, "a quote")

    def inside(self, at: int) -> int:
        """One piece of what is in double quotes, or in a here-document."""
        if at in self.marks:
            return self.put(at)
        letter = self.text[at]
        if letter == "\\":
            return self.escape(at)
        if letter == "$":
            return self.dollar(at, quoted=True)
        return self.backtick(at, quoted=True) if letter == "`" else at + 1

    def here(self) -> None:
        """All of a here-document's body."""
        at = 0
        while at < len(self.text):
            if (
                self.text[at] == "\\"
                and at + 1 not in self.marks
                and self.text[at + 1 : at + 2] not in ("\\", "$", "`")
            ):
                at += 1
            else:
                at = self.inside(at)

    def dollar(self, at: int, *, quoted: bool) -> int:
        """What `$` begins."""
        if at + 1 in self.marks:
            self.refuse(at + 1, at + 2, "`$` would change how this reference is written", "write `\\$x(.input)`")
            return self.marks[at + 1].end
        self.deeper(at)
        after = self._dollar(at, quoted)
        self.depth -= 1
        return after

    def _dollar(self, at: int, quoted: bool) -> int:
        following = self.text[at + 1 : at + 3]
        if following == "((" and (end := self.balanced(at + 3, "(", ")")) and self.text[end : end + 1] == ")":
            self.evaluated(at + 3, end - 1)
            return end + 1
        if following[:1] == "(":
            return self.commands(at + 2, nested=True)
        if following[:1] == "{":
            return self.parameter(at + 2, quoted)
        if following[:1] == "[":
            return self.calculated(at + 2, "[", "]")
        if not quoted and following[:1] == "'":
            return self.single(at + 2, again="$'")
        if not quoted and following[:1] == '"':
            return self.double(at + 2)
        if name := _NAME.match(self.text, at + 1):
            return min([mark.start for mark in self.marks.between(at + 1, name.end())], default=name.end())
        return at + 2 if following[:1] and following[0] in "@*#?$!-0123456789" else at + 1

    def calculated(self, at: int, opening: str, closing: str) -> int:
        """Arithmetic up to `closing`."""
        end = self.balanced(at, opening, closing)
        if end is None:
            raise self.lost(at - 1, "a bracket")
        self.evaluated(at, end - 1)
        return end

    def balanced(self, at: int, opening: str, closing: str) -> int | None:
        """Behind the `closing` that belongs to an `opening` before `at`, None when there is none."""
        count = 1
        while at < len(self.text):
            letter = self.text[at]
            if at in self.marks:
                at = self.marks[at].end
                continue
            if letter == "\\":
                at += 1
            elif letter in "'\"`":
                found = _QUOTED[letter].match(self.text, at + 1)
                at = found.end() - 1 if found else at
            elif letter == opening:
                count += 1
                if count > DEPTH:
                    raise LostError(self.place(at), f"this nests deeper than {DEPTH} levels")
            elif letter == closing:
                count -= 1
            at += 1
            if not count:
                return at
        return None

    def parameter(self, at: int, quoted: bool) -> int:
        """The rest of `${...}`."""
        start, found = at, _LENGTH.match(self.text, at)
        if not found or self.text[found.end() : found.end() + 1] not in ("}", "["):
            found = _PARAMETER.match(self.text, at)
        if found and not self.marks.between(at, found.end()):
            at = found.end()
            if self.text[at : at + 1] == "[":
                at = self.calculated(at + 1, "[", "]")
        operator = _OPERATOR.match(self.text, at) if found and at > start else None
        if operator is None:
            return self._offset(start, at, quoted)
        return self._operand(start, operator.end(), quoted, pattern=operator[0][-1] not in "-=?+")

    def _offset(self, start: int, at: int, quoted: bool) -> int:
        """No operator that is known: the end, an offset, or what no reference should be in."""
        kept = len(self.notes.edits)
        end = self._operand(start, at, quoted, pattern=False)
        del self.notes.edits[kept:]
        if self.text[at : at + 1] == ":":
            self.evaluated(at, end)
        else:
            words = "no reference can stand in `${...}`, but for a value after `:-` and the like or a pattern"
            self.refuse(start, end, words, "put it into a variable first")
        return end

    def _operand(self, start: int, at: int, quoted: bool, *, pattern: bool) -> int:
        first, unsure = at, False
        while at < len(self.text):
            letter = self.text[at]
            if letter == "}":
                if unsure:
                    self.refuse(
                        first,
                        at,
                        "quotes like these mean something else in every shell when they stand in `${...}`",
                        None,
                    )
                return at + 1
            if at in self.marks:
                at = self.put(at) if quoted and not pattern else self.put(at, '"${', '}"')
            elif letter == '"':
                unsure = unsure or (quoted and not pattern)
                at = self.double(at + 1)
            elif letter == "'":
                unsure = unsure or quoted
                at = at + 1 if quoted and not pattern else self.single(at + 1)
            elif letter == "$":
                unsure = unsure or self.text[at + 1 : at + 2] == "'"  # bash forgets these quotes within `"$( )"`
                at = self.dollar(at, quoted=quoted)
            elif letter == "`":
                at = self.backtick(at, quoted=quoted)
            else:
                at = self.escape(at) if letter == "\\" else at + 1
        raise self.lost(start - 2, "a `${`")

    def backtick(self, at: int, *, quoted: bool) -> int:
        """A command in backticks, which is read once more without the backslashes that only protect it."""
        self.deeper(at)
        start, letters, origin = at, [], []
        at += 1
        while at < len(self.text) and self.text[at] != "`":
            if self.text[at] == "\\" and self.text[at + 1 : at + 2] in (
                ("\\", "`", "$", '"') if quoted else ("\\", "`", "$")
            ):
                at += 1
            if at < len(self.text):
                letters.append(self.text[at])
                origin.append(self.place(at))
            at += 1
        if at >= len(self.text):
            raise self.lost(start, "a backtick")
        inner = type(self)("".join(letters), origin, self.notes, depth=self.depth, ticks=True)
        inner.commands(0, nested=False)
        self.depth -= 1
        return at + 1
