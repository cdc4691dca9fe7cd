"""The verbs that challenges and tutorials share: `start` and `stop`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from labyard.cli.arguments import MachineOption, UserOption
from labyard.cli.client import run
from labyard.cli.examples import examples
from labyard.cli.lessons import playing
from labyard.cli.lessons.arguments import (
    Cold,
    Consent,
    Inputs,
    KeepAlive,
    Manner,
    Name,
    NoOpen,
    QuietId,
    SkipWait,
    Ssh,
    plain_name,
)
from labyard.cli.playground.start import parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """What `--help` says of one."""

    help: str
    examples: Sequence[str]


def add_start(app: typer.Typer, plural: str, verb: Verb) -> None:
    @app.command("start", help=verb.help, epilog=examples(*verb.examples))
    def start(
        name: Name,
        inputs: Inputs = None,
        ssh: Ssh = False,
        machine: MachineOption = None,
        user: UserOption = None,
        keep_alive: KeepAlive = False,
        skip_wait_init: SkipWait = False,
        cold: Cold = False,
        quiet: QuietId = False,
        no_open: NoOpen = False,
        consent: Consent = False,
    ) -> None:
        plain = plain_name(name)
        body = {**({"initConditions": parameters(inputs)} if inputs else {}), **({"cold": True} if cold else {})}
        manner = Manner(
            ssh=ssh, skip_wait=skip_wait_init, keep_alive=keep_alive, quiet=quiet, machine=machine, user=user
        )
        run(lambda api: playing.start(api, plural, plain, body, manner))


def add_stop(app: typer.Typer, plural: str, verb: Verb) -> None:
    @app.command("stop", help=verb.help, epilog=examples(*verb.examples))
    def stop(name: Name) -> None:
        plain = plain_name(name)
        run(lambda api: playing.stop(api, plural, plain))
