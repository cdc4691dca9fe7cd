"""A port of a real machine, by the name it has for browsers: HTTP through the examiner, private until it is exposed."""

from __future__ import annotations

import http.client
import json

import pytest
from tests.support.lab import Lab

pytestmark = pytest.mark.vm

SERVE = "mkdir -p /www && echo from-the-machine >/www/index.html && busybox httpd -p 127.0.0.1:8080 -h /www"
LARGE = "dd if=/dev/zero of=/www/large bs=1M count=8 2>/dev/null"


def fetched(lab: Lab, play: str, path: str, *, port: int = 8080, machine: str = "tiny-01") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", lab.port, timeout=60)
    connection.request("GET", path, headers={"Host": f"{port}-{machine}-{play}.labyard.localhost:{lab.port}"})
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


ELSEWHERE = (
    "mkdir -p /www && echo from-eth0 >/www/index.html; mkdir -p /inner && echo from-inside >/inner/index.html;"
    "busybox httpd -p $(busybox hostname -i | busybox cut -d ' ' -f 1):8081 -h /www;"
    # a container's: processes and a network of its own, reached from nowhere else
    "busybox unshare -n -p -f sh -c 'busybox ip link set lo up; exec busybox httpd -f -p 8082 -h /inner' >/dev/null 2>&1 &"
    # and as `ip netns exec` has it, on its loopback alone
    "busybox unshare -n sh -c 'busybox ip link set lo up; exec busybox httpd -f -p 127.0.0.1:8083 -h /inner' >/dev/null 2>&1 &"
    "sleep 3"
)


def test_programs_at_other_addresses_and_in_networks_of_containers_are_reached(lab: Lab) -> None:
    play = lab.start("tiny")
    lab.run(play, ELSEWHERE)
    address = lab.run(play, "busybox hostname -i").split()[0]
    told = {each["number"]: each for each in lab.json("expose", "scan", play)}
    assert {number: each["protocol"] for number, each in told.items()} == dict.fromkeys((8081, 8082, 8083), "HTTP")
    assert told[8081]["where"].startswith(f"at {address} alone, of busybox (process ")
    assert told[8082]["where"].startswith("in a container, of busybox (process ")
    assert told[8083]["where"].startswith("in a network of its own, of busybox (process ")
    table = lab.cli("expose", "scan", play).stdout
    assert "in a container" in table
    for number, word in ((8081, b"from-eth0\n"), (8082, b"from-inside\n"), (8083, b"from-inside\n")):
        wish = {"machine": "tiny-01", "number": number, "access": "public"}
        lab.api("POST", f"/api/plays/{play}/ports", wish)
        assert fetched(lab, play, "/", port=number) == (200, word)
    process = told[8082]["where"].rpartition("process ")[2].rstrip(")")
    lab.run(play, f"kill -9 {process}; sleep 2", user="root")
    status, body = fetched(lab, play, "/", port=8082)
    assert status == 502 and b"port 8082" in body
