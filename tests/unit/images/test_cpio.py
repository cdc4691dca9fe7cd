"""The archive is what cpio(1) would write: checked by reading it back by the format's own rules."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.images import cpio


def unpack(data: bytes) -> dict[str, tuple[int, bytes]]:
    found: dict[str, tuple[int, bytes]] = {}
    place = 0
    while True:
        assert data[place : place + 6] == b"070701"
        fields = [int(data[place + 6 + 8 * n : place + 14 + 8 * n], 16) for n in range(13)]
        name = data[place + 110 : place + 110 + fields[11] - 1].decode()
        start = place + -(-(110 + fields[11]) // 4) * 4
        if name == "TRAILER!!!":
            assert len(data) % 4 == 0
            return found
        found[name] = (fields[1], data[start : start + fields[6]])
        place = start + -(-fields[6] // 4) * 4


def test_files_folders_and_modes_come_back() -> None:
    data = cpio.archive([cpio.directory("labyard"), cpio.file("labyard/config.json", b"{}", 0o600)])
    found = unpack(data)
    assert found["labyard"] == (stat.S_IFDIR | 0o755, b"")
    assert found["labyard/config.json"] == (stat.S_IFREG | 0o600, b"{}")


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,9}(/[a-z]{1,5}){0,2}", fullmatch=True), st.binary(max_size=50))))
def test_any_content_comes_back(files: list[tuple[str, bytes]]) -> None:
    wanted = dict(files)
    found = unpack(cpio.archive(cpio.file(name, data) for name, data in wanted.items()))
    assert {name: data for name, (_, data) in found.items()} == wanted


@pytest.mark.parametrize("path", ["", "/init", "a/../b", "a//b", "a\0b", ".", "a/"])
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        cpio.archive([cpio.file(path, b"")])
