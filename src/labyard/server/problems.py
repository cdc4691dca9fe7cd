"""Every error as the one JSON shape, and as an HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from labyard.control.file_faults import ChangedError
from labyard.control.mail import MailError
from labyard.control.refusals import BadRequestError, TooLargeError
from labyard.errors import (
    AwayError,
    BusyError,
    CapacityError,
    ConflictError,
    ForbiddenError,
    GuestError,
    ImageError,
    LabyardError,
    NotBuiltError,
    NotFoundError,
    Problem,
    RepositoryError,
    SpecError,
)
from labyard.server.oidc.answers import ProviderError, ProviderRefusedError

log = structlog.get_logger()


class UnauthorizedError(LabyardError):
    code = "unauthorized"


class TooSlowError(LabyardError):
    """A body that was announced and does not come."""

    code = "too-slow"


class LengthRequiredError(LabyardError):
    """A body that does not say how long it is."""

    code = "length-required"


# Never 429 or 504, and 503 only after a while: labctl retries those with its body already spent, unless they came late.
_STATUS: tuple[tuple[type[LabyardError], int], ...] = (
    (SpecError, 422),
    (BadRequestError, 400),
    (UnauthorizedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ChangedError, 412),
    (CapacityError, 409),
    (ConflictError, 409),
    (TooLargeError, 413),
    (TooSlowError, 408),
    (LengthRequiredError, 411),
    (NotBuiltError, 501),
    (ImageError, 422),
    (RepositoryError, 422),
    (BusyError, 409),
    (GuestError, 502),
    (MailError, 502),
    (ProviderRefusedError, 403),
    (ProviderError, 502),
    (AwayError, 503),
)


def status_of(error: LabyardError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def shape(error: LabyardError) -> dict[str, Any]:
    """`{"error": {...}}`; problems only where there are any."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, SpecError):
        count = len(error.problems)
        body["message"] = f"the manifest has {count} problem{'' if count == 1 else 's'}\n{error.message}"
        body["problems"] = problems_json(error.problems)
    return {"error": body}


def problems_json(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]


def answer(error: LabyardError) -> JSONResponse:
    headers = None
    if isinstance(error, UnauthorizedError):
        headers = {"WWW-Authenticate": "Bearer"}
    elif isinstance(error, AwayError):
        headers = {"Retry-After": "5"}
    return JSONResponse(shape(error), status_of(error), headers)


def install(app: FastAPI) -> None:
    """Teach `app` to answer every error in the one shape. What a browser may not find is `site`'s: it shows a page."""
    app.add_exception_handler(LabyardError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_bad_request)
    app.add_exception_handler(Exception, _on_bug)


async def _on_ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, LabyardError)  # noqa: S101 - registered for it
    if status_of(error) == 500:
        log.error("request failed", path=request.url.path, code=error.code, error=str(error))
    return answer(error)


async def _on_bad_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    return answer(BadRequestError("; ".join(_sentence(part) for part in error.errors()[:20])))


async def on_http(_request: Request, error: Exception) -> JSONResponse:
    """What Starlette itself refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
    body = {"error": {"code": code, "message": str(error.detail), "hint": None}}
    return JSONResponse(body, error.status_code, error.headers)


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    log.error("request failed", path=request.url.path, exc_info=error)
    return answer(LabyardError("Something went wrong inside Labyard.", hint="the server's log says what"))


def _sentence(part: Any) -> str:
    return f"{'.'.join(str(step) for step in part['loc'])}: {part['msg']}"
