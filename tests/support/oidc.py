"""A real OpenID Connect provider on loopback (npm's oidc-provider). `python -m tests.support.oidc` installs it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatch_build import find_node

FOLDER = Path(__file__).parents[1] / "oidc"
CLIENT, SECRET = "labyard", "s3cr/t +:"


def install() -> None:
    """What the lock says, when it is not there yet."""
    stamp = FOLDER / "node_modules/.labyard-lock"
    lock = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == lock:
        return
    node, npm = find_node()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}
    command = [str(node), str(npm), "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=FOLDER, env=environment, check=True, stdout=sys.stderr, stdin=subprocess.DEVNULL)
    stamp.write_text(lock)


@contextmanager
def oidc_provider(redirect: str, accounts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Its issuer. It sends browsers to `redirect`; any password is right for each login of `accounts`, which has its claims."""
    install()
    node, _ = find_node()
    wish = json.dumps({"redirect": redirect, "accounts": accounts})
    process = subprocess.Popen(
        [str(node), "provider.js", wish], cwd=FOLDER, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port.isdigit(), "the provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    install()
