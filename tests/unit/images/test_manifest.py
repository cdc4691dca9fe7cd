"""What registries say, good and bad."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labyard.errors import ImageError
from labyard.images.oci.manifest import ARCHITECTURE, Descriptor, Manifest, read_config, read_index_or_manifest

DIGEST = "sha256:" + "0" * 64
OCI = "application/vnd.oci.image."
LAYER = {"mediaType": OCI + "layer.v1.tar+gzip", "digest": DIGEST, "size": 3}
CONFIG = {"mediaType": OCI + "config.v1+json", "digest": DIGEST, "size": 2}


def entry(architecture: str, digest: str = DIGEST) -> dict[str, Any]:
    return {"digest": digest, "size": 1, "platform": {"os": "linux", "architecture": architecture}}


def read(document: object) -> Descriptor | Manifest:
    return read_index_or_manifest(json.dumps(document).encode(), "it")


@pytest.mark.parametrize(
    "kind", [OCI + "manifest.v1+json", None, "application/vnd.docker.distribution.manifest.v2+json"]
)
def test_a_manifest(kind: str | None) -> None:
    document = {"config": CONFIG, "layers": [LAYER, LAYER]} | ({"mediaType": kind} if kind else {})
    found = read(document)
    assert isinstance(found, Manifest)
    assert [layer.size for layer in found.layers] == [3, 3]


def test_an_index_gives_this_boxs_processor() -> None:
    right = "sha256:" + "1" * 64
    found = read({"mediaType": OCI + "index.v1+json", "manifests": [entry("s390x"), entry(ARCHITECTURE, right)]})
    assert isinstance(found, Descriptor)
    assert found.digest == right


def test_an_index_for_others_says_for_whom() -> None:
    with pytest.raises(ImageError, match="only for linux/s390x") as caught:
        read({"mediaType": OCI + "index.v1+json", "manifests": [entry("s390x")]})
    assert caught.value.code == "image-missing"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "image-hostile"),
        ({"schemaVersion": 1, "fsLayers": []}, "image-missing"),
        ({"mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"}, "image-missing"),
        ({"mediaType": OCI + "manifest.v1+json", "config": CONFIG}, "image-hostile"),
        ({"config": CONFIG, "layers": [LAYER] * 300}, "image-hostile"),
        ({"config": CONFIG, "layers": [LAYER | {"size": -1}]}, "image-hostile"),
        ({"config": CONFIG, "layers": [LAYER | {"size": 1 << 60}]}, "image-hostile"),
        ({"config": CONFIG, "layers": [LAYER | {"digest": "sha256:../../etc/passwd"}]}, "image-hostile"),
        ({"config": CONFIG, "layers": [LAYER | {"mediaType": "application/vnd.cncf.helm.chart"}]}, "image-missing"),
    ],
)
def test_what_is_no_image(document: object, code: str) -> None:
    with pytest.raises(ImageError) as caught:
        read(document)
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"{}" + b" " * (5 << 20), b"\xff"])
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(ImageError):
        read_index_or_manifest(data, "it")


def test_a_single_image_for_another_processor() -> None:
    with pytest.raises(ImageError, match="linux/s390x"):
        read_config(json.dumps({"os": "linux", "architecture": "s390x"}).encode(), "it")
    assert read_config(b'{"rootfs": {"diff_ids": ["x"]}}', "it").rootfs.diff_ids == ("x",)
