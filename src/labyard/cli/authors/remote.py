"""A piece of content on a server, as the author's verbs need it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from labyard.cli.authors.local import LocalFile, pieces_of
from labyard.cli.authors.piece import Piece
from labyard.cli.client import Api
from labyard.cli.exits import problem_of
from labyard.content.paths import is_markdown
from labyard.errors import ConflictError, NotFoundError, Problem

_PATIENCE: Final = 300.0  # seconds a slow line may take for a MiB of text


class RemotePiece:
    def __init__(self, api: Api, piece: Piece) -> None:
        self.piece = piece
        self._api = api

    async def digests(self) -> dict[str, str] | None:
        """Paths and MD5s of its files; None: there is no such piece."""
        try:
            told = await self._api.get("/api/content/v2/files", **self.piece.query)
        except NotFoundError:
            return None
        return {str(each.get("path")): str(each.get("digest") or "") for each in told if isinstance(each, dict)}

    async def refuse_shipped(self) -> None:
        """ConflictError for what comes with Labyard."""
        try:
            told = await self._api.get(self.piece.path)
        except NotFoundError:
            return
        if told.get("origin") == "shipped":
            raise ConflictError(
                f"the {self.piece.kind} {self.piece.name} ships with Labyard and stays as it is",
                hint=f"push yours under a name of its own: --as {self.piece.kind}/my-{self.piece.name}",
            )

    async def create(self, *, preview: bool = False) -> str:
        """An empty one; the address of its page."""
        body = {"name": self.piece.name, "empty": True, "preview": preview}
        return str((await self._api.post(f"/api/{self.piece.plural}", body))["pageUrl"])

    async def page(self) -> str:
        """The address of its page; empty while it has none."""
        try:
            return str((await self._api.get(self.piece.path)).get("pageUrl") or "")
        except NotFoundError:
            return ""

    async def put(self, file: LocalFile) -> tuple[Problem, ...]:
        """What the server finds in it, called by its path in the piece. OSError when it cannot be read here."""
        where = {**self.piece.query, "file": file.path}
        if is_markdown(file.path):
            data = b"".join([piece async for piece in pieces_of(file)])
            try:
                text = data.decode()
            except UnicodeDecodeError:
                pass  # its bytes arrive as they are, and lint has told
            else:
                told = await self._api.put("/api/content/markdown", {**where, "content": text}, patience=_PATIENCE)
                return tuple(problem_of(each) for each in told.get("problems") or () if isinstance(each, dict))
        begun = await self._api.put("/api/content/files", where)
        await self._api.upload(str(begun["uploadUrl"]), file.size, pieces_of(file))
        return ()

    async def delete(self, path: str) -> None:
        """Gone is gone, whoever was first."""
        try:
            await self._api.delete("/api/content/files", **self.piece.query, file=path)
        except NotFoundError:
            return

    def read(self, path: str) -> AsyncIterator[bytes]:
        return self._api.download(f"/content/files/{self.piece.plural}/{self.piece.name}/{quote(path)}")

    async def remove(self) -> dict[str, Any]:
        told = await self._api.delete(self.piece.path)
        return told if isinstance(told, dict) else {}

    async def renew(self) -> None:
        """A preview: somebody still looks at it. NotFoundError when the server has removed it."""
        await self._api.put("/api/content/previews", self.piece.query, patience=10)


def called_here(problems: Sequence[Problem], folder: Path) -> list[Problem]:
    """The server's, with their files as lint calls them here."""
    return [
        Problem(
            file=str(folder / each.file),
            line=each.line,
            column=each.column,
            message=each.message,
            hint=each.hint,
            warning=each.warning,
        )
        for each in problems
    ]
