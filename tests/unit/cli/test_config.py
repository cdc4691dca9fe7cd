from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from labyard.assembly.configuration import Configuration

if TYPE_CHECKING:
    from .conftest import Cli


def test_all_settings_with_where_they_come_from(lonely: Cli, tmp_path: Path) -> None:
    file = tmp_path / "labyard.toml"
    file.write_text('play_time = "2h"\ndatabase_url = "postgresql://me:hunter2@h/d"\n')
    file.chmod(0o644)
    lonely.environment |= {"LABYARD_CONFIG": str(file), "LABYARD_SIGNUP": "1"}
    done = lonely("config")
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.decode().splitlines()}
    assert list(rows)[1:] == list(Configuration.model_fields)
    assert rows["play_time"] == ['"2h"', str(file)] and rows["signup"] == ["true", "environment"]
    assert rows["listen"] == ['"127.0.0.1:8800"', "default"] and rows["smtp_url"] == ["-", "default"]
    assert b"hunter2" not in done.stdout and b"chmod 600" in done.stderr
    told = {each["name"]: each for each in json.loads(lonely("config", "-o", "json").stdout)}
    assert told["play_time"] == {"name": "play_time", "value": "2h", "from": str(file)}
    assert told["database_url"]["value"] == "(secret)"


def test_the_example_is_a_file_that_says_nothing(lonely: Cli) -> None:
    assert tomllib.loads(lonely("config", "--example").stdout.decode()) == {}


def test_a_wrong_setting_is_told_with_its_place(lonely: Cli, tmp_path: Path) -> None:
    file = tmp_path / "labyard.toml"
    file.write_text("play_tme = 3\n")
    lonely.environment["LABYARD_CONFIG"] = str(file)
    done = lonely("config")
    assert done.returncode == 1
    assert f"{file}: play_tme: there is no such setting; do you mean play_time?" in done.stderr.decode()


def test_listening_nowhere_is_a_wrong_command_line(lonely: Cli) -> None:
    done = lonely("doctor", "--listen", "nowhere")
    assert done.returncode == 2 and b"no HOST:PORT" in done.stderr
