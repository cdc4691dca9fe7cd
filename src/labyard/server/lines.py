"""Long work, told line by line as it goes: NDJSON of `Progress`, the last line `{"finished": true}` or an error."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from fastapi.responses import StreamingResponse

from labyard.errors import LabyardError
from labyard.play.progress import Progress
from labyard.server.problems import shape

log = structlog.get_logger()

_NDJSON = "application/x-ndjson"


def told(steps: AsyncIterator[Progress], leftover: Path | None = None) -> StreamingResponse:
    return StreamingResponse(_lines(steps, leftover), media_type=_NDJSON)


async def _lines(steps: AsyncIterator[Progress], leftover: Path | None) -> AsyncIterator[str]:
    finished = False
    try:
        async for step in steps:
            finished = step.finished
            yield step.model_dump_json() + "\n"
        if not finished:
            yield '{"finished": true}\n'
    except LabyardError as error:
        yield json.dumps(shape(error)) + "\n"
    except Exception:
        log.exception("long work failed")
        yield json.dumps(shape(LabyardError("Something went wrong inside Labyard."))) + "\n"
    finally:
        if leftover is not None:
            leftover.unlink(missing_ok=True)
