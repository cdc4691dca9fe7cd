"""The server's routes, as the verbs need them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import typer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from labyard.cli.exits import ExitCode, UnreachableError, UsageError, from_response
from labyard.cli.plays import ID_LENGTH, PlayView, parse_play, pick
from labyard.cli.target import Target, from_environment

_TIMEOUT = httpx.Timeout(60, connect=5)
_SLOW = httpx.Timeout(300, connect=5)  # a large file, and a busy disk
_MESSAGE_LIMIT = 4 << 20  # bytes of one WebSocket message

_QUEUE_LIMIT = 1 << 16  # messages; more than the server's window of bytes, so that its pings are always read


class Api:
    """One server, one user. Every call raises LabyardError and nothing else."""

    def __init__(self, target: Target, http: httpx.AsyncClient) -> None:
        self.target = target
        self._http = http

    async def get(self, path: str, /, **query: str) -> Any:
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: object = None, *, patience: float = 60) -> Any:
        """`patience`: seconds an answer may take."""
        return await self._ask("POST", path, json=body, timeout=httpx.Timeout(patience, connect=5))

    async def patch(self, path: str, body: object, *, patience: float = 60) -> Any:
        return await self._ask("PATCH", path, json=body, timeout=httpx.Timeout(patience, connect=5))

    async def put(self, path: str, body: object, *, patience: float = 60) -> Any:
        return await self._ask("PUT", path, json=body, timeout=httpx.Timeout(patience, connect=5))

    async def upload(self, address: str, size: int, pieces: AsyncIterator[bytes]) -> None:
        """PUT `size` bytes to an address that the server gave; it carries its own permission."""
        await self._ask(
            "PUT", self.target.at(address), content=pieces, headers={"Content-Length": str(size)}, timeout=_SLOW
        )

    async def download(self, path: str) -> AsyncIterator[bytes]:
        with _translated(self.target):
            async with self._http.stream("GET", path, timeout=_SLOW) as response:
                if response.is_error:
                    await response.aread()
                    _body(response)
                async for piece in response.aiter_bytes():
                    yield piece

    async def find(self, path: str, query: Mapping[str, Sequence[str]]) -> Any:
        """GET with arguments that may be repeated."""
        return await self._ask("GET", path, params={name: list(values) for name, values in query.items() if values})

    async def delete(self, path: str, **query: str) -> Any:
        return await self._ask("DELETE", path, params=query)

    async def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        with _translated(self.target):
            response = await self._http.request(method, path, **arguments)
        return _body(response)

    async def lines(self, path: str, **arguments: Any) -> AsyncIterator[dict[str, Any]]:
        """POST and read NDJSON as it comes. A line with `error` is raised."""
        timeout = httpx.Timeout(60, connect=5, read=None)  # a silent minute is normal while an image is built
        with _translated(self.target):
            async with self._http.stream("POST", path, timeout=timeout, **arguments) as response:
                if response.is_error:
                    await response.aread()
                    _body(response)
                async for line in response.aiter_lines():
                    if line.strip():
                        yield _line(line)

    async def play(self, play_id: str) -> PlayView:
        """The play of this id, which may be shortened to a beginning that only one play has."""
        if len(play_id) == ID_LENGTH:
            return parse_play(await self.get(f"/api/plays/{play_id}"))
        if not play_id or not play_id.isalnum():
            raise UsageError(f"{play_id!r} is no play's id", hint="`labyard playground list` shows them")
        return pick(await self.plays(), play_id)

    async def plays(self, *, everybody: bool = False) -> list[PlayView]:
        """One's own, or `everybody`'s: RemoteError for who may not see them."""
        query = {"everybody": "true"} if everybody else {}
        return [parse_play(item) for item in await self.get("/api/plays", **query)]

    async def act(self, play: PlayView, action: str, *, patience: float = 60, **more: object) -> PlayView:
        answer = await self.post(f"/api/plays/{play.id}/actions", {"action": action, **more}, patience=patience)
        return parse_play(answer) if isinstance(answer, dict) and answer.get("id") else play

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[ClientConnection]:
        """A WebSocket of this server, signed in."""
        headers = {"Authorization": f"Bearer {self.target.token}"} if self.target.token else {}
        try:
            connection = await connect(
                self.target.websocket(path),
                additional_headers=headers,
                compression=None,
                max_size=_MESSAGE_LIMIT,
                max_queue=_QUEUE_LIMIT,
                ping_timeout=None,  # an answer may be stuck behind output nobody reads; TCP tells of a dead peer
                proxy=None if self.target.local else True,
            )
        except InvalidStatus as error:
            raise from_response(error.response.status_code, _parsed(error.response.body)) from error
        except (OSError, TimeoutError, InvalidHandshake) as error:
            raise _unreachable(self.target, error) from error
        async with connection:
            yield connection


def _body(response: httpx.Response) -> Any:
    if response.is_error:
        raise from_response(response.status_code, _parsed(response.content))
    if not response.content:
        return None
    if response.headers.get("content-type", "").startswith("text/plain"):
        return response.text
    try:
        return response.json()
    except ValueError as error:
        raise UnreachableError(
            f"{response.url.host} answered, but not as a Labyard server", hint="check LABYARD_URL"
        ) from error


def _parsed(content: bytes | bytearray) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _line(line: str) -> dict[str, Any]:
    told = _parsed(line.encode())
    if not isinstance(told, dict):
        raise UnreachableError("the server's answer cannot be read", hint="is it of another version?")
    if told.get("error"):
        error = told["error"]
        raise from_response(500, {"error": error if isinstance(error, dict) else {"message": str(error)}})
    return told


class _translated:  # noqa: N801 - used as a verb
    """Transport errors become UnreachableError."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            raise UnreachableError(
                f"the server at {self._target.url} did not answer in time", hint="try again"
            ) from error
        if isinstance(error, httpx.TransportError):
            raise _unreachable(self._target, error) from error


def _unreachable(target: Target, error: Exception) -> UnreachableError:
    hint = "start it with `labyard up` (or `labyard serve`)" if target.local else "check LABYARD_URL and the network"
    return UnreachableError(f"no server answers at {target.url}: {error or type(error).__name__}", hint=hint)


@asynccontextmanager
async def opened(target: Target) -> AsyncIterator[Api]:
    headers = {"Authorization": f"Bearer {target.token}"} if target.token else {}
    secure = target.url.startswith("https:")  # without TLS there is nothing to verify; certificates take 0.1 s to load
    async with httpx.AsyncClient(
        base_url=target.url, headers=headers, timeout=_TIMEOUT, trust_env=not target.local, verify=secure
    ) as http:
        yield Api(target, http)


def run(work: Callable[[Api], Awaitable[int | None]]) -> None:
    """Do a verb's work and end with its exit status, if it has one."""
    target = from_environment(os.environ)

    async def session() -> int | None:
        async with opened(target) as api:
            return await work(api)

    try:
        code = asyncio.run(session())
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if code:
        raise typer.Exit(code)
