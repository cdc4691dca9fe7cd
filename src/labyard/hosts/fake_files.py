"""The examiner's side of a conversation about files, over a dictionary. Keys that end with `/` are folders."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import Any

_TEXT = 1000


class _FaultError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class FakeDesk:
    """No rights and no links: everything may be read and written. A version is a digest of what a file holds."""

    def __init__(self, files: dict[str, bytes], home: str) -> None:
        self._files = files
        self._home = home
        self._rest = b""

    async def serve(
        self, take: Callable[[], Awaitable[bytes | None]], emit: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._take, self._emit = take, emit
        self._files.setdefault(f"{self._home}/", b"")
        while (line := await self._line()) is not None:
            try:
                asked = json.loads(line)
                await self._answer(asked, self._place(asked.get("path", "")))
            except _FaultError as fault:
                await self._say(error=str(fault), code=fault.code)

    async def _line(self) -> bytes | None:
        while b"\n" not in self._rest:
            if (data := await self._take()) is None:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    async def _say(self, **said: object) -> None:
        await self._emit(json.dumps(said).encode() + b"\n")

    async def _answer(self, asked: dict[str, Any], path: str) -> None:
        match asked.get("op"):
            case "list":
                await self._list(path, asked["offset"], asked["limit"])
            case "stat":
                await self._say(path=path, entry=self._entry(path), version=self._version(path), writable=True)
            case "read":
                await self._read(path, asked["from"], asked["length"])
            case "write":
                await self._write(path, asked["expect"], asked["size"])
            case "folder":
                self._check_free(path)
                self._check_folder(posixpath.dirname(path))
                self._files[f"{path}/"] = b""
                await self._say()
            case "move":
                self._move(path, self._place(asked["to"]))
                await self._say()
            case "remove":
                self._remove(path, asked["recursive"])
                await self._say()
            case "search":
                await self._search(path, asked)
            case op:
                raise _FaultError("bad-request", f"there is no operation {op!r}")

    # -- what is there -------------------------------------------------------------------------------------------------

    def _place(self, path: str) -> str:
        path = path or self._home
        if not path.startswith("/") or "\0" in path or len(path) > 4096:
            raise _FaultError("bad-request", "a path begins with / and has at most 4096 bytes")
        return posixpath.normpath(path)

    def _is_folder(self, path: str) -> bool:
        return path == "/" or any(name.startswith(f"{path}/") for name in self._files)

    def _check_folder(self, path: str) -> None:
        if not self._is_folder(path):
            code = "not-a-folder" if path in self._files else "no-file"
            raise _FaultError(code, f"open {path}: no such folder")

    def _check_free(self, path: str) -> None:
        if path in self._files or self._is_folder(path):
            raise _FaultError("exists", f"{path} is there already")

    def _content(self, path: str) -> bytes:
        if self._is_folder(path):
            raise _FaultError("not-a-file", f"{path} is a folder")
        if path not in self._files:
            raise _FaultError("no-file", f"open {path}: no such file or directory")
        return self._files[path]

    def _version(self, path: str) -> str:
        if self._is_folder(path):
            return sha256("\0".join(self._names(path)).encode()).hexdigest()[:32]
        return sha256(self._content(path)).hexdigest()[:32]

    def _names(self, path: str) -> list[str]:
        root = path.rstrip("/") + "/"
        inside = {name[len(root) :].split("/")[0] for name in self._files if name.startswith(root)} - {""}
        return sorted(inside, key=lambda name: (not self._is_folder(root + name), name.lower(), name))

    def _entry(self, path: str) -> dict[str, object]:
        name = posixpath.basename(path) or "/"
        if self._is_folder(path):
            return {"name": name, "kind": "folder", "size": 0, "modified": 0, "mode": 0o755}
        return {"name": name, "kind": "file", "size": len(self._content(path)), "modified": 0, "mode": 0o644}

    # -- what is done --------------------------------------------------------------------------------------------------

    async def _list(self, path: str, offset: int, limit: int) -> None:
        self._check_folder(path)
        names = self._names(path)
        entries = [self._entry(posixpath.join(path, name)) for name in names[offset : offset + min(limit, 2000)]]
        await self._say(
            path=path, version=self._version(path), total=len(names), offset=offset, entries=entries, writable=True
        )

    async def _read(self, path: str, start: int, length: int) -> None:
        content = self._content(path)
        start = start if start >= 0 else max(0, len(content) + start)
        data = content[start : start + length]
        await self._say(
            **{"path": path, "size": len(content), "from": start, "version": self._version(path)},
            writable=True,
            body=len(data),
        )
        await self._emit(data)

    async def _write(self, path: str, expect: str, size: int) -> None:
        self._check_expected(path, expect)
        self._check_folder(posixpath.dirname(path))
        await self._say(go=True)
        while len(self._rest) < size:
            if (data := await self._take()) is None:
                return
            self._rest += data
        data, self._rest = self._rest[:size], self._rest[size:]
        self._check_expected(path, expect)
        self._files[path] = data
        await self._say(path=path, size=size, version=self._version(path))

    def _check_expected(self, path: str, expect: str) -> None:
        if expect == "new":
            self._check_free(path)
            return
        if path not in self._files and not self._is_folder(path) and expect != "any":
            raise _FaultError("changed", f"{path} is gone")
        self._content(path)
        if expect not in ("any", self._version(path)):
            raise _FaultError("changed", f"{path} was changed by somebody else")

    def _move(self, path: str, to: str) -> None:
        if not self._is_folder(path):
            self._content(path)
        self._check_free(to)
        self._check_folder(posixpath.dirname(to))
        if to.startswith(f"{path}/"):
            raise _FaultError("bad-request", "a folder cannot be moved into itself")
        for name in [name for name in self._files if name == path or name.startswith(f"{path}/")]:
            self._files[to + name[len(path) :]] = self._files.pop(name)
        self._stay(path)

    def _remove(self, path: str, recursive: bool) -> None:
        if self._is_folder(path):
            if self._names(path) and not recursive:
                raise _FaultError("not-empty", f"remove {path}: directory not empty")
            for name in [name for name in self._files if name.startswith(f"{path}/")]:
                del self._files[name]
        else:
            self._content(path)
            del self._files[path]
        self._stay(path)

    def _stay(self, path: str) -> None:
        """A folder stays when its last file goes."""
        self._files.setdefault(posixpath.dirname(path).rstrip("/") + "/", b"")

    async def _search(self, path: str, asked: dict[str, Any]) -> None:
        text = asked["text"]
        if not text or len(text) > _TEXT or "\n" in text:
            raise _FaultError("bad-request", "say what to look for: one line of text")
        try:
            found = re.compile(text if asked["regex"] else re.escape(text), 0 if asked["case"] else re.IGNORECASE)
        except re.error as error:
            raise _FaultError("bad-request", f"this is no regular expression: {error}") from error
        if not self._is_folder(path):
            self._content(path)
        files = [name for name in sorted(self._files) if name == path or name.startswith(path.rstrip("/") + "/")]
        files = [
            name for name in files if not name.endswith("/") and not {".git", "node_modules"} & set(name.split("/"))
        ]
        count = 0
        for name in files:
            for match in _lines(name, self._files[name], found):
                count += 1
                await self._say(**match)
        await self._say(done=True, files=len(files), bytes=0, matches=count, cut="")


def _lines(path: str, content: bytes, found: re.Pattern[str]) -> Iterator[dict[str, object]]:
    if b"\0" in content:
        return
    at = 0
    for number, line in enumerate(content.split(b"\n"), 1):
        text = line.decode(errors="replace")
        if match := found.search(text):
            start, length = match.start(), match.end() - match.start()
            yield {
                "path": path,
                "line": number,
                "at": at,
                "column": start,
                "length": length,
                "text": text,
                "before": start,
            }
        at += len(line) + 1
