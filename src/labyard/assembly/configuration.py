"""Every setting of a server: its name, type, default and what it means. `configured.py` says where they are read from."""

from __future__ import annotations

from datetime import time, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from labyard.assembly.setting_kinds import (
    AtLeastOne,
    Clock,
    Count,
    Duration,
    Factor,
    Kind,
    PathText,
    Reserve,
    Secret,
    Size,
    Span,
    Switch,
    Text,
    Words,
)
from labyard.cli.exits import UsageError
from labyard.cli.listen import parse_listen

MIB: Final = 1 << 20
GIB: Final = 1 << 30

LogFormat = Literal["text", "json"]

GROUPS: Final = {
    "listen": "Where it is reached",
    "database_url": "Data and logs",
    "signup": "People, mail, other ways to sign in",
    "git_for_everybody": "Repositories",
    "play_time": "Plays",
    "memory_reserve": "Room: memory and disk",
    "prepare": "Images and bots",
    "ready_timeout": "Machines",
}
"""Headings, by the first setting below each."""

SECRETS: Final = ("database_url", "smtp_url", "oidc_client_secret")
"""Never shown. Each may lie in a file of its own, named by `..._file`."""


def _place(text: str) -> str:
    try:
        parse_listen(text)
    except UsageError as error:
        raise ValueError(f"no HOST:PORT; {error.hint}") from None
    return text


def _address(text: str) -> str:
    """`https://NAME[:PORT]`, lower case, without a slash at its end."""
    parts = urlsplit(text.strip().lower())
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("no address of a whole site; write it as https://labs.example.org")
    if parts.hostname.startswith("*") or not parts.netloc.isprintable() or " " in parts.netloc:
        raise ValueError("no name; write it without *, as https://labs.example.org")
    _ = parts.port  # raises ValueError for what is none
    return f"{parts.scheme}://{parts.netloc}"


def _networks(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        ip_network(word)
    return words


def _database(secret: SecretStr) -> SecretStr:
    if urlsplit(secret.get_secret_value()).scheme not in ("postgresql", "postgres"):
        raise ValueError("no address of a PostgreSQL database; write it as postgresql://USER:PASSWORD@HOST/NAME")
    return secret


class Configuration(BaseSettings):
    """All settings of one server. Made by hand it has the defaults and asks nobody: `configured.read` asks."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="LABYARD_", env_ignore_empty=True, use_attribute_docstrings=True
    )

    listen: Annotated[Text, AfterValidator(_place)] = "127.0.0.1:8800"
    """Where the server listens, `HOST:PORT`."""
    public_url: Annotated[Text, AfterValidator(_address)] | None = Field(
        default=None, examples=["https://labs.example.org"]
    )
    """The address people open, such as `https://labs.example.org`, when a web server in front ends TLS. Its name, and every
    name below it (ports of machines have some), must lead here. Not set: `http://labyard.localhost`, at its port."""
    trusted_proxies: Annotated[Words, AfterValidator(_networks)] = ("127.0.0.1", "::1")
    """Addresses or networks of web servers in front, whose word is taken for who asks (`X-Forwarded-For`)."""

    database_url: Annotated[Secret, AfterValidator(_database)] | None = Field(
        default=None, examples=["postgresql://labyard:PASSWORD@127.0.0.1/labyard"]
    )
    """A PostgreSQL database: `postgresql://USER:PASSWORD@HOST/NAME`. Not set: SQLite in the data folder."""
    database_url_file: PathText | None = Field(default=None, examples=["/etc/labyard/database_url"])
    """A file that holds `database_url`."""
    log_format: Annotated[LogFormat, Kind("text or json")] = "text"
    """What the log's lines are: `text` (`key=value`; coloured at a terminal) or `json`."""

    signup: Switch = False
    """Whether anybody may make an account. Else people are invited, or an admin makes accounts."""
    smtp_url: Secret | None = Field(default=None, examples=["smtps://USER:PASSWORD@mail.example.org"])
    """Where mail is handed over: `smtp://HOST:25`, `smtps://USER:PASSWORD@HOST`. Not set: no mail is sent."""
    smtp_url_file: PathText | None = Field(default=None, examples=["/etc/labyard/smtp_url"])
    """A file that holds `smtp_url`."""
    mail_from: Text | None = Field(default=None, examples=["Labs <labs@example.org>"])
    """Who mail is from: `Labs <labs@example.org>`."""
    oidc_issuer: Text | None = Field(default=None, examples=["https://login.example.org"])
    """An OpenID Connect provider, by its issuer's address."""
    oidc_client_id: Text | None = Field(default=None, examples=["labyard"])
    """What that provider knows this server as."""
    oidc_client_secret: Secret | None = Field(default=None, examples=["SECRET"])
    """The secret that goes with it."""
    oidc_client_secret_file: PathText | None = Field(default=None, examples=["/etc/labyard/oidc_client_secret"])
    """A file that holds `oidc_client_secret`."""
    oidc_name: Text | None = Field(default=None, examples=["Example"])
    """What the button to sign in with it says: `Sign in with ...`. Not set: its host's name."""

    git_for_everybody: Switch = False
    """Whether learners, too, may start what is in Git repositories; else those who write."""
    git_networks: Annotated[Words, AfterValidator(_networks)] = ()
    """Private networks in which such repositories may be, as `10.1.0.0/16`."""
    git_authorities: PathText | None = Field(default=None, examples=["/etc/labyard/authorities.pem"])
    """A file (PEM) of the certificate authorities of such hosts, instead of the box's."""

    play_time: Span = timedelta(hours=8)
    """How long a play may run; then it is stopped, and can go on later. `never`: until somebody stops it."""
    longest_play_time: Duration = timedelta(days=30)
    """The most that people may ask for."""
    starts_per_minute: AtLeastOne = 30
    """How many plays may be begun in a minute, by all people together."""
    starting_at_once: AtLeastOne = 4
    """How many plays may be starting at the same time; more wait their turn."""
    plays_at_most: AtLeastOne = 1000
    """How many plays there may be at the same time."""
    snapshots_at_most: Count = 32
    """How many snapshots one play may have."""
    keep_stopped: Duration = timedelta(days=14)
    """How long a stopped play is kept before it is destroyed."""
    keep_destroyed: Duration = timedelta(days=7)
    """How long it is remembered that a play was there."""

    memory_reserve: Reserve = GIB
    """Memory kept back for the box itself when plays are admitted. Less than nothing: so much more is promised."""
    memory_overcommit: Factor = 1.0
    """How much more memory plays may be promised than there is: forks share most of theirs. A box that really runs out ends
    machines."""
    memory_overhead: Size = 128 * MIB
    """What a machine costs beyond its own memory."""
    memory_with_init: Size = GIB
    """Memory of a machine whose manifest says nothing, when its image brings an init."""
    memory_without_init: Size = 512 * MIB
    """The same, when it does not."""
    play_disk_budget: Size = 40 * GIB
    """What one play may really take on disk; then it is halted."""
    disk_floor: Size = 2 * GIB
    """Below this much free disk the play that wrote last is halted."""
    disk_interval: Duration = timedelta(seconds=2)
    """How often the disk is looked at."""
    snapshot_budget: Size = 20 * GIB
    """What playgrounds' own snapshots may take on disk; those unused for longest go first."""

    prepare: Switch = True
    """Whether `up` makes a snapshot of every playground of the catalog while it serves; else at its first start."""
    bot_at: Clock = time(3)
    """When the nightly round of bots begins, in the box's own time."""
    insecure_registries: Words = ()
    """Registries that speak plain HTTP, `host` or `host:port`. Loopback ones need not be listed."""
    resolv_conf: PathText = Path("/etc/resolv.conf")
    """Names the resolvers that plays' questions are passed on to."""

    ready_timeout: Duration = timedelta(seconds=300)
    """How long a machine may take until it is ready."""
    stop_grace: Duration = timedelta(seconds=20)
    """How long a machine may take to power itself off."""
    waiting_each: Count = 3
    """How many forked plays may wait for somebody to start the same playground. 0: none ever waits."""
    waiting_most: Count = 4
    """... and for all playgrounds together."""
    boots_at_once: AtLeastOne = 8
    """Machines being launched at the same time."""
    host_interval: Duration = timedelta(seconds=30)
    """How often the box's own nftables table is made sure of."""
    first_uid: AtLeastOne = 510_000
    """Users of the jails, one per play, begin here..."""
    last_uid: AtLeastOne = 519_999
    """... and end here."""

    @model_validator(mode="after")
    def _fits_together(self) -> Configuration:
        if self.last_uid < self.first_uid:
            raise ValueError("last_uid is less than first_uid")
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("oidc_issuer and oidc_client_id go together")
        if self.smtp_url is not None and self.mail_from is None:
            raise ValueError("smtp_url needs mail_from: mail has to be from somebody")
        return self

    @property
    def place(self) -> tuple[str, int]:
        """Host and port where the server listens."""
        return parse_listen(self.listen)

    @property
    def page_root(self) -> str:
        """Where people open it: by default a name that browsers resolve to loopback, so that pages have a site of their own."""
        if self.public_url is not None:
            return self.public_url
        host, port = self.place
        local = host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::")  # noqa: S104
        shown = "labyard.localhost" if local else f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but what it is given."""
        return (init_settings,)
