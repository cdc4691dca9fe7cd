"""An engine in this process, to be measured: what a server adds is left out."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TextIO

import structlog

from labyard.assembly.house import known
from labyard.cli.logs import configure_logs
from labyard.control.catalog import Catalog
from labyard.control.manifests import Manifests
from labyard.play.plan import PlayPlan
from labyard.resources import resource
from tests.support.box import Box
from tests.support.lab import Lab


def plan_of(box: Box, playground: str) -> PlayPlan:
    assert box.engine is not None
    parts = box.engine.parts
    manifests = Manifests(known=lambda: known(parts))
    manifest = Catalog((resource("catalog") / "playgrounds",), manifests).manifest(playground)
    return manifests.plan(manifest, overrides={}, parameters={})


@asynccontextmanager
async def box_of(lab: Lab) -> AsyncIterator[Box]:
    box = Box(lab.data.parent / "engine")
    with (box.data / "engine.log").open("w") as log, _logged_to(log):
        await box.enter()
        try:
            yield box
        finally:
            await box.clear()


@contextmanager
def _logged_to(file: TextIO) -> Iterator[None]:
    """As a server's log is, and not among the figures."""
    configure_logs(file)
    try:
        yield
    finally:
        structlog.reset_defaults()


@contextmanager
def settings(wanted: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
