"""A port of a real machine, by the name it has for browsers: HTTP through the examiner, private until it is exposed."""

from __future__ import annotations

import http.client
import json

import pytest
from tests.support.lab import Lab

pytestmark = pytest.mark.vm

SERVE = "mkdir -p /www && echo from-the-machine >/www/index.html && busybox httpd -p 127.0.0.1:8080 -h /www"
LARGE = "dd if=/dev/zero of=/www/large bs=1M count=8 2>/dev/null"


def fetched(lab: Lab, play: str, path: str, *, port: int = 8080) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", lab.port, timeout=60)
    connection.request("GET", path, headers={"Host": f"{port}-tiny-01-{play}.labyard.localhost:{lab.port}"})
    answer = connection.getresponse()
    told = answer.status, answer.read()
    connection.close()
    return told


def test_a_program_on_loopback_is_reached_once_it_is_exposed(lab: Lab) -> None:
    play = lab.start("tiny")
    lab.run(play, f"{SERVE}; {LARGE}")
    scanned = json.loads(lab.cli("expose", "scan", play, "-o", "json").stdout)
    assert scanned == [{"machine": "tiny-01", "number": 8080, "protocol": "HTTP"}]
    assert fetched(lab, play, "/")[0] == 404
    wish = {"machine": "tiny-01", "number": 8080}
    lab.api("POST", f"/api/plays/{play}/ports", wish)
    assert fetched(lab, play, "/")[0] == 401
    lab.api("POST", f"/api/plays/{play}/ports", {**wish, "access": "public"})
    assert fetched(lab, play, "/") == (200, b"from-the-machine\n")
    status, body = fetched(lab, play, "/large")
    assert (status, len(body)) == (200, 8 << 20)
    lab.api("POST", f"/api/plays/{play}/ports", {**wish, "number": 9090, "access": "public"})
    status, body = fetched(lab, play, "/", port=9090)
    assert status == 502 and b"port 9090" in body
    lab.cli("playground", "destroy", play)
    assert fetched(lab, play, "/")[0] == 404
