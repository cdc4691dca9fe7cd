"""Bodies as they arrive: none may keep us waiting for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from labyard.control.refusals import BadRequestError
from labyard.server.asker import services_of
from labyard.server.problems import LengthRequiredError, TooSlowError


async def arriving(request: Request) -> AsyncIterator[bytes]:
    """TooSlowError when nothing comes for a while, or the rest does not; BadRequestError when who sends it goes away."""
    settings, loop = services_of(request).settings, asyncio.get_running_loop()
    end = loop.time() + settings.body_time
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout_at(min(end, loop.time() + settings.silence)):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlowError("the body does not come", hint="send it again") from None
        except ClientDisconnect:
            raise BadRequestError("the connection broke off") from None
        yield piece


def announced(request: Request) -> int:
    """How many bytes are to come. LengthRequiredError for a body without a length: it might never end."""
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit():
        raise LengthRequiredError("say how large it is: `Content-Length`", hint="send it as a file, not as a stream")
    return int(length)
