"""Here-documents: where their bodies are, and how references are written in them. Pure."""

from __future__ import annotations

import re
from typing import Final

from labyard.spec.shell import rules
from labyard.spec.shell.parts import Edit, Frame, Here
from labyard.spec.shell.words import META, Words

_SIMPLE: Final = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


class HereDocuments(Words):
    """Reads here-documents."""

    def delimiter(self, operator: int, at: int, tabs: bool, frame: Frame) -> int:
        """Of a here-document: a word of which nothing is expanded."""
        start, text, quoted = at, "", False
        while at < len(self.text) and self.text[at] not in META:
            letter = self.text[at]
            if letter in "'\"":
                end = self.text.find(letter, at + 1)
                if end < 0:
                    raise self.lost(at, "a quote")
                text, quoted, at = text + self.text[at + 1 : end], True, end + 1
            elif letter == "\\":
                text, quoted, at = text + self.text[at + 1 : at + 2], True, at + 2
            else:
                text, at = text + letter, at + 1
        self.refuse(start, at + 1, "what ends a here-document must be known", "use a word like `EOF`")
        frame.pending.append(Here(start, at, text, quoted, tabs, frame.command))
        if at == start:
            raise self.lost(operator, "a here-document")
        return at

    def bodies(self, at: int, frame: Frame) -> int:
        """Here-documents that begin with this line; where what follows begins."""
        for here in frame.pending:
            at = self.body(at, here)
        frame.pending = []
        return at

    def body(self, at: int, here: Here) -> int:
        start, joined = at, False
        while at < len(self.text):
            end = self.text.find("\n", at)
            end = len(self.text) if end < 0 else end
            line = self.text[at:end]
            if not joined and (line.lstrip("\t") if here.tabs else line) == here.delimiter:
                self.written(start, at, here)
                return min(end + 1, len(self.text))
            joined = not here.quoted and (len(line) - len(line.rstrip("\\"))) % 2 == 1
            at = end + 1
        raise self.lost(here.start, "a here-document")

    def written(self, start: int, end: int, here: Here) -> None:
        """What stands in a here-document."""
        if rules.reads_code(here.command):
            self.evaluated(start, end, *rules.CODE_INPUT)
        elif not here.quoted:
            text, origin = self.text[start:end], self.origin[start:end]
            type(self)(text, origin, self.notes, depth=self.depth, ticks=self.ticks).here()
        elif self.marks.between(start, end):
            self.unquote(start, end, here)

    def unquote(self, start: int, end: int, here: Here) -> None:
        """Nothing is expanded behind a quoted delimiter: it loses its quotes, and everything but references gets some."""
        if self.ticks or not _SIMPLE.fullmatch(here.delimiter):
            hint = "use `$( )`" if self.ticks else "end it with a word like `EOF`"
            self.refuse(start, end, "no reference can stand in this here-document", hint)
            return
        self.notes.edits.append(Edit(self.place(here.start), self.place(here.end - 1) + 1, here.delimiter))
        while start < end:
            if start in self.marks:
                start = self.put(start)
                continue
            if self.text[start] in "\\$`":
                self.notes.edits.append(Edit(self.place(start), self.place(start), "\\"))
            start += 1
