"""A Git server on loopback: Git's own `http-backend` behind TLS, and ways in which one may mean ill."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path

from labyard.repositories.settings import GitSettings

_GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
_ENVIRONMENT = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*_GIT, *arguments], cwd=folder, env=_ENVIRONMENT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@dataclass
class GitServer:
    """`asked`: paths, in order. `away`: names of repositories whose requests are sent elsewhere; `mute`: never answered."""

    root: Path
    certificate: Path
    port: int = 0
    asked: list[str] = field(default_factory=list)
    away: dict[str, str] = field(default_factory=dict)
    mute: set[str] = field(default_factory=set)

    def url(self, name: str) -> str:
        return f"https://localhost:{self.port}/{name}"

    @property
    def settings(self) -> GitSettings:
        """That may reach it."""
        inside = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
        return GitSettings(networks=inside, authorities=self.certificate, patience=30)

    def add(self, name: str, files: Mapping[str, bytes | str]) -> Path:
        """A repository with one commit of these files."""
        folder = self.root / name
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        self.commit(name, files)
        return folder

    def commit(self, name: str, files: Mapping[str, bytes | str]) -> str:
        folder = self.root / name
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data.encode() if isinstance(data, str) else data)
        git(folder, "add", "-A", "-f")
        git(folder, "commit", "-q", "-m", "one more")
        return git(folder, "rev-parse", "HEAD")


@contextmanager
def git_server(folder: Path) -> Iterator[GitServer]:
    """Until the block ends. `folder`: for its repositories and its certificate, which signs itself."""
    server = GitServer(root=folder / "repositories", certificate=folder / "certificate.pem")
    server.root.mkdir()
    key = folder / "key.pem"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:git.example,IP:127.0.0.1")
    made = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    )
    subprocess.run([*made, *subject, "-keyout", key, "-out", server.certificate], check=True, capture_output=True)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, key)
    http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(10)


def _handler(server: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _serve(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            server.asked.append(path)
            name = path.split("/")[1]
            if name in server.mute:
                time.sleep(60)
                return
            if name in server.away:
                self.send_response(302)
                self.send_header("Location", self.path.replace(f"/{name}", server.away[name], 1))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            environment = {
                **_ENVIRONMENT,
                "GIT_PROJECT_ROOT": str(server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path.replace(f"/{name}", f"/{name}/.git", 1),
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            done = subprocess.run(
                ["git", "http-backend"], env=environment, input=body, capture_output=True, check=False
            )
            self._answer(done.stdout)

        def _answer(self, told: bytes) -> None:
            head, _, body = told.partition(b"\r\n\r\n")
            lines = [line.decode().split(": ", 1) for line in head.split(b"\r\n") if b": " in line]
            status = next((value for name, value in lines if name == "Status"), "200")
            self.send_response(int(status.split()[0]))
            for name, value in lines:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called there
            """Tests are quiet."""

    return Handler
