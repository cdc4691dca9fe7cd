from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.control.conftest import manifest

from labyard.control.catalog import Catalog
from labyard.control.manifests import Manifests
from labyard.errors import NotFoundError, SpecError
from labyard.spec.manifest import Known


def test_folders_and_files_and_who_comes_first(tmp_path: Path) -> None:
    mine, shipped = tmp_path / "mine", tmp_path / "shipped"
    (shipped / "two").mkdir(parents=True)
    mine.mkdir()
    (shipped / "one.yaml").write_text(manifest("one"))
    (shipped / "two" / "manifest.yaml").write_text(manifest("two"))
    (mine / "one.yaml").write_text(manifest("one").replace("Playground one", "My own one"))
    catalog = Catalog([mine, shipped, tmp_path / "absent"], Manifests())
    assert [entry.name for entry in catalog.entries()] == ["one", "two"]
    assert catalog.manifest("one").title == "My own one"
    assert catalog.file("two") == "two/manifest.yaml"
    with pytest.raises(NotFoundError):
        catalog.manifest("three")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"kind: playground\nname: x\n", b"[" * 1000, b"x" * (2 << 20)])
def test_what_is_broken_is_listed_and_harms_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "good.yaml").write_text(manifest("good"))
    (tmp_path / "bad.yaml").write_bytes(content)
    catalog = Catalog([tmp_path], Manifests())
    bad, good = catalog.entries()
    assert bad.name == "bad" and bad.manifest is None and bad.problems[0].file == "bad.yaml"
    assert good.manifest is not None
    with pytest.raises(SpecError):
        catalog.manifest("bad")


def test_an_edit_is_seen_at_once(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text("kind: nonsense\n")
    catalog = Catalog([tmp_path], Manifests())
    assert catalog.entries()[0].manifest is None
    path.write_text(manifest("lab"))
    os.utime(path, (1, 1))
    assert catalog.entries()[0].manifest is not None


def test_files_beside_a_manifest_are_read_and_no_others(tmp_path: Path) -> None:
    text = manifest("lab") + '  startupFiles: [{path: /etc/motd, source: "%s"}]\n'
    (tmp_path / "catalog").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "catalog" / "motd").write_text("welcome")
    (tmp_path / "catalog" / "link").symlink_to(tmp_path / "secret")
    for source, found in (("motd", True), ("../secret", False), ("link", False), ("absent", False)):
        (tmp_path / "catalog" / "lab.yaml").write_text(text % source)
        (entry,) = Catalog([tmp_path / "catalog"], Manifests()).entries()
        assert (entry.manifest is not None) is found, (source, entry.problems)


def test_what_this_box_has_not_is_an_error_at_start_and_not_in_the_catalog(tmp_path: Path) -> None:
    manifests = Manifests(known=lambda: Known(sources=["tiny"], kernels=["6.1", "6.12"]))
    text = manifest("lab")
    with pytest.raises(SpecError, match="there is no source `debian-12` on this box"):
        manifests.parse(text, file="lab.yaml")
    kept = manifests.parse(text, file="lab.yaml", folder=tmp_path)
    with pytest.raises(SpecError, match="did you mean"):
        manifests.plan(kept, overrides={"machines": [{"name": "node-01", "kernel": "6.2"}]}, parameters={})
