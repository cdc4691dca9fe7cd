"""What is counted while it happens, for Prometheus: starts, failures, requests. Labels are few and never people's words."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.process_collector import ProcessCollector

from labyard.play.status import PlayState, Reason
from labyard.store.plays import PlayRow

START_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
ANSWER_SECONDS: Final = (0.005, 0.02, 0.1, 0.5, 2, 10, 60)


class Meters:
    """One house's. `registry` holds all of them; nothing is kept over a restart, as is usual there."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.starts = Histogram(
            "labyard_play_start_seconds",
            "From the request (a play that was stopped: from its start) until all machines were ready.",
            ("kind", "way"),
            buckets=START_SECONDS,
            registry=self.registry,
        )
        self.failures = Counter(
            "labyard_play_failures", "Plays that failed, by the reason's code.", ("reason",), registry=self.registry
        )
        self.requests = Counter(
            "labyard_http_requests",
            "Requests that were answered, but for those to machines' ports.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.answers = Histogram(
            "labyard_http_request_seconds",
            "From a request to the first byte of its answer.",
            ("route",),
            buckets=ANSWER_SECONDS,
            registry=self.registry,
        )
        for reason in Reason:
            self.failures.labels(reason.value)  # so that rates are known from the first one on

    def saw(self, old: PlayRow, new: PlayRow, now: datetime) -> None:
        """A row was written."""
        if new.state is old.state:
            return
        if new.state is PlayState.RUNNING:
            self._started(old, new, now)
        elif new.state is PlayState.FAILED:
            self.failures.labels((new.reason or Reason.INTERNAL).value).inc()

    def _started(self, old: PlayRow, new: PlayRow, now: datetime) -> None:
        first = all(event.state is not PlayState.RUNNING for event in old.events)
        kind = "again" if not first else "start" if new.origin is None else "fork"
        way = "cold" if new.report is not None and new.report.booted else "warm"
        since = new.created_at if first else old.state_at
        self.starts.labels(kind, way).observe(max(0.0, (now - since).total_seconds()))
