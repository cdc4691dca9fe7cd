"""`labyard up`: from a fresh box to a page, with one command."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from labyard.assembly.serving import prepare
from labyard.assembly.settings import read_settings
from labyard.cli import stock
from labyard.cli.doctor.distribution import NEEDS, Distribution, Family, install_line
from labyard.cli.doctor.facts import look
from labyard.cli.doctor.judge import Facts, Level, judge
from labyard.cli.doctor.verb import tell
from labyard.cli.examples import examples
from labyard.cli.listen import Data, Listen, checked, data_folder
from labyard.cli.serve import serve_until_told
from labyard.cli.talk import say
from labyard.errors import ConflictError, ForbiddenError

app = typer.Typer(rich_markup_mode=None)


@app.command("up", epilog=examples("labyard up", "labyard up --listen 127.0.0.1:8801 --data /srv/labyard"))
def up(listen: Listen = None, data: Data = None) -> None:
    """Look at this box, install what is missing, serve, and print a link that signs you in once.

    Ctrl-C ends the server; plays live on and are found again by the next one.
    """
    folder, listen = data_folder(data), checked(listen)
    if os.geteuid() != 0:
        _become_root(["up", *(() if listen is None else ("--listen", listen)), "--data", str(folder)])
    settings = read_settings(folder, listen=listen, prepare_later=True)
    host, port = settings.configuration.place
    facts = look(folder, host, port)
    if packages := missing(facts):
        _install(facts.distribution, packages)
        facts = look(folder, host, port)
    _refuse_or_warn(facts)
    say(">> Kernels and images (two minutes the first time)")
    asyncio.run(stock.show(prepare(settings)))
    serve_until_told(settings)


def missing(facts: Facts) -> list[str]:
    """Debian packages to install; none elsewhere: other package managers are left to their people. Pure."""
    if facts.distribution.family is not Family.DEBIAN:
        return []
    wanted = [need.packages[Family.DEBIAN] for need in NEEDS if need.program not in facts.programs]
    return list(dict.fromkeys(wanted))


def _install(distribution: Distribution, packages: Sequence[str]) -> None:
    say(f">> {distribution.name}: installing {', '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "--no-install-recommends", *packages],
    ):
        # apt's own progress goes to stderr: stdout is for the link
        if subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode:
            raise ConflictError(
                f"`{' '.join(command)}` failed", hint="run it by hand to see why, then again: labyard up"
            )


def _refuse_or_warn(facts: Facts) -> None:
    checks = [check for check in judge(facts) if check.level is not Level.OK]
    tell(checks, stderr=True)
    if facts.server:
        raise ConflictError(f"Labyard already serves at {facts.address}", hint="a fresh link: labyard signin-link")
    if any(check.level is Level.ERROR for check in checks):
        lacking = [need for need in NEEDS if need.program not in facts.programs and need.loss is None]
        line = install_line(facts.distribution.family, lacking) if lacking else "see the lines above"
        raise ConflictError("this box cannot serve yet", hint=line)


def _become_root(arguments: Sequence[str]) -> None:
    """Go on as root through sudo, in the same place: the environment people set for us goes along."""
    sudo = shutil.which("sudo")
    if sudo is None:
        raise ForbiddenError("serving needs root, and this box has no sudo", hint="become root, then: labyard up")
    say(">> Serving needs root: asking sudo")
    kept = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("LABYARD_") or name == "PATH"]
    program = str(Path(sys.executable))
    os.execv(sudo, [sudo, "env", *kept, program, "-m", "labyard.cli", *arguments])  # noqa: S606 - no shell wanted
