"""A layer's bytes as they were before compression, produced by a thread while the reader writes files.

What a blob is compressed with is told by its first bytes, not by what somebody wrote about it.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import zlib
from collections.abc import Iterator
from typing import Self

import zstandard

from labyard.images.problems import DigestError, HostileImageError

_CHUNK = 1 << 18
_AHEAD = 16
# What a decoder may hold back: zstd's own limit for layers made by buildkit and podman.
_ZSTD_WINDOW = 1 << 27


class LayerStream:
    """Reads descriptor `blob` to its end.

    `digest` of the blob and `diff_id` of what is in it are checked when given.
    """

    def __init__(self, blob: int, *, digest: str | None = None, diff_id: str | None = None) -> None:
        self._blob = blob
        self._digest = digest
        self._diff_id = diff_id
        self._chunks: queue.Queue[bytes | Exception | None] = queue.Queue(_AHEAD)
        self._closed = threading.Event()
        self._rest = memoryview(b"")
        self._ended = False
        self._thread = threading.Thread(target=self._produce, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        while self._thread.is_alive():
            try:
                self._chunks.get(timeout=0.01)
            except queue.Empty:
                continue
        self._thread.join()

    def pieces(self, size: int) -> Iterator[memoryview]:
        """`size` bytes in whatever pieces they come. HostileImageError when they end before."""
        while size:
            if not self._rest and not self._next():
                raise HostileImageError("a layer ends in the middle of a file")
            piece, self._rest = self._rest[:size], self._rest[size:]
            size -= len(piece)
            yield piece

    def read(self, size: int) -> bytes:
        if len(self._rest) >= size:
            piece, self._rest = self._rest[:size], self._rest[size:]
            return bytes(piece)
        parts: list[bytes] = []
        while size and (self._rest or self._next()):
            piece, self._rest = self._rest[:size], self._rest[size:]
            size -= len(piece)
            parts.append(bytes(piece))
        return b"".join(parts)

    def skip(self, size: int) -> None:
        for _ in self.pieces(size):
            pass

    def finish(self) -> None:
        """Read what is left after the last entry, so that digests are of everything."""
        while self._next():
            pass

    def _next(self) -> bool:
        if self._ended:
            return False
        item = self._chunks.get()
        if isinstance(item, Exception):
            self._ended = True
            raise item
        if item is None:
            self._ended = True
            return False
        self._rest = memoryview(item)
        return True

    def _produce(self) -> None:
        try:
            plain_sum = hashlib.sha256()
            blob_sum = hashlib.sha256()
            for chunk in self._plain(blob_sum):
                if self._diff_id:
                    plain_sum.update(chunk)
                self._chunks.put(chunk)
                if self._closed.is_set():
                    return
            for name, expected, found in (
                ("blob", self._digest, blob_sum.hexdigest()),
                ("layer", self._diff_id, plain_sum.hexdigest()),
            ):
                if expected and expected != f"sha256:{found}":
                    raise DigestError(
                        f"a {name} is not what its digest says: expected {expected}, found sha256:{found}"
                    )
            self._chunks.put(None)
        except (OSError, DigestError, HostileImageError) as error:
            self._chunks.put(error)
        except (zlib.error, zstandard.ZstdError, EOFError, MemoryError) as error:
            self._chunks.put(HostileImageError(f"a layer cannot be decompressed: {error}"))

    def _raw(self, blob_sum: hashlib._Hash) -> Iterator[bytes]:
        while data := os.read(self._blob, _CHUNK):
            if self._digest:
                blob_sum.update(data)
            yield data

    def _plain(self, blob_sum: hashlib._Hash) -> Iterator[bytes]:
        raw = self._raw(blob_sum)
        first = next(raw, b"")
        if first[:2] == b"\x1f\x8b":
            yield from _gunzip(first, raw)
        elif first[:4] == b"\x28\xb5\x2f\xfd" or (first[1:4] == b"\x2a\x4d\x18" and 0x50 <= first[0] <= 0x5F):
            yield from _unzstd(first, raw)
        else:
            yield from (chunk for chunk in (first, *()) if chunk)
            yield from raw


def _gunzip(first: bytes, raw: Iterator[bytes]) -> Iterator[bytes]:
    """Members one after another are one stream (RFC 1952); zeros after the last are padding."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    data = first
    while True:
        while data:
            if decoder.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
            plain = decoder.decompress(data, _CHUNK)
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            if plain:
                yield plain
        if not (data := next(raw, b"")):
            break
    if not decoder.eof:
        raise HostileImageError("a layer's compressed bytes end too early")


class _Pipe:
    """What zstandard reads from."""

    def __init__(self, first: bytes, raw: Iterator[bytes]) -> None:
        self._next, self._raw = first, raw

    def read(self, _: int = -1) -> bytes:
        data, self._next = self._next, b""
        return data or next(self._raw, b"")


def _unzstd(first: bytes, raw: Iterator[bytes]) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    with decoder.stream_reader(_Pipe(first, raw), read_across_frames=True) as reader:  # type: ignore[arg-type]
        while plain := reader.read(_CHUNK):
            yield plain
