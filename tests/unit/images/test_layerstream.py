"""Decompression and digests."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from labyard.errors import ImageError
from labyard.images.oci.layerstream import LayerStream

PLAIN = os.urandom(300_000) + bytes(2_000_000)
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "gzip in members": lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]) + bytes(64),
    "zstd": zstandard.compress,
    "zstd in frames": lambda data: zstandard.compress(data[:999]) + zstandard.compress(data[999:]),
    "zstd after a skippable frame": lambda data: b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard.compress(data),
}


def sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def read(path: Path, *, digest: str | None = None, diff_id: str | None = None) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with LayerStream(descriptor, digest=digest, diff_id=diff_id) as stream:
            first = stream.read(700_001)
            rest = b"".join(bytes(piece) for piece in stream.pieces(len(PLAIN) - 700_001))
            stream.finish()
            return first + rest
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_bytes_and_digests(tmp_path: Path, form: str) -> None:
    blob = FORMS[form](PLAIN)
    (tmp_path / "blob").write_bytes(blob)
    assert read(tmp_path / "blob", digest=sha(blob), diff_id=sha(PLAIN)) == PLAIN


@pytest.mark.parametrize("which", ["digest", "diff_id"])
def test_wrong_digests_are_noticed(tmp_path: Path, which: str) -> None:
    (tmp_path / "blob").write_bytes(gzip.compress(PLAIN))
    with pytest.raises(ImageError) as caught:
        read(tmp_path / "blob", **{which: sha(b"something else")})
    assert caught.value.code == "image-digest"


@pytest.mark.parametrize("form", ["gzip", "zstd"])
@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_broken_blobs(tmp_path: Path, form: str, harm: str) -> None:
    blob = bytearray(FORMS[form](PLAIN))
    if harm == "cut":
        del blob[len(blob) // 2 :]
    else:
        blob[2:9] = b"\xff" * 7
    (tmp_path / "blob").write_bytes(blob)
    with pytest.raises(ImageError):
        read(tmp_path / "blob")


def test_leaving_early_ends_the_thread(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(gzip.compress(bytes(50_000_000)))
    descriptor = os.open(tmp_path / "blob", os.O_RDONLY)
    with LayerStream(descriptor) as stream:
        assert stream.read(10) == bytes(10)
    os.close(descriptor)
    assert not stream._thread.is_alive()
