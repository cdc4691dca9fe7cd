"""The command line as a page: `python -m labyard.cli.reference > docs/reference/cli.md`."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator

from labyard.cli.exits import ExitCode
from labyard.cli.main import VERBS, build

_HEAD = """# The command line

<!-- Made by `python -m labyard.cli.reference`; a test compares. -->

Stdout is data, stderr is talk. Ids of plays may be shortened to a beginning that only one play has.
The default machine is the playground's first.

| variable | what it says |
|---|---|
| `LABYARD_URL` | the server; `http://127.0.0.1:8800` when it is not set |
| `LABYARD_TOKEN` | who is asking; for a server on this box `owner.token` in the data folder is read when it may be |
| `LABYARD_DATA` | the data folder of this box's server; `/var/lib/labyard` when it is not set |
| `LABYARD_CONFIG` | the file of [settings](settings.md) of this box's server; `/etc/labyard/labyard.toml` when it is not set |
| `NO_COLOR` | plain text on terminals too |
"""


def page() -> str:
    """The whole text. Does not depend on the terminal it is made in."""
    statuses = "\n".join(f"| {int(code)} | {code.meaning} |" for code in ExitCode)
    parts = [
        _HEAD,
        f"## Exit statuses\n\n| status | meaning |\n|---|---|\n{statuses}\n\n`exec` ends as its program did.",
    ]
    for words in verbs():
        heading = " ".join(("labyard", *words))
        parts.append(f"## `{heading}`\n\n```\n{_help(words)}\n```")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def verbs() -> Iterator[tuple[str, ...]]:
    """Every verb as one types it, groups before what is in them."""
    for verb in VERBS:
        yield from _below((verb.name,))


def _below(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    listed = _help(words).partition("\nCommands:\n")[2].partition("\n\n")[0]
    for line in listed.splitlines():
        if line[:2] == "  " and line[2:3].strip():
            yield from _below((*words, line.split()[0]))


def _help(words: tuple[str, ...]) -> str:
    printed = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "110"
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            build(words[:1])([*words, "--help"], prog_name="labyard")
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


if __name__ == "__main__":
    print(page(), end="")
