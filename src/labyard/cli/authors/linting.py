"""What is wrong with a piece, found here before anybody else sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labyard.cli.authors.grounds import grounds_of
from labyard.cli.authors.local import Look
from labyard.cli.client import Api
from labyard.cli.exits import UsageError
from labyard.content.folder import Folder
from labyard.content.lint import lint
from labyard.errors import Problem


@dataclass(frozen=True, slots=True)
class Linter:
    """`elsewhere`: the playgrounds that the server has; `near`: it is on this box, so those known here are its own."""

    folder: Path
    elsewhere: frozenset[str]
    near: bool

    @classmethod
    async def over(cls, api: Api, folder: Path) -> Linter:
        listed = await api.get("/api/playgrounds")
        return cls(folder, frozenset(str(each.get("name")) for each in listed), api.target.local)

    def problems(self, look: Look) -> list[Problem]:
        """Blocking. Whether a lesson fits a playground that is only elsewhere, the server says when it gets it."""
        grounds = grounds_of(self.folder) if self.near else {}
        try:
            found = lint(Folder(self.folder), grounds=grounds, elsewhere=self.elsewhere)
        except ValueError as error:
            raise UsageError(str(error)) from error
        told = {problem.file for problem in found}
        return unite(found, [problem for problem in look.problems if problem.file not in told])


def unite(first: Sequence[Problem], then: Sequence[Problem]) -> list[Problem]:
    """Both, each told once; by file and line. What is told twice of a file is told of its place."""
    known = {(problem.file, problem.message): problem for problem in (*then, *first)}
    return sorted(known.values(), key=lambda problem: (problem.file, problem.line, problem.column, problem.message))


def has_errors(problems: Sequence[Problem]) -> bool:
    return any(not problem.warning for problem in problems)
