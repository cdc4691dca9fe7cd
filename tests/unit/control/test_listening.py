"""Tables of the kernel's sockets, as they were read in machines, and what a guest may make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labyard.control.listening import Listener, heard, listening

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = " 00000000:00000000 00:00000000 00000000     0        0 9 1 0 100 0 0 10 0\n"


def line(address: str, port: int, state: str = "0A") -> str:
    far = "0" * len(address)
    return f"   0: {address}:{port:04X} {far}:0000 {state}{REST}"


def test_what_loopback_reaches_is_found() -> None:
    table = (
        HEAD
        + line("00000000", 80)
        + line("0100007F", 8080)
        + line("0100007F", 40000, "01")  # a connection
        + line("020010AC", 9090)  # 172.16.0.2 alone
        + line("3500007F", 53)  # 127.0.0.53 alone
    )
    assert listening(table) == {80, 8080}
    six = (
        HEAD + line("0" * 32, 443) + line("0" * 24 + "01000000", 3000) + line("0000000000000000FFFF00000100007F", 5000)
    )
    assert listening(six) == {443, 3000, 5000}


def test_what_is_not_understood_is_left_out() -> None:
    for text in (
        "",
        HEAD,
        "\x00" * 100,
        "   0: 00000000:0050",
        line("0", 80),
        "ü" * 1000,
        line("00000000", 80)[:20],
    ):
        assert listening(text) == frozenset()


def said(*listeners: dict[str, Any]) -> str:
    return json.dumps({"listeners": listeners})


def test_what_the_examiner_says_is_put_in_words() -> None:
    there = {"at": "network", "address": "0.0.0.0", "program": "nginx", "pid": 812}
    told = heard(
        said(
            {"port": 80, **there, "container": True},
            {"port": 22, "at": "loopback", "address": "127.0.0.1", "others": 3},
            {"port": 81, **there, "others": 2, "of-later": 1},
            {"port": 90, "at": "address", "address": "172.16.0.2"},
        )
    )
    assert told is not None
    assert [(each.port, each.where) for each in told] == [
        (22, ""),
        (80, "in a container, of nginx (process 812)"),
        (81, "in a network of its own, of nginx (process 812), the first of 3"),
        (90, "at 172.16.0.2 alone"),
    ]
    assert heard(said()) == []
    assert heard(said({"port": 80}, {"port": 80})) == [Listener(port=80)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"listeners": {}}',
        said({"port": 0}),
        said({"port": 70000}),
        said({"port": 80, "at": "home"}),
        said({"port": 80, "address": "<script>"}),
        said({"port": 80, "program": "a\x1b[31mb"}),
        said({"port": 80, "program": "x" * 65}),
        said({"port": 80, "others": -1}),
        "[" * 100_000,
    ],
)
def test_what_no_examiner_says_is_not_heard(text: str) -> None:
    assert heard(text) is None
