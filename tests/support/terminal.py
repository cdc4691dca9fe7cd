"""A terminal of a machine over the server's WebSocket, as the page has it."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from types import TracebackType

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.lab import Lab

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)")


class Terminal:
    """Attached from entering to leaving; the shell in it lives on unless it ended."""

    def __init__(self, lab: Lab, play: str, machine: str, name: str, user: str) -> None:
        root = lab.url.replace("http://", "ws://")
        token = (lab.data / "owner.token").read_text().strip()
        self._address = f"{root}/api/plays/{play}/machines/{machine}/terminals/{name}?user={user}&cols=100&rows=30"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._kept = ExitStack()
        self.heard = ""
        self.ended = False

    def __enter__(self) -> Terminal:
        connecting = connect(self._address, additional_headers=self._headers, max_size=None, proxy=None)
        self._socket = self._kept.enter_context(connecting)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kept.close()

    def type(self, text: str) -> None:
        self.send(text.encode())

    def send(self, data: bytes) -> None:
        self._socket.send(data)

    def until(self, wanted: str | None, patience: float = 60) -> str:
        """All that was shown so far, once `wanted` is in it; None: once its shell has ended."""
        deadline = time.monotonic() + patience
        while (wanted not in self.heard) if wanted is not None else not self.ended:
            assert not (self.ended and wanted), f"it ended without {wanted!r}: {self.heard[-2000:]!r}"
            assert time.monotonic() < deadline, f"no {wanted!r} in {self.heard[-2000:]!r}"
            self._hear(max(0.1, deadline - time.monotonic()))
        return self.heard

    def _hear(self, patience: float) -> None:
        try:
            message = self._socket.recv(timeout=patience)
        except TimeoutError:
            return
        except ConnectionClosed:
            self.ended = True
            return
        if isinstance(message, bytes):
            self.heard = _ESCAPES.sub("", self.heard + message.decode(errors="replace"))[-200_000:]
            self._socket.send(json.dumps({"ack": len(message)}))
        else:
            told = json.loads(message)
            assert "error" not in told, told
            self.ended = self.ended or "exit" in told


def session(lab: Lab, play: str, machine: str, user: str, typed: str, name: str) -> str:
    """All that a new terminal shows while `typed` is typed into it, until its shell ends."""
    with Terminal(lab, play, machine, name, user) as terminal:
        terminal.type(typed)
        return terminal.until(None)
