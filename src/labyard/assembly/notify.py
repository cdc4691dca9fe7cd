"""Tell the service manager how far we are, as sd_notify(3) has it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def is_managed() -> bool:
    """Whether a service manager waits to be told."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def tell_manager(state: str) -> None:
    """`READY=1`, `STOPPING=1`. Nobody to tell, or nobody who listens: nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        manager.connect("\0" + address[1:] if address.startswith("@") else address)
        manager.sendall(state.encode())
