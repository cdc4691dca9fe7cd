"""What goes through to a port's program and comes back; hostile programs get nothing of the site around them."""

from __future__ import annotations

import pytest

from labyard.control.port_names import PortName
from labyard.server.proxy.headers import to_browser, to_program

PLAY = "0123456789abcdef01234567"
HOST = f"8080-node-01-{PLAY}.labyard.localhost:8800"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        (f"8080-node-01-{PLAY}", PortName(8080, "node-01", PLAY)),
        (f"1-a-{PLAY}", PortName(1, "a", PLAY)),
        (f"65535-{'a' * 32}-{PLAY}", PortName(65535, "a" * 32, PLAY)),
        (f"80-a-{'0' * 24}-{PLAY}", PortName(80, f"a-{'0' * 24}", PLAY)),
    ],
)
def test_names(label: str, name: PortName) -> None:
    assert PortName.read(label) == name and name.label == label and len(label) <= 63


@pytest.mark.parametrize(
    "label",
    [
        "", "www", f"0-a-{PLAY}", f"65536-a-{PLAY}", f"99999-a-{PLAY}", f"08-a-{PLAY}", f"80--{PLAY}", f"80-a-{PLAY[1:]}",
        f"80-A-{PLAY}", f"80-a-{PLAY.upper()}", f"80-{'a' * 33}-{PLAY}", f"80-a_b-{PLAY}", f"80-a-{PLAY}\n", f"x80-a-{PLAY}",
        f"٨٠-a-{PLAY}",
    ],
)  # fmt: skip
def test_what_is_no_name(label: str) -> None:
    assert PortName.read(label) is None


def told(*given: tuple[str, str], rewrite: str | None = None) -> list[tuple[str, str]]:
    raw = [(name.encode(), value.encode()) for name, value in given]
    made = to_program(raw, host=HOST, rewrite=rewrite, client="192.0.2.1", secure=False)
    return [(name.decode(), value.decode()) for name, value in made]


def test_the_program_hears_who_asks_and_nothing_of_us() -> None:
    heard = told(
        ("host", HOST),
        ("accept", "*/*"),
        ("cookie", "a=b; labyard_port=secret;LABYARD_SESSION=x; __Host-labyard_session=y; c=d"),
        ("connection", "keep-alive, X-Mine"),
        ("x-mine", "of this connection"),
        ("te", "trailers"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
    )
    assert heard == [
        ("host", HOST),
        ("accept", "*/*"),
        ("cookie", "a=b; c=d"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-host", HOST),
        ("x-forwarded-proto", "http"),
    ]
    assert told(("host", HOST), ("cookie", "labyard_port=x"))[1][0] == "x-forwarded-for", "no empty cookie"
    assert told(("host", HOST), rewrite="localhost:3000")[0] == ("host", "localhost:3000")
    assert ("transfer-encoding", "chunked") in told(("transfer-encoding", "gzip, chunked"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a=b", "a=b"),
        ("a=b; Path=/; HttpOnly", "a=b; Path=/; HttpOnly"),
        ("a=b; Domain=labyard.localhost; Path=/", "a=b; Path=/"),
        ("a=b;DOMAIN = .labyard.localhost", "a=b"),
        ("a=b; domain", "a=b"),
        ("labyard_session=evil; Domain=labyard.localhost", None),
        ("labyard_port=evil", None),
        (" Labyard_Session = evil", None),
        ("__Host-labyard_session=evil; Secure; Path=/", None),
        ("labyard_session", None),
    ],
)
def test_cookies_stay_with_the_port(given: str, kept: str | None) -> None:
    back = to_browser([(b"Set-Cookie", given.encode())])
    assert back == ([] if kept is None else [(b"set-cookie", kept.encode())])


def test_what_would_reach_beyond_the_port_does_not_come_back() -> None:
    given = [
        (b"Content-Type", b"text/html"),
        (b"Clear-Site-Data", b'"*"'),
        (b"Strict-Transport-Security", b"max-age=1; includeSubDomains"),
        (b"Alt-Svc", b'h3=":1"'),
        (b"Transfer-Encoding", b"chunked"),
        (b"Connection", b"close, X-Hop"),
        (b"X-Hop", b"1"),
        (b"Content-Security-Policy", b"default-src *"),
    ]
    assert to_browser(given) == [(b"content-type", b"text/html"), (b"content-security-policy", b"default-src *")]
