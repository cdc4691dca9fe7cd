"""As much of a DNS message (RFC 1035, section 4) as a forwarder must understand: the header and one question. Pure.

Everything else is passed on as it came. Nothing here raises on any bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address

HEADER = 12
LARGEST = 4096  # bytes of a query; real ones have some hundred
_LONGEST_NAME = 255
_LONGEST_LABEL = 63
_CLASS_IN = 1
_RESPONSE, _OPCODE, _RECURSION_DESIRED, _RECURSION_AVAILABLE = 0x8000, 0x7800, 0x0100, 0x0080
_AUTHORITATIVE = 0x0400
_POINTER_TO_QUESTION = 0xC000 | HEADER


class Type(IntEnum):
    A = 1
    ANY = 255


class Code(IntEnum):
    """How a response ended, RFC 1035 section 4.1.1."""

    NO_ERROR = 0
    FORMAT_ERROR = 1
    SERVER_FAILURE = 2
    NOT_IMPLEMENTED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """`name` in lower case without the last dot; `question` the bytes as they came; `message` the whole of it."""

    message: bytes
    question: bytes
    name: str
    type: int
    internet: bool


def parse(message: bytes) -> Query | Code | None:
    """The question of a query; the code to answer with when it cannot be taken; None for what deserves no answer."""
    if not HEADER <= len(message) <= LARGEST:
        return None
    _, flags, questions, answers, authorities, additional = struct.unpack_from("!6H", message)
    if flags & _RESPONSE:
        return None
    if flags & _OPCODE:
        return Code.NOT_IMPLEMENTED
    if (questions, answers, authorities) != (1, 0, 0) or additional > 2:
        return Code.FORMAT_ERROR
    found = _name(message)
    if found is None or len(message) < found[1] + 4:
        return Code.FORMAT_ERROR
    name, end = found
    kind, group = struct.unpack_from("!2H", message, end)
    return Query(message=message, question=message[HEADER : end + 4], name=name, type=kind, internet=group == _CLASS_IN)


def _name(message: bytes) -> tuple[str, int] | None:
    """The question's name and where it ends. A question has nothing before it to point to, so pointers are refused."""
    labels: list[str] = []
    place = HEADER
    while place < len(message):
        length = message[place]
        place += 1
        if length == 0:
            return ".".join(labels), place
        label = message[place : place + length]
        place += length
        if length > _LONGEST_LABEL or len(label) < length or place - HEADER >= _LONGEST_NAME:
            return None
        labels.append(label.decode("latin-1").lower())
    return None


def answer(query: Query, addresses: Iterable[IPv4Address], *, seconds: int) -> bytes:
    """Our own answer: these addresses, or none of the type asked for. At most 16, so that it fits any datagram."""
    wanted = query.internet and query.type in (Type.A, Type.ANY)
    records = [
        struct.pack("!HHHIH", _POINTER_TO_QUESTION, Type.A, _CLASS_IN, seconds, 4) + address.packed
        for address in (list(addresses)[:16] if wanted else [])
    ]
    flags = _RESPONSE | _AUTHORITATIVE | _RECURSION_AVAILABLE | _wish(query.message)
    return query.message[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0) + query.question + b"".join(records)


def refusal(message: bytes, code: Code) -> bytes:
    """An answer with nothing but a code, to a message with at least a header. Repeats a question that can be read."""
    query = parse(message)
    question = query.question if isinstance(query, Query) else b""
    flags = _RESPONSE | _RECURSION_AVAILABLE | _wish(message) | (_opcode(message)) | code
    return message[:2] + struct.pack("!5H", flags, 1 if question else 0, 0, 0, 0) + question


def answers(query: Query, message: bytes) -> bool:
    """Whether a message from upstream is a response to this very question. Identifiers are the caller's business."""
    end = HEADER + len(query.question)
    if len(message) < HEADER:
        return False
    _, flags, questions = struct.unpack_from("!3H", message)
    if not flags & _RESPONSE:
        return False
    # Some servers leave the question out of an error.
    return message[HEADER:end] == query.question if questions == 1 else questions == 0 and bool(flags & 0xF)


def _wish(message: bytes) -> int:
    return int(struct.unpack_from("!H", message, 2)[0]) & _RECURSION_DESIRED


def _opcode(message: bytes) -> int:
    return int(struct.unpack_from("!H", message, 2)[0]) & _OPCODE
