"""`labyard`: which verbs there are, and where each one lives."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

import typer

from labyard import __version__
from labyard.cli.exits import exit_code
from labyard.cli.talk import out, say_error
from labyard.errors import LabyardError


class Verb(NamedTuple):
    """A verb or group of verbs. Its module holds a typer `app` and is imported only when the verb is asked for."""

    name: str
    module: str
    summary: str


VERBS = (
    Verb("up", "labyard.cli.up", "Look, install what is missing, and serve on this box."),
    Verb("down", "labyard.cli.serve", "End all plays of this box, and its server."),
    Verb("serve", "labyard.cli.serve", "Serve on this box, for a service manager."),
    Verb("service", "labyard.cli.service", "Print a systemd unit that serves on this box."),
    Verb("config", "labyard.cli.config", "Show the settings of this box's server."),
    Verb("backup", "labyard.cli.backup", "Write what people made into one file."),
    Verb("restore", "labyard.cli.backup", "Make a data folder of a backup."),
    Verb("signin-link", "labyard.cli.signin_link", "Print a fresh link that signs a browser in."),
    Verb("user", "labyard.cli.user", "People with an account on this server."),
    Verb("access", "labyard.cli.access", "Who may find, read and start what is yours."),
    Verb("token", "labyard.cli.token", "Tokens of your own, for programs and other computers."),
    Verb("doctor", "labyard.cli.doctor.verb", "Say what this box lacks, and how to mend it."),
    Verb("playground", "labyard.cli.playground.app", "Start, watch and end plays of a playground."),
    Verb("challenge", "labyard.cli.lessons.challenge", "Start challenges, and wait until they are solved."),
    Verb("tutorial", "labyard.cli.lessons.tutorial", "Start and complete tutorials."),
    Verb("course", "labyard.cli.lessons.course", "Start lessons of courses."),
    Verb("progress", "labyard.cli.progress_verb", "Show your days, and what you have solved."),
    Verb("exec", "labyard.cli.exec", "Run a program in a machine."),
    Verb("ssh", "labyard.cli.ssh", "Open a terminal in a machine."),
    Verb("expose", "labyard.cli.expose", "Show an application of a machine in a browser."),
    Verb("image", "labyard.cli.image", "Root file systems of machines."),
    Verb("kernel", "labyard.cli.kernel", "Kernels machines can boot."),
    Verb("du", "labyard.cli.du", "Show what everything costs on disk."),
    Verb("scrub", "labyard.cli.du", "Look whether every snapshot is whole."),
    Verb("lint", "labyard.cli.lint", "Check manifests."),
    Verb("content", "labyard.cli.content", "Write lessons: create, preview, check and push them."),
    Verb("bot", "labyard.cli.bot", "Prove playgrounds and lessons with their own solutions."),
    Verb("schema", "labyard.cli.schema", "Print the JSON Schema of a manifest."),
)


def build(wanted: Sequence[str]) -> typer.Typer:
    """The command line with these verbs whole; the others are only names and summaries, for `--help`."""
    app = typer.Typer(
        name="labyard",
        callback=_root,
        help="Hands-on labs on real machines. Start with `labyard up`, then `labyard playground catalog`.",
        epilog="Every verb has its own --help with examples. Exit statuses are in docs/reference/cli.md.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    whole = dict.fromkeys(verb.module for verb in VERBS if verb.name in wanted)
    for module in whole:
        app.add_typer(import_module(module).app)
    for verb in VERBS:
        if verb.module not in whole:
            app.command(verb.name, help=verb.summary)(_named_only(verb.name))
    return app


def _print_version(asked: bool) -> None:
    if asked:
        out(f"labyard {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", help="Print the version and leave.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Nothing: the option does its work by itself."""


def _named_only(name: str) -> Callable[[], None]:
    def stub() -> None:
        raise AssertionError(f"{name} was not loaded")

    return stub


def asked_for(arguments: Sequence[str], environment: bool) -> list[str]:
    """The verbs a command line needs: the first word that is no option; all of them for a shell that completes."""
    if environment:
        return [verb.name for verb in VERBS]
    return [word for word in arguments if not word.startswith("-")][:1]


def main() -> None:
    """Entry point. The only place where errors become exit statuses."""
    arguments = sys.argv[1:]
    app = build(asked_for(arguments, "_LABYARD_COMPLETE" in os.environ))
    try:
        app(arguments, prog_name="labyard")
    except LabyardError as error:
        say_error(error)
        sys.exit(exit_code(error))
