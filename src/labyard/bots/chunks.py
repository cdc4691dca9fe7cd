"""A solution's script, cut into what is run where. Pure.

    commands before the first mark run on the first machine, as its default user
    # session: root@node-02
    commands for node-02
    # session: node-01 retry=5
    commands for node-01, tried up to six times

No shebang: bash runs every piece, with `set -exuo pipefail` before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from labyard.errors import Problem, SpecError

HEAD = "set -exuo pipefail\n"
_MARK = re.compile(r"[ \t]*#+[ \t]*session[ \t]*:(?P<words>.*)", re.IGNORECASE)
_EXACT = re.compile(r"# ?session:")
_PLACE = re.compile(r"(?:(?P<user>[a-z_][a-z0-9_.-]{0,31})@)?(?P<machine>[A-Za-z0-9][A-Za-z0-9.-]{0,62})")
_RETRY = re.compile(r"retry=(?P<count>[0-9]{1,3})")
_REBOOTS = re.compile(r"(?:^|[\s;&|(])(?:reboot|shutdown\s+(?:-\S+\s+)*-r)\b")
_SCRIPT_LIMIT = 256 << 10  # characters
_CHUNK_LIMIT = 64 << 10  # bytes: a program's argument may have 128 KiB
_COUNT_LIMIT = 64
_RETRY_LIMIT = 100
_FORM = "write it as `# session: [user@]machine [retry=N]`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """`line`: where its mark, or its first line, is. `machine` None: the first one; `user` None: its default user.

    `retries`: how often it is tried again. `reboots`: its commands say that its machine will reboot.
    """

    number: int
    line: int
    text: str
    machine: str | None = None
    user: str | None = None
    retries: int = 0
    reboots: bool = False

    @property
    def script(self) -> str:
        return HEAD + self.text

    def __str__(self) -> str:
        return f"chunk {self.number} (line {self.line})"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    line: int
    machine: str | None = None
    user: str | None = None
    retries: int = 0


def parse(text: str, *, file: str) -> tuple[Chunk, ...]:
    """The pieces in their order. Raises SpecError with every problem and its line."""
    reading = _Reading(file)
    chunks = reading.chunks(text.replace("\r\n", "\n"))
    if reading.problems:
        raise SpecError(tuple(reading.problems))
    return chunks


class _Reading:
    """One script, and what is wrong in it."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.problems: list[Problem] = []

    def chunks(self, text: str) -> tuple[Chunk, ...]:
        if len(text) > _SCRIPT_LIMIT:
            self._wrong(1, f"a script has at most {_SCRIPT_LIMIT} characters")
            return ()
        if "\0" in text:
            self._wrong(1 + text[: text.index("\0")].count("\n"), "a script is text, without zero bytes")
        if text.startswith("#!"):
            self._wrong(1, "a solution's script has no shebang", "bash runs it, with `set -exuo pipefail`")
        found = [chunk for mark, lines in self._parts(text) if (chunk := self._chunk(mark, lines)) is not None]
        if not found and not self.problems:
            self._wrong(1, "there are no commands in it")
        if len(found) > _COUNT_LIMIT:
            self._wrong(found[_COUNT_LIMIT].line, f"a script has at most {_COUNT_LIMIT} chunks")
        return tuple(replace(chunk, number=number) for number, chunk in enumerate(found, 1))

    def _parts(self, text: str) -> list[tuple[_Mark | None, list[str]]]:
        """Lines under their mark; those before the first one have none."""
        parts: list[tuple[_Mark | None, list[str]]] = [(None, [])]
        for number, line in enumerate(text.split("\n"), 1):
            if (found := _MARK.fullmatch(line)) is None:
                parts[-1][1].append(line)
            else:
                parts.append((self._mark(number, line, found["words"].split()), []))
        return parts

    def _mark(self, number: int, line: str, words: list[str]) -> _Mark:
        if _EXACT.match(line) is None:
            self._wrong(number, "this is almost a mark", _FORM)
        place = _PLACE.fullmatch(words[0]) if words else None
        if place is None:
            self._wrong(number, f"this mark names no machine{_quoted(words)}", _FORM)
        mark = _Mark(line=number, machine=place and place["machine"], user=place and place["user"])
        if len(words) < 2:
            return mark
        retry = _RETRY.fullmatch(words[1])
        if retry is None or len(words) > 2 or int(retry["count"]) > _RETRY_LIMIT:
            self._wrong(number, f"{' '.join(words[1:])[:80]!r} is not understood", f"{_FORM}, N up to {_RETRY_LIMIT}")
            return mark
        return replace(mark, retries=int(retry["count"]))

    def _chunk(self, mark: _Mark | None, lines: list[str]) -> Chunk | None:
        """None where nothing is to be done: before the first mark only."""
        text = "\n".join(lines).rstrip("\n") + "\n"
        line = 1 if mark is None else mark.line
        if not any(_does_something(each) for each in lines):
            if mark is not None:
                self._wrong(line, "no commands follow this mark")
            return None
        if len(text.encode()) > _CHUNK_LIMIT:
            self._wrong(
                line, f"a chunk has at most {_CHUNK_LIMIT} bytes", "put long files into the lesson's playground"
            )
        mark = mark or _Mark(line=1)
        reboots = any(_REBOOTS.search(each) for each in lines if _does_something(each))
        return Chunk(
            number=0,
            line=line,
            text=text,
            machine=mark.machine,
            user=mark.user,
            retries=mark.retries,
            reboots=reboots,
        )

    def _wrong(self, line: int, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(file=self._file, line=line, column=1, message=message, hint=hint))


def _does_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _quoted(words: list[str]) -> str:
    return f": {words[0][:80]!r}" if words else ""
