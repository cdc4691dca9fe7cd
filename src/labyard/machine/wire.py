"""The frame of the guest link: pure encoding and decoding, as written down in docs/develop/guest-link.md."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

MAGIC = 0x4C
HEADER = struct.Struct(">BBBBII")
SUM = struct.Struct(">I")
HEADER_SIZE = HEADER.size + SUM.size
MAX_PAYLOAD = 32 << 10
MAX_DATA = MAX_PAYLOAD - HEADER_SIZE  # a whole frame then fits into one write to a virtio-serial port
MAX_MESSAGE = 1 << 20
MORE = 1  # in the channel byte of a message: another part follows
VERSION = 1
CREDIT = 256 << 10
PADDING = bytes(MAX_PAYLOAD + HEADER_SIZE)  # ends whatever frame was begun before


class FrameType(IntEnum):
    HELLO = 1
    HELLO_ACK = 2
    OPEN = 3
    OPENED = 4
    REFUSED = 5
    DATA = 6
    EOF = 7
    WINDOW = 8
    CONTROL = 9
    CLOSE = 10
    CALL = 11
    REPLY = 12
    EVENT = 13


class Frame(NamedTuple):
    """One piece of the conversation. `channel` is a stream's pipe, or MORE in messages of several parts."""

    type: FrameType
    channel: int = 0
    stream: int = 0
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """Raises ValueError for a payload above MAX_PAYLOAD bytes."""
    if len(frame.payload) > MAX_PAYLOAD:
        raise ValueError(f"a frame holds at most {MAX_PAYLOAD} bytes, not {len(frame.payload)}")
    header = HEADER.pack(MAGIC, frame.type, frame.channel, 0, frame.stream, len(frame.payload))
    checksum = zlib.crc32(frame.payload, zlib.crc32(header))
    return header + SUM.pack(checksum) + frame.payload


def encode_message(kind: FrameType, stream: int, value: object) -> Iterator[bytes]:
    """JSON in as many frames as it needs. Raises ValueError above MAX_MESSAGE bytes."""
    text = json.dumps(value, separators=(",", ":")).encode()
    if len(text) > MAX_MESSAGE:
        raise ValueError(f"a message holds at most {MAX_MESSAGE} bytes, not {len(text)}")
    for start in range(0, max(len(text), 1), MAX_DATA):
        more = MORE if start + MAX_DATA < len(text) else 0
        yield encode(Frame(kind, more, stream, text[start : start + MAX_DATA]))


def decode_json(payload: bytes) -> dict[str, Any]:
    """An object, or ValueError: guests are not trusted to send one."""
    try:
        value = json.loads(payload)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


class Decoder:
    """Finds frames in bytes that come in any pieces. What belongs to no frame is skipped and counted, padding aside."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.skipped = 0
        self.broken = 0  # frames whose checksum was wrong

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        self._buffer += data
        frames: list[Frame] = []
        position = 0
        while (position := self._begin(position)) < len(self._buffer):
            if len(self._buffer) - position < HEADER_SIZE:
                break
            _, kind, channel, reserved, stream, length = HEADER.unpack_from(self._buffer, position)
            if not 0 < kind <= FrameType.EVENT or reserved or length > MAX_PAYLOAD:
                position = self._skip(position)
                continue
            end = position + HEADER_SIZE + length
            if len(self._buffer) < end:
                break
            if self._sound(position, end):
                payload = bytes(self._buffer[position + HEADER_SIZE : end])
                frames.append(Frame(FrameType(kind), channel, stream, payload))
                position = end
            else:
                self.broken += 1
                position = self._skip(position)
        del self._buffer[:position]
        return frames

    def _begin(self, position: int) -> int:
        """Where the next frame may begin: behind padding and garbage."""
        found = self._buffer.find(MAGIC, position)
        end = len(self._buffer) if found < 0 else found
        self.skipped += end - position - self._buffer.count(0, position, end)
        return end

    def _skip(self, position: int) -> int:
        self.skipped += 1
        return position + 1

    def _sound(self, start: int, end: int) -> bool:
        with memoryview(self._buffer) as view:
            head = start + HEADER.size
            checksum = zlib.crc32(view[head + SUM.size : end], zlib.crc32(view[start:head]))
            return bool(checksum == SUM.unpack_from(view, head)[0])
