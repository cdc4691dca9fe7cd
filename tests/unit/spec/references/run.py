"""Prepared scripts in a real bash, and values that try everything."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from labyard.play.plan import Reference
from labyard.spec.references import Prepared, prepare

HOSTILE = (
    "",
    "plain",
    "two  words ",
    " \t leading and trailing \n",
    "'",
    '"',
    "'; touch PWNED; '",
    '"; touch PWNED; "',
    "$(touch PWNED)",
    "`touch PWNED`",
    "a[$(touch PWNED)]",
    "${x:=$(touch PWNED)}",
    "x\ntouch PWNED\nEOF\ntouch PWNED\n",
    "\nEOF\n",
    "*",
    "[a-z]*?",
    "-n",
    "--help",
    "-v",
    "~",
    "a;b&c|d>PWNED<e",
    "{1,2}",
    "\\",
    "\\n\\x41\\$HOME\\",
    "!!",
    "#no comment",
    "&",
    ")",
    "}",
    "]]",
    "esac",
    "caf\u00e9 \u96ea \U0001f9ea\u202e",
    "x(.input)",
    "$'\\x41'",
    "$LABYARD_INPUT",
    "() { touch PWNED; }",
    "%s%n",
    "\x01\x02\x7f",
    "long" * (16 << 10),
)

END = "\x1f"
SHOW = "() { printf '%s\\x1f' \"$@\"; }"
"""`show` prints its arguments, each with END behind it."""


def environment(prepared: Prepared, values: Mapping[Reference, str]) -> dict[str, str]:
    """As an examiner makes it."""
    return {
        setting.name: "".join(part if isinstance(part, str) else values[part] for part in setting.parts)
        for setting in prepared.settings
    }


def run(script: str, values: Mapping[Reference, str], folder: Path, env: Sequence[str] = ()) -> list[str]:
    """What it showed. Fails when something was written, or it did not come to its end."""
    prepared = prepare({"run": script}, env)
    file = folder.parent / "script.sh"
    file.write_text(prepared.scripts["run"] + "\n")
    before = sorted(folder.iterdir())
    done = subprocess.run(
        ["bash", str(file)],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "BASH_FUNC_show%%": SHOW,
            **environment(prepared, values),
        },
        capture_output=True,
        check=False,
    )
    assert sorted(folder.iterdir()) == before, (prepared.scripts["run"], done.stderr)
    assert done.stderr == b"", (prepared.scripts["run"], done.stderr)
    return done.stdout.decode().split(END)[:-1]
