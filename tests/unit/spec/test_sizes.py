from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.spec.sizes import GIB, KIB, MIB, TIB, format_size, parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10GIB", 10 * GIB),
        ("1Gi", GIB),
        ("4G", 4 * GIB),
        ("4gb", 4 * GIB),
        ("512MiB", 512 * MIB),
        ("512m", 512 * MIB),
        (" 2 TiB ", 2 * TIB),
        ("1.5GiB", GIB * 3 // 2),
        ("64K", 64 * KIB),
        ("1048576B", MIB),
    ],
)
def test_spellings(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "GiB",
        "-1GiB",
        "1e3G",
        "4PB",
        "0GiB",
        "0.0M",
        "1,5G",
        "1G i",
        "٣G",
        "1" * 13 + "G",
        "1GiB" + " " * 40,
        "Gi1",
    ],
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


@given(st.integers(min_value=1, max_value=10**12))
def test_round_trip(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.text(max_size=60))
def test_any_text_is_a_size_or_refused(text: str) -> None:
    try:
        assert parse_size(text) >= 1
    except ValueError as error:
        assert len(str(error)) < 100


def test_for_people() -> None:
    assert [show_size(size) for size in (3, KIB, 3 * MIB // 2, 10 * GIB)] == ["3 B", "1 KiB", "1.5 MiB", "10 GiB"]
