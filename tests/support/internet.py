"""An internet of one host: a namespace behind the box's uplink that answers HTTP and DNS."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

BOX = "198.51.100.1"
HOST = "198.51.100.2"
NAME = "somewhere.example"
INSIDE = ("10.99.0.2", "172.20.0.2", "192.168.99.2", "169.254.169.254", "100.64.0.2")
"""Addresses that the box can reach there and no play may: private networks, the clouds' metadata, carriers' own."""

_WEB = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("hello from the internet to " + self.client_address[0] + "\\n").encode())
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
"""

# Answers every question about one name with one address, all others with NXDOMAIN (RFC 1035).
_NAMES = """
import socket, sys
wanted, address = sys.argv[1].encode(), socket.inet_aton(sys.argv[2])
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("0.0.0.0", 53))
while True:
    asked, sender = listener.recvfrom(4096)
    labels, place = [], 12
    while asked[place]:
        labels.append(asked[place + 1 : place + 1 + asked[place]])
        place += 1 + asked[place]
    question = asked[12 : place + 5]
    known = b".".join(labels).lower() == wanted
    here = known and question[-4:-2] == b"\\0\\1"
    head = asked[:2] + (b"\\x81\\x80" if known else b"\\x81\\x83") + b"\\0\\1" + (b"\\0\\1" if here else b"\\0\\0") + bytes(4)
    listener.sendto(head + question + (b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + address if here else b""), sender)
"""


@contextmanager
def internet(folder: Path) -> Iterator[Path]:
    """Joined to the namespace we are in. Yields a resolv.conf that names its resolver."""
    name = f"internet-{os.getpid()}"
    with ExitStack() as kept:
        _ip("netns", "add", name)
        kept.callback(_ip, "netns", "del", name)
        _ip("link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("addr", "add", f"{BOX}/24", "dev", "up0")
        _ip("link", "set", "up0", "up")
        for step in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{HOST}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
        ):
            _ip("-n", name, *step)
        for address in INSIDE:
            _ip("-n", name, "addr", "add", f"{address}/32", "dev", "lo")
        _ip("route", "add", "default", "via", HOST)
        kept.enter_context(_running(["ip", "netns", "exec", name], _WEB, "80"))
        kept.enter_context(_running(["ip", "netns", "exec", name], _NAMES, NAME, HOST))
        kept.enter_context(_running([], _WEB, "8099"))
        resolv = folder / "resolv.conf"
        resolv.write_text(f"nameserver {HOST}\n")
        yield resolv


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def _running(where: Sequence[str], script: str, *arguments: str) -> Iterator[None]:
    process = subprocess.Popen([*where, sys.executable, "-c", script, *arguments])
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
