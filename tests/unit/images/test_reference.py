"""`oci://` references: what is one, what it means, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.errors import ImageError
from labyard.images.oci.reference import Reference

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("oci://ghcr.io/a/b:1", "oci://ghcr.io/a/b:1"),
        ("oci://ghcr.io/a/b", "oci://ghcr.io/a/b:latest"),
        ("oci://docker.io/alpine", "oci://docker.io/library/alpine:latest"),
        ("oci://registry-1.docker.io/a/b", "oci://docker.io/a/b:latest"),
        (f"oci://h/a@{DIGEST}", f"oci://h/a@{DIGEST}"),
        (f"oci://h:5000/a:1@{DIGEST}", f"oci://h:5000/a:1@{DIGEST}"),
        ("oci://[::1]:5000/a", "oci://[::1]:5000/a:latest"),
    ],
)
def test_meaning(text: str, meant: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == meant
    assert Reference.parse(str(reference)) == reference


def test_the_digest_is_asked_for_before_the_tag() -> None:
    assert Reference.parse(f"oci://h/a:1@{DIGEST}").wanted == DIGEST
    assert Reference.parse("oci://docker.io/alpine").endpoint == "registry-1.docker.io"


@pytest.mark.parametrize(
    "text",
    [
        "docker://h/a",
        "alpine",
        "oci://",
        "oci://h",
        "oci://h/",
        "oci://h/A",
        "oci://h/../a",
        "oci://h/a//b",
        "oci://h/a:",
        "oci://h/a:.x",
        "oci://h/a@sha256:12",
        "oci://h/a@md5:" + "a" * 32,
        "oci://h/a@",
        "oci://user@h/a",
        "oci://h#x/a",
        "oci://h/a?x=1",
        "oci://h/" + "a" * 2000,
    ],
)
def test_not_a_reference(text: str) -> None:
    with pytest.raises(ImageError):
        Reference.parse(text)


@given(st.text())
def test_anything_is_a_reference_or_a_clear_error(text: str) -> None:
    try:
        reference = Reference.parse("oci://" + text)
    except ImageError:
        return
    assert Reference.parse(str(reference)) == reference
