"""The folder that holds everything, and who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from labyard.assembly.settings import Settings
from labyard.errors import ConflictError


@contextlib.contextmanager
def hold_data(settings: Settings) -> Iterator[str]:
    """The data folder, made and held: one server at a time. Yields its mark."""
    data = made(settings.data)
    with (data / "server.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                f"another server uses {data}", hint="`labyard down` ends it, or give another folder with --data"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield data_mark(data)


def made(data: Path) -> Path:
    """Others may pass through it, to what is theirs, but not look around."""
    data.mkdir(mode=0o711, parents=True, exist_ok=True)
    data.chmod(0o711)
    return data


def data_mark(data: Path) -> str:
    """What this folder's processes, namespaces and links are marked with on the box."""
    return data_id(data)[:6]


def data_id(data: Path) -> str:
    """32 hexadecimal characters, made once."""
    path = data / "id"
    if not path.exists():
        path.write_text(secrets.token_hex(16) + "\n")
        path.chmod(0o644)
    return path.read_text().strip()
