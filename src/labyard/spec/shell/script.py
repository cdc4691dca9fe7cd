"""Bash as far as it must be understood to know where in it a reference stands: commands, words, here-documents. Pure.

This reader need not be right about every script. When it takes one thing for another, a reference ends up as text, split into
words, or refused; a value is still never read as code, for bash does not do that with what a variable holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from labyard.spec.shell import rules
from labyard.spec.shell.here import HereDocuments
from labyard.spec.shell.parts import Command, Edit, Frame, LostError, Marks, Notes, Objection, Word
from labyard.spec.shell.words import META, SPACE

_BLANK: Final = re.compile(r"(?:[ \t]|\\\n)+")
_REDIRECT: Final = re.compile(r"(?:\d+|\{[A-Za-z_]\w*\})?(<<<|<<-?|<>|[<>]&|>>|>\||[<>](?!\())|(&>>?)", re.ASCII)
_OPERATOR: Final = re.compile(r";;&|;;|;&|&&|\|\||\|&|[;&|]")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)(?:\[\0\])?\+?=", re.ASCII)
_KEYWORDS: Final = frozenset(
    ("if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!", "{", "}", "time", "coproc")
)
_HEAD, _PATTERN, _BODY = "case", "case pattern", "case body"


class Script(HereDocuments):
    """Reads commands; see `read_script`."""

    def commands(self, at: int, *, nested: bool) -> int:
        """To the end or, `nested`, behind the `)` that belongs to an opening before `at`."""
        self.deeper(at)
        start, frame = at, Frame()
        while at < len(self.text):
            if nested and self.text[at] == ")" and not frame.open:
                break
            at = self.token(at, frame)
        else:
            if nested:
                raise self.lost(max(start - 2, 0), "a substitution")
        self.finish(frame)
        if frame.pending:
            raise self.lost(frame.pending[0].start, "a here-document")
        self.depth -= 1
        return at + 1

    def token(self, at: int, frame: Frame) -> int:
        letter = self.text[at]
        if blank := _BLANK.match(self.text, at):
            return blank.end()
        if letter == "\n":
            self.finish(frame)
            return self.bodies(at + 1, frame)
        if letter == "#":
            end = self.text.find("\n", at)
            return end if end >= 0 else len(self.text)
        if (found := _REDIRECT.match(self.text, at)) and at not in self.marks:
            return self.redirect(found, frame)
        if letter in ";&|":
            return self.operator(at, frame)
        if letter == "(":
            return self.parenthesis(at, frame)
        if letter == ")":
            return self.closing(at, frame)
        return self.placed(at, frame)

    def finish(self, frame: Frame) -> None:
        """A command is over: what it does with its words decides where no reference can stand."""
        rules.judge(self, frame.command)
        state = frame.open[-1] if frame.open else ""
        frame.command = Command(kind="case" if state in (_HEAD, _PATTERN) else "simple")

    def operator(self, at: int, frame: Frame) -> int:
        found = _OPERATOR.match(self.text, at)
        self.finish(frame)
        if found and found[0] in (";;", ";&", ";;&") and frame.open and frame.open[-1] == _BODY:
            frame.open[-1] = _PATTERN
            frame.command = Command(kind="case")
        return found.end() if found else at + 1

    def parenthesis(self, at: int, frame: Frame) -> int:
        loop = frame.command.kind == "for" and not frame.command.words
        if (frame.fresh or loop) and self.text.startswith("((", at):
            end = self.balanced(at + 2, "(", ")")
            if end is not None and self.text[end : end + 1] == ")":
                self.evaluated(at + 2, end - 1)
                return end + 1
        if frame.open and frame.open[-1] == _PATTERN and not frame.command.words:
            return at + 1
        self.finish(frame)
        frame.open.append("(")
        frame.command = Command()
        if len(frame.open) > 200:
            raise LostError(self.place(at), "this nests too deep")
        return at + 1

    def closing(self, at: int, frame: Frame) -> int:
        state = frame.open[-1] if frame.open else ""
        if state == _PATTERN:
            frame.open[-1] = _BODY
        elif state == "(":
            frame.open.pop()
        else:
            raise LostError(self.place(at), "this `)` closes nothing")
        self.finish(frame)
        return at + 1

    def placed(self, at: int, frame: Frame) -> int:
        """A word, and what it is to its command."""
        command = frame.command
        word = self.word(at, assigning=frame.fresh)
        state = frame.open[-1] if frame.open else ""
        if word.plain == "esac" and state in (_PATTERN, _BODY) and not command.words:
            frame.open.pop()
            frame.command = Command()
        elif state == _HEAD and word.plain == "in" and command.words:
            frame.open[-1] = _PATTERN
            frame.command = Command(kind="case")
        elif command.kind == "function":
            frame.command = Command()
        elif frame.fresh and _ASSIGNMENT.match(word.plain):
            command.assigned.append(word)
        elif (
            frame.fresh
            and not command.assigned
            and (word.plain in _KEYWORDS or word.plain in ("case", "for", "select", "function", "[["))
        ):
            return self.keyword(word, frame)
        else:
            command.words.append(word)
        return word.end

    def keyword(self, word: Word, frame: Frame) -> int:
        if word.plain == "[[":
            return self.condition(word.end)
        if word.plain == "case":
            frame.open.append(_HEAD)
            frame.command = Command(kind="case")
        elif word.plain in ("for", "select"):
            frame.command = Command(kind="for")
        elif word.plain == "function":
            frame.command = Command(kind="function")
        return word.end

    def condition(self, at: int) -> int:
        """The rest of `[[ ... ]]`."""
        start, words = at, list[Word]()
        while at < len(self.text):
            if space := SPACE.match(self.text, at):
                at = space.end()
                continue
            if self.text[at] in META and self.text[at + 1 : at + 2] != "(":
                word = Word(at, at + 1, self.text[at])
            else:
                word = self.word(at)
            if word.plain == "]]":
                rules.judge_condition(self, words)
                return word.end
            words.append(word)
            at = word.end
        raise self.lost(max(start - 2, 0), "a `[[`")

    def redirect(self, found: re.Match[str], frame: Frame) -> int:
        operator = found[1] or found[2]
        at = found.end()
        if blank := _BLANK.match(self.text, at):
            at = blank.end()
        if operator in ("<<", "<<-"):
            return self.delimiter(found.start(), at, operator == "<<-", frame)
        word = self.word(at)
        if operator in ("<&", ">&"):
            hint = "write `>` and a space"
            self.refuse(word.start, word.end, "bash reads what follows `>&` twice, and would run what is in it", hint)
        if operator == "<<<":
            frame.command.inputs.append(word)
        return word.end


def read_script(text: str, holders: Collection[str] = ()) -> tuple[tuple[Edit, ...], tuple[Objection, ...]]:
    """How the references in a bash script are to be written, in order, and what is wrong with them.

    `holders`: variables of its environment that hold a reference's value.
    """
    if not Marks(text).between(0, len(text)) and not holders:
        return (), ()
    notes = Notes(holders=set(holders))
    try:
        Script(text, range(len(text)), notes).commands(0, nested=False)
    except LostError as error:
        notes.objections.setdefault(error.objection.at, error.objection)
    rules.warn(text, notes)
    edits = sorted(notes.edits, key=lambda edit: (edit.start, edit.end))
    return tuple(edits), tuple(sorted(notes.objections.values(), key=lambda each: each.at))
