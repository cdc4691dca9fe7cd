"""`make bots`: a round of all bots against a server of its own. `BOTS=`: arguments of `labyard bot run`, else `--all`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.lab import ROOT, prepare_images, serving
from tests.support.outer import outer_namespace

IMAGES = ("busybox", "debian-12", "debian-12-docker", "kernel:6.1", "kernel:6.12")
REPORT = ROOT / "build" / "bots"


def main(arguments: list[str]) -> int:
    """The round's exit status."""
    with outer_namespace() as box, tempfile.TemporaryDirectory(prefix="labyard-bots-", dir="/var/tmp") as folder:
        prepare_images(box, IMAGES)
        Path(folder).chmod(0o711)
        with serving(Path(folder) / "data") as lab:
            command = [sys.executable, "-m", "labyard.cli", "bot", "run", *(arguments or ["--all"])]
            round_ = subprocess.run([*command, "--report", str(REPORT)], env=lab.environ(), cwd=ROOT, check=False)
            return round_.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
