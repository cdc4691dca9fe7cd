"""How the server's log looks: for people at a terminal; elsewhere a line each of `key=value`, or of JSON. To stderr."""

from __future__ import annotations

import logging
from typing import TextIO

import structlog
from structlog.typing import Processor


def configure_logs(stream: TextIO, *, least: int = logging.NOTSET, as_json: bool = False) -> None:
    """Colours at a terminal alone. What handlers bind (`play`, `machine`) comes along in every line, and so does what
    libraries have to warn of.

    `least`: a level of `logging`; what is less is not told. `as_json`: one object a line, at a terminal too.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_finish(stream, as_json=as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.basicConfig(handlers=[_Libraries()], level=max(least, logging.WARNING), force=True)


def _finish(stream: TextIO, *, as_json: bool) -> list[Processor]:
    if as_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    if stream.isatty():
        return [structlog.dev.ConsoleRenderer()]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
    ]


class _Libraries(logging.Handler):
    """What they say in Python's own way, said in ours."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        logger.log(record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info)
