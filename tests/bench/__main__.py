"""`python -m tests.bench [NAME...] [--rounds N] [--json FILE]`: root, a built package, an otherwise quiet box."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.browser import page_prompt
from tests.bench.checks import checks
from tests.bench.crowd import crowd
from tests.bench.figure import Figure, table
from tests.bench.fork import fork
from tests.bench.idle import idle_fork
from tests.bench.many import idle_memory, tenth_play
from tests.bench.oci_disk import oci_disk
from tests.bench.pages import api_crowd, http_port, key_echo
from tests.bench.rate import forks_per_second
from tests.bench.start import cold_start, cold_start_five
from tests.bench.still import still
from tests.bench.stop import stop_restart
from tests.bench.talk import exec_round_trip, terminal_throughput
from tests.bench.thaw import warm_cold
from tests.bench.warm import warm, warm_exec, warm_five
from tests.support.lab import Lab, prepare_images, serving
from tests.support.outer import outer_namespace

Bench = Callable[[Lab, int], Coroutine[Any, Any, list[Figure]]]

BENCHES: dict[str, tuple[Bench, int]] = {
    "cold-start": (cold_start, 3),
    "cold-start-five": (cold_start_five, 2),
    "oci-disk": (oci_disk, 3),
    "exec": (exec_round_trip, 3),
    "terminal": (terminal_throughput, 3),
    "key-echo": (key_echo, 3),
    "http-port": (http_port, 3),
    "api-crowd": (api_crowd, 1),
    "page-prompt": (page_prompt, 10),
    "idle-memory": (idle_memory, 1),
    "tenth-play": (tenth_play, 3),
    "warm": (warm, 20),
    "warm-exec": (warm_exec, 10),
    "warm-five": (warm_five, 5),
    "warm-cold": (warm_cold, 1),
    "still": (still, 3),
    "fork": (fork, 7),
    "stop-restart": (stop_restart, 5),
    "forks-per-second": (forks_per_second, 3),
    "idle-fork": (idle_fork, 1),
    "crowd": (crowd, 7),
    "checks": (checks, 3),
}
"""Name → what measures it, and how many rounds."""

IMAGES = ("busybox", "debian-12", "debian-12-docker", "kernel:6.1")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(BENCHES)}")
    parser.add_argument("--rounds", type=int, help="instead of each benchmark's own number")
    parser.add_argument("--json", type=Path, metavar="FILE")
    told = parser.parse_args()
    if unknown := set(told.names) - set(BENCHES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # servers and machines end with us
    figures = run(told.names or list(BENCHES), told.rounds)
    box = f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}"
    print(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {box}; medians of alternating rounds\n\n{table(figures)}")
    if told.json:
        told.json.write_text(json.dumps({"box": box, "figures": [figure.plain() for figure in figures]}, indent=2))
    return 0 if all(figure.kept for figure in figures) else 1


def run(names: list[str], rounds: int | None) -> list[Figure]:
    figures: list[Figure] = []
    with outer_namespace() as box, tempfile.TemporaryDirectory(prefix="labyard-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        prepare_images(box, IMAGES)
        with serving(Path(folder) / "data") as lab:
            for name in names:
                bench, usual = BENCHES[name]
                print(f">> {name}", file=sys.stderr, flush=True)
                found = asyncio.run(bench(lab, rounds or usual))
                print(table(found), file=sys.stderr, flush=True)
                figures += found
    return figures


if __name__ == "__main__":
    sys.exit(main())
