"""Frames survive every cut, and garbage around them."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.machine import wire
from labyard.machine.wire import Decoder, Frame, FrameType

frames = st.builds(
    Frame, st.sampled_from(FrameType), st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=300)
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(st.lists(frames, max_size=8), st.lists(st.integers(0, 10_000), max_size=8), st.integers(0, 40))
def test_whatever_the_cuts_the_frames_are_the_same(sent: list[Frame], cuts: list[int], padding: int) -> None:
    data = b"".join(bytes(padding) + wire.encode(frame) for frame in sent)
    decoder = Decoder()
    assert [frame for piece in pieces(data, cuts) for frame in decoder.feed(piece)] == sent
    assert decoder.skipped == 0


@given(st.binary(max_size=200), frames)
def test_garbage_before_padding_loses_no_later_frame(garbage: bytes, frame: Frame) -> None:
    assert Decoder().feed(garbage + wire.PADDING + wire.encode(frame))[-1] == frame


@given(frames, frames, st.integers(1, 315))
def test_a_frame_cut_short_is_dropped_and_the_next_is_found(first: Frame, second: Frame, kept: int) -> None:
    whole = wire.encode(first)
    cut = whole[: min(kept, len(whole) - 1)]
    found = Decoder().feed(cut + wire.PADDING + wire.encode(second))
    # padding may by chance be what was cut off: then the first is whole, and right
    assert found in ([second], [first, second])


@given(frames, st.integers(0, 315), st.integers(1, 255))
def test_a_changed_byte_never_passes(frame: Frame, at: int, change: int) -> None:
    data = bytearray(wire.encode(frame))
    data[at % len(data)] ^= change
    assert frame not in Decoder().feed(bytes(data) + wire.PADDING)


@given(st.binary(max_size=2000))
def test_garbage_never_raises(garbage: bytes) -> None:
    decoder = Decoder()
    decoder.feed(garbage)
    decoder.feed(wire.PADDING)
    assert decoder.skipped <= len(garbage)


def test_known_bytes() -> None:
    """The example that the guest's tests hold, too."""
    frame = Frame(FrameType.DATA, 1, 7, b"hello")
    assert wire.encode(frame).hex() == "4c0601000000000700000005a9f8954568656c6c6f"


def test_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        wire.encode(Frame(FrameType.DATA, payload=bytes(wire.MAX_PAYLOAD + 1)))
    with pytest.raises(ValueError, match="at most"):
        list(wire.encode_message(FrameType.CALL, 1, "x" * wire.MAX_MESSAGE))


@pytest.mark.parametrize("size", [0, wire.MAX_DATA - 2, wire.MAX_DATA - 1, 3 * wire.MAX_DATA])
def test_messages_come_in_parts(size: int) -> None:
    parts = Decoder().feed(b"".join(wire.encode_message(FrameType.CALL, 9, "x" * size)))
    assert json.loads(b"".join(part.payload for part in parts)) == "x" * size
    assert [part.channel for part in parts] == [wire.MORE] * (len(parts) - 1) + [0]


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b"{", b"[" * 100_000, b"\xff"])
def test_json_that_is_no_object(payload: bytes) -> None:
    with pytest.raises(ValueError):
        wire.decode_json(payload)
