"""Regular expressions of strangers, matched in time that grows with pattern times text and never worse.

Authors write `validationRegex` in JavaScript's dialect. Python's `re` can be made to run for years by a short hostile
pattern, so patterns are compiled to a finite automaton (Thompson's construction) and all its states walked at once.
What such an automaton cannot do (look-around, back-references) is refused with a sentence.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_LONGEST: Final = 256
_STATES: Final = 500
_DEEPEST: Final = 32

Test = Callable[[str], bool]

_WORD: Final = frozenset(string.ascii_letters + string.digits + "_")
_DIGITS: Final = frozenset(string.digits)
_CLASSES: Final[dict[str, Test]] = {
    "d": lambda c: c in _DIGITS,
    "D": lambda c: c not in _DIGITS,
    "w": lambda c: c in _WORD,
    "W": lambda c: c not in _WORD,
    "s": str.isspace,
    "S": lambda c: not c.isspace(),
}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}


class PatternError(ValueError):
    """What is wrong with a pattern, as a sentence for its author."""


@dataclass(frozen=True, slots=True)
class _Char:
    test: Test


@dataclass(frozen=True, slots=True)
class _Edge:
    """`^` (start) or `$` (end); matches no character."""

    start: bool


@dataclass(frozen=True, slots=True)
class _All:
    parts: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class _Any:
    choices: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: _Part
    least: int
    most: int | None


_Part = _Char | _Edge | _All | _Any | _Repeat


@dataclass(slots=True)
class _State:
    """`test` None: passed without a character. `edge`: passed only there."""

    test: Test | None = None
    edge: bool | None = None
    next: list[int] = field(default_factory=list)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, what: str) -> bool:
        if self.text.startswith(what, self.at):
            self.at += len(what)
            return True
        return False

    def pattern(self) -> _Part:
        part = self.choices()
        if self.at < len(self.text):
            raise PatternError("a `)` closes nothing")
        return part

    def choices(self) -> _Part:
        found = [self.sequence()]
        while self.take("|"):
            found.append(self.sequence())
        return found[0] if len(found) == 1 else _Any(tuple(found))

    def sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated(self.atom()))
        return _All(tuple(parts))

    def repeated(self, part: _Part) -> _Part:
        least, most = self.counts()
        if (least, most) == (1, 1):
            return part
        if isinstance(part, _Edge):
            raise PatternError("`^` and `$` cannot be repeated")
        self.take("?")  # lazy or greedy: whether there is a match does not depend on it
        if self.peek() in ("*", "+", "?"):
            raise PatternError("two repetitions in a row")
        return _Repeat(part, least, most)

    def counts(self) -> tuple[int, int | None]:
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return counts
        end = self.text.find("}", self.at)
        if self.peek() != "{" or end < 0:
            return 1, 1
        low, comma, high = self.text[self.at + 1 : end].partition(",")
        if (
            not all(not word or (word.isascii() and word.isdigit() and len(word) < 5) for word in (low, high))
            or not low
        ):
            return 1, 1
        self.at = end + 1
        least, most = int(low), (int(high) if high else None) if comma else int(low)
        if most is not None and most < least:
            raise PatternError("a repetition ends before it begins")
        return least, most

    def atom(self) -> _Part:
        char = self.peek()
        self.at += 1
        match char:
            case "(":
                return self.group()
            case "[":
                return _Char(self.bracket())
            case ".":
                return _Char(lambda c: c not in "\n\r")
            case "^" | "$":
                return _Edge(char == "^")
            case "*" | "+" | "?":
                raise PatternError(f"`{char}` repeats nothing")
            case "\\":
                return _Char(self.escape(inside=False))
            case _:
                return _Char(_equal(char))

    def group(self) -> _Part:
        if self.peek() == "?" and not self.take("?:"):
            raise PatternError("`(?` groups other than `(?:` are not supported")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise PatternError("groups nest too deep")
        part = self.choices()
        self.depth -= 1
        if not self.take(")"):
            raise PatternError("a `(` is never closed")
        return part

    def escape(self, *, inside: bool) -> Test:
        char = self.peek()
        self.at += 1
        if not char:
            raise PatternError("nothing follows the last `\\`")
        if char in _CLASSES:
            return _CLASSES[char]
        if char in _CONTROLS:
            return _equal(_CONTROLS[char])
        if char in "xu":
            return _equal(self.code(2 if char == "x" else 4))
        if char.isascii() and char.isalnum() and not (inside and char == "b"):
            raise PatternError(f"`\\{char}` is not supported")
        return _equal("\b" if char == "b" else char)

    def code(self, digits: int) -> str:
        word = self.text[self.at : self.at + digits]
        if len(word) < digits or not all(char in string.hexdigits for char in word):
            raise PatternError(f"{digits} hexadecimal digits are expected after `\\x` or `\\u`")
        self.at += digits
        return chr(int(word, 16))

    def bracket(self) -> Test:
        inverted, tests = self.take("^"), []
        while not self.take("]"):
            if self.at >= len(self.text):
                raise PatternError("a `[` is never closed")
            start = self.bracket_char()
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                tests.append(_between(start, self.bracket_char()))
            else:
                tests.append(_equal(start) if isinstance(start, str) else start)
        return (
            (lambda c: not any(test(c) for test in tests)) if inverted else (lambda c: any(test(c) for test in tests))
        )

    def bracket_char(self) -> str | Test:
        char = self.peek()
        self.at += 1
        if char != "\\":
            return char
        following = self.peek()
        test = self.escape(inside=True)
        if following in _CLASSES:
            return test
        return _CONTROLS.get(following, "\b" if following == "b" else self.literal(following))

    def literal(self, following: str) -> str:
        if following in "xu":
            return chr(int(self.text[self.at - (2 if following == "x" else 4) : self.at], 16))
        return following


def _equal(char: str) -> Test:
    return lambda c: c == char


def _between(start: str | Test, end: str | Test) -> Test:
    if not isinstance(start, str) or not isinstance(end, str):
        raise PatternError("a range needs a character at each end")
    if end < start:
        raise PatternError(f"the range `{start}-{end}` is empty")
    return lambda c: start <= c <= end


class Pattern:
    """A compiled pattern. Raises PatternError when it is wrong, too large, or beyond a finite automaton."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise PatternError(f"it is longer than {_LONGEST} characters")
        self._states: list[_State] = []
        end = self._state(_State())
        self._start = self._build(_Parser(text).pattern(), end)
        self._end = end

    def found_in(self, text: str) -> bool:
        """Whether some part of `text` matches, as JavaScript's `test` would tell."""
        current: set[int] = set()
        for at in range(len(text) + 1):
            self._enter(self._start, current, first=at == 0, last=at == len(text))
            if self._end in current:
                return True
            if at < len(text):
                current = self._step(current, text[at], last=at + 1 == len(text))
        return False

    def _step(self, current: set[int], char: str, *, last: bool) -> set[int]:
        """The states after `char`. Each test is asked once: repetitions share theirs."""
        answers: dict[Test, bool] = {}
        passed: set[int] = set()
        for index in current:
            state = self._states[index]
            if state.test is None:
                continue
            if state.test not in answers:
                answers[state.test] = state.test(char)
            if answers[state.test]:
                for following in state.next:
                    self._enter(following, passed, first=False, last=last)
        return passed

    def _enter(self, index: int, into: set[int], *, first: bool, last: bool) -> None:
        """Add a state and all that follow it without a character."""
        todo = [index]
        while todo:
            index = todo.pop()
            if index in into:
                continue
            state = self._states[index]
            if state.edge is not None and not (first if state.edge else last):
                continue
            into.add(index)
            if state.test is None:
                todo.extend(state.next)

    def _state(self, state: _State) -> int:
        if len(self._states) >= _STATES:
            raise PatternError("its repetitions make it too large")
        self._states.append(state)
        return len(self._states) - 1

    def _build(self, part: _Part, end: int) -> int:
        """States for `part` that lead to `end`; where they begin."""
        match part:
            case _Char(test):
                return self._state(_State(test=test, next=[end]))
            case _Edge(start):
                return self._state(_State(edge=start, next=[end]))
            case _All(parts):
                for inner in reversed(parts):
                    end = self._build(inner, end)
                return end
            case _Any(choices):
                return self._state(_State(next=[self._build(choice, end) for choice in choices]))
            case _Repeat(inner, least, most):
                return self._repeat(inner, least, most, end)

    def _repeat(self, part: _Part, least: int, most: int | None, end: int) -> int:
        if most is None:
            loop = self._state(_State(next=[end]))
            self._states[loop].next.append(self._build(part, loop))
            end = loop
        else:
            last = end
            for _ in range(most - least):
                end = self._state(_State(next=[last, self._build(part, end)]))
        for _ in range(least):
            end = self._build(part, end)
        return end
