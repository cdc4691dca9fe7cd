"""Answers whose bytes come from elsewhere while they are sent; whoever goes away takes what is behind them along."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Streamed(StreamingResponse):
    """`close` is called at the end, however it comes about. It must not wait: it may be called while being cancelled."""

    def __init__(
        self,
        content: AsyncIterable[bytes],
        close: Callable[[], Awaitable[object]],
        *,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/octet-stream",
    ) -> None:
        super().__init__(content, status_code=status_code, headers=headers, media_type=media_type)
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._close()
