"""The parser of questions against real messages and against anything at all."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labyard.network.dns_message import LARGEST, Code, Query, Type, answer, answers, parse, refusal

FLAGS_RECURSE = 0x0100


def wire_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def query(name: str = "web-01", kind: int = Type.A, *, flags: int = FLAGS_RECURSE, group: int = 1) -> bytes:
    return struct.pack("!6H", 0xBEEF, flags, 1, 0, 0, 0) + wire_name(name) + struct.pack("!2H", kind, group)


def test_a_question_is_read() -> None:
    message = query("Web-01.FrontEnd")
    found = parse(message)
    assert isinstance(found, Query)
    assert (found.name, found.type, found.internet, found.question) == ("web-01.frontend", 1, True, message[12:])


def test_our_answer_word_for_word() -> None:
    found = parse(query("web-01"))
    assert isinstance(found, Query)
    expected = (
        bytes.fromhex("beef 8580 0001 0002 0000 0000")
        + b"\x06web-01\0\0\x01\0\x01"
        + bytes.fromhex("c00c 0001 0001 00000005 0004 ac100002")
        + bytes.fromhex("c00c 0001 0001 00000005 0004 0a000002")
    )
    assert answer(found, [IPv4Address("172.16.0.2"), IPv4Address("10.0.0.2")], seconds=5) == expected


@pytest.mark.parametrize(("kind", "group"), [(28, 1), (15, 1), (1, 3)])
def test_other_types_of_our_names_have_no_records(kind: int, group: int) -> None:
    found = parse(query(kind=kind, group=group))
    assert isinstance(found, Query)
    reply = answer(found, [IPv4Address("172.16.0.2")], seconds=5)
    assert struct.unpack_from("!4H", reply, 2) == (0x8580, 1, 0, 0)
    assert reply[12:] == found.question


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (b"", None),
        (query()[:11], None),
        (query(flags=0x8100), None),
        (query() + bytes(LARGEST), None),
        (query(flags=0x2900), Code.NOT_IMPLEMENTED),
        (query()[:12], Code.FORMAT_ERROR),
        (query()[:-1], Code.FORMAT_ERROR),
        (query()[:12] + b"\xc0\x0c\0\x01\0\x01", Code.FORMAT_ERROR),
        (query("a" * 64), Code.FORMAT_ERROR),
        (query(".".join(["a" * 63] * 4)), Code.FORMAT_ERROR),
        (struct.pack("!6H", 1, 0, 2, 0, 0, 0) + query()[12:], Code.FORMAT_ERROR),
        (struct.pack("!6H", 1, 0, 1, 1, 0, 0) + query()[12:], Code.FORMAT_ERROR),
        (struct.pack("!6H", 1, 0, 1, 0, 0, 3) + query()[12:], Code.FORMAT_ERROR),
    ],
)
def test_what_is_no_question(message: bytes, verdict: Code | None) -> None:
    assert parse(message) == verdict


def test_the_longest_name_is_read() -> None:
    """255 bytes on the wire, RFC 1035 section 2.3.4."""
    name = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert len(wire_name(name)) == 255
    assert isinstance(parse(query(name)), Query)
    assert parse(query(name + "b")) == Code.FORMAT_ERROR


@given(st.binary(max_size=600))
@example(query())
@example(query("x" * 63) + bytes(11))
def test_anything_is_taken(message: bytes) -> None:
    """No bytes make it raise, and whatever deserves an answer gets a well-formed one with its identifier."""
    found = parse(message)
    if found is None:
        return
    replies = [refusal(message, Code.SERVER_FAILURE)]
    if isinstance(found, Query):
        replies.append(answer(found, [IPv4Address("10.0.0.1")] * 40, seconds=1))
        assert found.question in message
        assert answers(found, replies[1])
    for reply in replies:
        assert reply[:2] == message[:2]
        assert reply[2] & 0x80
        assert len(reply) <= 512 + 255
        assert parse(reply) is None


labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=20)


@given(st.lists(labels, min_size=1, max_size=5), st.integers(0, 65535), st.binary(min_size=12, max_size=60))
def test_questions_round_trip(parts: list[str], kind: int, other: bytes) -> None:
    name = ".".join(parts)
    found = parse(query(name, kind))
    assert isinstance(found, Query)
    assert (found.name, found.type) == (name, kind)
    assert not answers(found, query(name, kind))
    assert answers(found, other) == (bool(other[2] & 0x80) and other[4:6] == b"\0\0" and bool(other[3] & 0xF)), (
        "an answer to nothing counts only as an error"
    )


def test_an_answer_to_another_question_is_none() -> None:
    asked, other = parse(query("a.example")), parse(query("b.example"))
    assert isinstance(asked, Query)
    assert isinstance(other, Query)
    assert not answers(asked, answer(other, [], seconds=1))
    assert not answers(asked, b"\0" * 11)
