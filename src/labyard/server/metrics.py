"""/metrics for Prometheus, and the counting of requests. Labels are routes' templates and words of ours, never people's."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labyard import __version__
from labyard.control.meters import Meters
from labyard.control.operating import Figures
from labyard.play.status import PlayState
from labyard.server.asker import Given, Operator
from labyard.server.sockets import sockets_of

router = APIRouter(tags=["admin"])

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
DISK_KINDS: Final = ("play", "snapshot", "warm", "saved", "image", "kernel")
_SNAPSHOTS: Final = ("snapshot", "warm", "saved")


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, _person: Operator, services: Given) -> Response:
    """In Prometheus' text format, or OpenMetrics where it is asked for. For an admin's token, best one for `metrics:read`."""
    figures = await services.operating.figures()
    registry = CollectorRegistry()
    registry.register(_Told(services.meters, figures, sockets_of(request).open))
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"Content-Type": kind, "Cache-Control": "no-store"})


class _Told(Collector):
    """What was counted while it happened, and how all is at this moment."""

    def __init__(self, meters: Meters, figures: Figures, sockets: int) -> None:
        self._meters = meters
        self._figures = figures
        self._sockets = sockets

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        yield from self._meters.registry.collect()
        yield from gauges(self._figures, self._sockets)


def gauges(figures: Figures, sockets: int) -> list[Metric]:
    """Pure."""
    capacity, load = figures.capacity, figures.load
    promised = capacity.memory_used
    used = sum(play.memory or 0 for play in load.plays)
    kinds = {kind: [use for use in figures.disk if use.kind == kind] for kind in DISK_KINDS}
    return [
        InfoMetricFamily("labyard_build", "Which Labyard this is.", {"version": __version__}),
        _by("labyard_plays", "Plays by state.", "state", {s.value: figures.states.get(s, 0) for s in PlayState}),
        _one("labyard_plays_queued", "Plays that wait for room, for their first start.", figures.waiting),
        _one("labyard_plays_waiting", "Plays of nobody's that wait for a start to take them.", load.waiting),
        _one("labyard_machines", "Machines that run.", sum(play.machines for play in load.plays)),
        _one("labyard_memory_bytes", "Memory that plays may be promised.", capacity.memory),
        _one("labyard_memory_promised_bytes", "Memory that plays are promised.", promised),
        _one("labyard_memory_used_bytes", "Memory that plays really take (PSS).", used),
        _one("labyard_memory_waiting_bytes", "Memory of plays that wait for a start.", load.waiting_memory),
        _one("labyard_processors", "Processors of the box.", capacity.cpus),
        _one("labyard_disk_bytes", "Size of the disk with the data folder.", capacity.disk),
        _one("labyard_disk_free_bytes", "What is free on it.", capacity.disk_free),
        _by(
            "labyard_disk_used_bytes",
            "What is freed when all of a kind go.",
            "kind",
            {kind: sum(use.own for use in uses) for kind, uses in kinds.items()},
        ),
        _by("labyard_snapshots", "Snapshots by kind.", "kind", {kind: len(kinds[kind]) for kind in _SNAPSHOTS}),
        _one("labyard_sockets", "WebSockets that are open, but for those of ports.", sockets),
    ]


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)


def _by(name: str, about: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=(label,))
    for word, value in values.items():
        family.add_metric((word,), value)
    return family


class Counting:
    """Counts every request to us once it is answered. Plain ASGI; outside of it are only the ports of machines."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start" and not status:
                status = message["status"]
                self._meters.answers.labels(route_of(scope)).observe(time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._meters.requests.labels(method, route_of(scope), str(status or 500)).inc()


def route_of(scope: Scope) -> str:
    """As it is written in our code, so that there are as many as we have; `other` where nothing of ours answered."""
    route = getattr(scope.get("route"), "path", None)
    if isinstance(route, str):
        return route
    return "/assets" if str(scope.get("root_path", "")).endswith("/assets") else "other"
