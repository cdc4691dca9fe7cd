"""Pictures that the documentation shows, taken by tests on their way ([0029](../../docs/decisions/0029-pictures.md)).

A test that takes one is marked `pictures`, so that `make pictures` can run those alone, and says its name as it is written:
`picture(page, "map")`. `taken` reads the names out of the tests; tests/unit/docs/test_pictures.py holds the documents to them.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

from playwright.sync_api import Page

TESTS = Path(__file__).parent
MOST_BYTES = 100 * 1024
QUALITIES = (75, 60)
"""Of WebP: the first that is small enough is taken."""

_CALL = re.compile(r'\bpicture\(\w+, "([^"]*)"\)')


def taken() -> list[str]:
    """The name of every picture that some test takes, as often as it is taken."""
    return [name for test in sorted(TESTS.glob("test_*.py")) for name in _CALL.findall(test.read_text())]


def take(page: Page, path: Path) -> None:
    """What is seen of the page now, as WebP: the browser writes it, and every page on the web can show it."""
    session = page.context.new_cdp_session(page)
    for quality in QUALITIES:
        shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        data = base64.b64decode(shot["data"])
        if len(data) <= MOST_BYTES:
            break
    else:
        raise AssertionError(f"{path.name} has {len(data)} bytes at the least quality: show less of the page")
    session.detach()
    path.write_bytes(data)
