"""How the server's log looks: for people at a terminal, one line of `key=value` for everything else. To stderr."""

from __future__ import annotations

import logging
from typing import TextIO

import structlog
from structlog.typing import Processor


def configure_logs(stream: TextIO, *, least: int = logging.NOTSET) -> None:
    """Colours at a terminal alone. What handlers bind (`play`, `machine`) comes along in every line.

    `least`: a level of `logging`; what is less is not told.
    """
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
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
