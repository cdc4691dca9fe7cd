"""What a provider answers: bounded in size and time, and JSON, or an error that says which of it it is not."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Final

import httpx

from labyard.errors import LabyardError

_LIMIT: Final = 1 << 20
_LONGEST: Final = 20.0
"""Seconds for a whole answer: one that trickles is as bad as none."""
_WORD = re.compile(r"[a-z0-9_.-]{1,64}")
_OPERATOR = "whoever runs this server finds the reason in its log"


class ProviderError(LabyardError):
    """The other side does not do what it should. People see it; nothing of it is theirs to mend."""

    code = "provider"


class ProviderUnreachableError(ProviderError):
    code = "provider-unreachable"


class ProviderAnswerError(ProviderError):
    """It answers, but not as OpenID Connect says."""

    code = "provider-answer"


class ProviderRefusedError(ProviderError):
    """It says no."""

    code = "provider-refused"


async def ask(http: httpx.AsyncClient, method: str, address: str, **arguments: Any) -> dict[str, Any]:
    """ProviderError, of the kind that fits."""
    try:
        async with asyncio.timeout(_LONGEST):
            status, body = await _fetched(http, method, address, arguments)
    except TimeoutError as error:
        raise ProviderUnreachableError("the provider takes too long", hint="try again later") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = str(error) or type(error).__name__
        raise ProviderUnreachableError(
            f"the provider cannot be reached: {text[:200]}", hint="try again later"
        ) from error
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if status in (400, 401, 403) and isinstance(told, dict):
        raise ProviderRefusedError(f"the provider refuses: {refusal(told.get('error'))}", hint=_OPERATOR)
    if status != 200 or not isinstance(told, dict):
        raise ProviderAnswerError(f"the provider's answer cannot be used (HTTP {status})", hint=_OPERATOR)
    return told


async def _fetched(
    http: httpx.AsyncClient, method: str, address: str, arguments: dict[str, Any]
) -> tuple[int, bytearray]:
    headers = {"Accept": "application/json", **arguments.pop("headers", {})}
    async with http.stream(method, address, headers=headers, **arguments) as response:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _LIMIT:
                raise ProviderAnswerError("the provider's answer is too long", hint=_OPERATOR)
        return response.status_code, body


def refusal(word: object) -> str:
    """The provider's word for why it refuses, if it is one: others' texts are not shown as ours."""
    return word if isinstance(word, str) and _WORD.fullmatch(word) else "it does not say why"


def text_of(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderAnswerError(f"the provider's answer has no `{name}`", hint=_OPERATOR)
    return value
