"""A browser in the network namespace that the test is in, though Playwright itself is where the tests began."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Playwright, expect

from tests.e2e.conftest import ARGS, PATIENCE_MS, chromium


@contextmanager
def page_inside(playwright: Playwright, folder: Path, patience_ms: int) -> Iterator[Page]:
    """A fresh page of 1280 by 800; everything in it and every `expect` waits up to `patience_ms`. `folder` keeps a script."""
    inside = folder / "chromium"
    space = f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"
    inside.write_text(f'#!/bin/sh\nexec nsenter --net={space} {chromium()} "$@"\n')
    inside.chmod(0o755)
    browser = playwright.chromium.launch(executable_path=inside, args=ARGS)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(patience_ms)
    expect.set_options(timeout=patience_ms)
    try:
        yield page
    finally:
        expect.set_options(timeout=PATIENCE_MS)
        browser.close()
