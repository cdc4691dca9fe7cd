"""A saved playground goes on from where it was on a box that has nothing but the backup."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.lab import Lab, serving

pytestmark = pytest.mark.vm


def test_a_saved_playground_goes_on_in_a_restored_folder(lab: Lab, folder: Path) -> None:
    play = lab.start("tiny")
    lab.run(play, "echo kept >/kept; (while true; do sleep 1; done) & echo $! >/pid", user="root")
    lab.cli("playground", "save", play, "--as", "mine")
    file = folder / "file.backup"
    try:
        said = lab.cli("backup", str(file), "--data", str(lab.data)).stderr
        assert "1 saved playground" in said and "Not in it" in said
        place = folder / "restored"
        assert "1 saved playground" in lab.cli("restore", str(file), "--data", str(place)).stderr
        with serving(place, shared=(), made=True) as other:
            assert not (place / "images").is_symlink(), "what it lies on came along"
            again = other.start("mine")
            assert other.run(again, "cat /kept; kill -0 $(cat /pid) && echo lives", user="root").split() == [
                "kept",
                "lives",
            ]
            (old,) = [each for each in other.json("playground", "list", "-a") if each["id"] == play]
            assert old["status"]["stateEvents"][-1]["state"] == "FAILED"
    finally:
        file.unlink(missing_ok=True)
        lab.cli("playground", "remove", "mine")
