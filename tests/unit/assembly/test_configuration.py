"""Settings: where they are read from, what wrong ones are told, and that no secret is shown."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from datetime import time, timedelta
from pathlib import Path

import pytest

from labyard.assembly import setting_texts
from labyard.assembly.configuration import SECRETS, Configuration
from labyard.assembly.configured import SettingsError, read
from labyard.assembly.setting_kinds import write_duration
from labyard.assembly.settings import Settings, engine_settings, policy, server_settings
from labyard.control.policy import Policy
from labyard.engine.settings import EngineSettings

ROOT = Path(__file__).parents[3]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one place beside arguments where anything is set: what else runs in this process may have settings of its own."""
    for name in [each for each in os.environ if each.startswith("LABYARD_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "labyard.toml"
    path.write_text("")
    monkeypatch.setenv("LABYARD_CONFIG", str(path))
    return path


def test_arguments_before_the_environment_before_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('listen = ":1"\nplay_time = "2h"\nstop_grace = 7\n')
    monkeypatch.setenv("LABYARD_LISTEN", ":2")
    monkeypatch.setenv("LABYARD_PLAY_TIME", "3h")
    found = read({"listen": ":3"})
    configuration = found.configuration
    assert (configuration.place[1], configuration.play_time) == (3, timedelta(hours=3))
    assert configuration.stop_grace == timedelta(seconds=7)
    assert found.origins == {"listen": "argument", "play_time": "environment", "stop_grace": str(file)}
    assert configuration.keep_stopped == Configuration().keep_stopped


def test_what_is_empty_in_the_environment_is_not_set(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABYARD_BOT_AT", "")
    assert read().configuration.bot_at == time(3)
    assert read({"listen": None}).origins == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("play_tme = 3", "play_tme: there is no such setting; do you mean play_time?"),
        ("play-time = 3", "do you mean play_time?"),
        ("zzz = 3\nqqq = 4", "qqq: there is no such setting"),
        ('data = "/srv"', "said by LABYARD_DATA"),
        ('play_time = "soon"', "play_time is 'soon': no length of time; write it as 90s, 15m, 8h or 14d"),
        ("play_time = true", "play_time is 'True'"),
        ("starts_per_minute = 0", "greater than or equal to 1"),
        ("starts_per_minute = true", "no number"),
        ('starts_per_minute = "many"', "starts_per_minute is 'many'"),
        ("keep_stopped = -1", "keep_stopped is '-1'"),
        ('snapshot_budget = "much"', "is not a size"),
        ("signup = 3", "signup is '3'"),
        ('bot_at = "25:00"', "no time of day"),
        ('listen = "nowhere"', "no HOST:PORT"),
        ('public_url = "labs.example.org"', "write it as https://labs.example.org"),
        ('public_url = "https://*.example.org"', "without *"),
        ('public_url = "https://labs.example.org/lab"', "no address of a whole site"),
        ('public_url = "https://labs.example.org:http"', "public_url is"),
        ('trusted_proxies = ["caddy"]', "trusted_proxies is"),
        ('insecure_registries = [["a"]]', "insecure_registries is"),
        ('log_format = "xml"', "'text' or 'json'"),
        ("first_uid = 5\nlast_uid = 4", "last_uid is less than first_uid"),
        ('smtp_url = "smtp://h"', "smtp_url needs mail_from"),
        ('oidc_issuer = "https://h"', "go together"),
        ("[server]\nlisten = 3", "server: there is no such setting"),
        ("listen", "is not TOML"),
        ("x = " + "[" * 100_000, "is not TOML"),
    ],
)
def test_wrong_ones_are_told_with_their_place(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError) as refused:
        read()
    assert says in refused.value.message
    assert refused.value.hint


def test_all_wrong_ones_are_told_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('play_time = "soon"\n')
    monkeypatch.setenv("LABYARD_STOP_GRACE", "later")
    with pytest.raises(SettingsError) as refused:
        read()
    told = refused.value.message.splitlines()
    assert len(told) == 2
    assert told[0].startswith(f"{file}: play_time is 'soon'")
    assert told[1].startswith("LABYARD_STOP_GRACE is 'later'")


def test_a_file_that_was_asked_for_must_be_there_and_small(file: Path) -> None:
    file.write_text("#" * (2 << 20))
    with pytest.raises(SettingsError, match="larger than"):
        read()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        read()
    file.unlink()
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read()


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_ever_shown(file: Path, name: str, tmp_path: Path) -> None:
    secret = "postgresql://me:hunter2@h/d"
    file.write_text(f'{name} = "{secret}"\nmail_from = "a@b"\n')
    found = read()
    assert getattr(found.configuration, name).get_secret_value() == secret
    assert "hunter2" not in repr(found) + repr(list(setting_texts.shown(found)))
    assert [each.value for each in setting_texts.shown(found) if each.name == name] == ["(secret)"]
    file.write_text(f'{name} = ["hunter2"]\n')
    with pytest.raises(SettingsError) as refused:
        read()
    assert "hunter2" not in str(refused.value)


def test_secrets_may_lie_in_files(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://a/b\n")
    file.write_text(f'database_url_file = "{secret}"\n')
    found = read()
    assert found.configuration.database_url is not None
    assert found.configuration.database_url.get_secret_value() == "postgresql://a/b"
    assert found.origins["database_url"] == str(file)
    monkeypatch.setenv("LABYARD_DATABASE_URL", "postgresql://c/d")
    assert read().origins["database_url"] == "environment"
    monkeypatch.setenv("LABYARD_DATABASE_URL_FILE", str(secret))
    with pytest.raises(SettingsError, match="LABYARD_DATABASE_URL is set, and so is LABYARD_DATABASE_URL_FILE"):
        read()
    monkeypatch.delenv("LABYARD_DATABASE_URL")
    secret.unlink()
    with pytest.raises(SettingsError, match=f"LABYARD_DATABASE_URL_FILE: {secret} cannot be read"):
        read()


def test_how_values_are_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("bot_at = 04:30:00\nplay_time = 'never'\nkeep_stopped = '1d12h'\nsnapshot_budget = '1.5GiB'\n")
    monkeypatch.setenv("LABYARD_INSECURE_REGISTRIES", "a:5000, b")
    monkeypatch.setenv("LABYARD_MEMORY_RESERVE", "-1024")
    monkeypatch.setenv("LABYARD_PREPARE", "0")
    found = read().configuration
    assert (found.bot_at, found.play_time, found.keep_stopped) == (time(4, 30), None, timedelta(hours=36))
    assert (found.snapshot_budget, found.memory_reserve) == (3 << 29, -1024)
    assert (found.insecure_registries, found.prepare) == (("a:5000", "b"), False)


@pytest.mark.parametrize("text", ["0s", "90s", "1d12h", "8h", "500ms", "1m30s", "1h1ms"])
def test_lengths_of_time_come_back_as_they_went(file: Path, text: str) -> None:
    file.write_text(f'stop_grace = "{text}"')
    grace = read().configuration.stop_grace
    file.write_text(f'stop_grace = "{write_duration(grace)}"')
    assert read().configuration.stop_grace == grace


def test_every_field_of_the_engine_is_a_setting_with_the_same_default() -> None:
    made = engine_settings(Path("/d"), "abcdef", Configuration())
    assert made == EngineSettings(data=Path("/d"), mark="abcdef")
    assert isinstance(made.ready_timeout, float)
    names = {each.name for each in dataclasses.fields(EngineSettings)} - {"data", "mark"}
    assert names <= Configuration.model_fields.keys()


def test_the_rules_of_plays_have_the_same_defaults_and_change() -> None:
    assert policy(Configuration()) == Policy()
    changed = policy(Configuration(play_time=None, snapshots_at_most=3))
    assert (changed.play_time, changed.snapshots_at_most) == (None, 3)
    assert {"starts_per_minute", "starting_at_once", "plays_at_most", "keep_stopped", "keep_destroyed"} < (
        Policy.model_fields.keys() & Configuration.model_fields.keys()
    )


def test_the_public_address_decides_names_and_cookies() -> None:
    public = Configuration(public_url="https://Labs.Example.org/")
    assert public.page_root == "https://labs.example.org"
    settings = server_settings(public)
    assert (settings.secure, settings.page_host) == (True, "labs.example.org")
    assert settings.public_url == "https://labs.example.org"
    assert server_settings(Configuration(listen="10.0.0.1:80")).names == ("10.0.0.1",)
    assert Configuration(listen="0.0.0.0:80").page_root == "http://labyard.localhost:80"
    assert Configuration(listen="[fd00::1]:80").page_root == "http://[fd00::1]:80"


def test_it_is_frozen_and_made_by_hand_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABYARD_SIGNUP", "1")
    settings = Settings(data=Path("/d"))
    assert settings.configuration.signup is False
    with pytest.raises(ValueError, match="frozen"):
        settings.configuration.signup = True


def test_every_setting_has_a_kind_and_a_sentence() -> None:
    for name, field in Configuration.model_fields.items():
        assert setting_texts.kind_of(name).words
        assert (field.description and len(field.description) > 15) or (field.description or "").startswith("...")


def test_the_example_says_nothing_and_every_line_of_it_may_be_taken(file: Path) -> None:
    text = setting_texts.example()
    assert tomllib.loads(text) == {}
    lines = [line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in text.splitlines()]
    taken = [line for line in lines if not line.partition(" ")[0].endswith("_file")]
    file.write_text("\n".join(taken))
    found = read()
    given = {name for name in Configuration.model_fields if not name.endswith("_file")}
    assert set(found.origins) == given
    defaults = Configuration()
    for name, field in Configuration.model_fields.items():
        if name in given and not field.examples:
            assert getattr(found.configuration, name) == getattr(defaults, name), name


def test_the_page_of_settings_is_what_the_program_says() -> None:
    remedy = "python -m labyard.assembly.setting_texts > docs/reference/settings.md"
    assert (ROOT / "docs/reference/settings.md").read_text() == setting_texts.page(), remedy
