from __future__ import annotations

import pytest

from labyard.spec.sources import parse_source

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("debian-12", "debian-12"),
        ("ubuntu-24-04", "ubuntu-24-04"),
        ("oci://ghcr.io/user/image", "oci://ghcr.io/user/image:latest"),
        ("OCI://ghcr.io/user/image:1.2", "oci://ghcr.io/user/image:1.2"),
        ("oci://GHCR.io/user/image:v1", "oci://ghcr.io/user/image:v1"),
        ("oci://busybox", "oci://docker.io/library/busybox:latest"),
        ("oci://busybox:1.36", "oci://docker.io/library/busybox:1.36"),
        ("oci://docker.io/busybox", "oci://docker.io/library/busybox:latest"),
        ("oci://index.docker.io/library/busybox", "oci://docker.io/library/busybox:latest"),
        ("oci://grafana/grafana:11", "oci://docker.io/grafana/grafana:11"),
        ("oci://localhost:5000/a/b/c", "oci://localhost:5000/a/b/c:latest"),
        ("oci://127.0.0.1:5000/busybox:x", "oci://127.0.0.1:5000/busybox:x"),
        (f"oci://ghcr.io/user/image@{DIGEST}", f"oci://ghcr.io/user/image@{DIGEST}"),
        (f"oci://ghcr.io/user/image:v1@{DIGEST}", f"oci://ghcr.io/user/image:v1@{DIGEST}"),
    ],
)
def test_canonical(written: str, canonical: str) -> None:
    assert parse_source(written) == canonical
    assert parse_source(canonical) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "",
        "oci://",
        "oci:///x",
        "oci://ghcr.io/",
        "oci://ghcr.io/User/Image",
        "oci://ghcr.io/a//b",
        "oci://ghcr.io/../etc",
        "oci://user@host/x",
        "oci://ghcr.io/a:b:c",
        "oci://ghcr.io/a@sha256:00",
        "oci://ghcr.io/a?x=1",
        "docker://busybox",
        "file:///etc/passwd",
        "/etc/passwd",
        "../debian",
        "ghcr.io/user/image",
        "Debian",
        "-debian",
        "a" * 600,
    ],
)
def test_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"`|long"):
        parse_source(written)
