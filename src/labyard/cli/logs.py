"""How the server's log looks: for people at a terminal, one line of `key=value` for everything else. To stderr."""

from __future__ import annotations

from typing import TextIO

import structlog
from structlog.typing import Processor


def configure_logs(stream: TextIO) -> None:
    """Colours at a terminal alone. What handlers bind (`play`, `machine`) comes along in every line."""
    finish: list[Processor]
    if stream.isatty():
        finish = [structlog.dev.ConsoleRenderer()]
    else:
        finish = [
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *finish,
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
