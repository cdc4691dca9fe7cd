"""Git's line: what it is told, the jail it stands in, and what its complaints mean."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from labyard.repositories.settings import GitSettings

ROOM: Final = Path("/mnt")
_MAKE_ROOM: Final = """
mount --bind "$1" /mnt
for hidden in "$2" /run /root /home /tmp; do
  if [ -d "$hidden" ]; then mount -t tmpfs -o mode=0755,size=64k,nosuid,nodev,noexec none "$hidden"; fi
done
mount -t proc -o nosuid,nodev,noexec proc /proc || :
cd /mnt
unset OLDPWD
shift 2
exec "$@"
"""
_SURE: Final = {
    "core.fsyncMethod": "batch",
    "core.hooksPath": "/dev/null",
    "core.symlinks": "false",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",  # always one pack, one file: its limit is that of all that is fetched
    "fetch.uriProtocols": "",
    "gc.auto": "0",
    "http.cookieFile": "",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "20",
    "http.proxy": "",
    "http.sslVerify": "true",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.version": "2",
    "transfer.bundleURI": "false",
}


def jail(settings: GitSettings, place: Path, hidden: Path) -> tuple[tuple[str, ...], Path]:
    """The line that Git's comes behind, and what `place` is called there.

    No rights, no groups, limits, none of our files, and processes of its own that end with it. Who is not root cannot have
    that, and has few rights to lose.
    """
    limits = (
        *("prlimit", f"--fsize={settings.pack}", "--nofile=256", "--core=0"),
        *(f"--as={settings.memory}", f"--cpu={int(settings.patience)}", "--"),
    )
    if os.geteuid() != 0:
        return limits, place
    uid = settings.uid
    line = (
        *("unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL", "--"),
        *("/bin/sh", "-euc", _MAKE_ROOM, "labyard-git", str(place), str(hidden)),
        *limits,
        *("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs"),
        *("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--"),
    )
    return line, ROOM


def command(settings: Mapping[str, str], arguments: Sequence[str]) -> list[str]:
    told = [part for name, value in {**_SURE, **settings}.items() for part in ("-c", f"{name}={value}")]
    return ["git", "--no-pager", "--no-replace-objects", "--literal-pathspecs", *told, *arguments]


def environment(home: Path) -> dict[str, str]:
    """Nothing of ours: no proxy, no agent, no token."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "GIT_DIR": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
    }


_REASONS: Final = (
    ("could not resolve", "its host has no address"),
    ("couldn't find remote ref", "it has no such branch, tag or commit"),
    ("not our ref", "it has no such commit"),
    ("repository not found", "there is no repository at this address, or it is not public"),
    ("not found", "there is no repository at this address, or it is not public"),
    ("could not read username", "there is no repository at this address, or it is not public"),
    ("authentication failed", "there is no repository at this address, or it is not public"),
    ("unable to update url base from redirection", "it answers with another address; use that one"),
    ("the requested url returned error: 30", "it answers with another address; use that one"),
    ("certificate", "its certificate is not one to be trusted"),
    ("dumb http transport does not support", "its server does not speak Git's own HTTP"),
    ("file size limit exceeded", "it is larger than what is fetched here"),
    ("out of memory", "it is larger than what is fetched here"),
    (f"died of signal {signal.SIGXFSZ}", "it is larger than what is fetched here"),
    (f"died of signal {signal.SIGXCPU}", "it takes longer than is worked on it here"),
    ("invalid index-pack output", "it is larger than what is fetched here, or damaged"),
    ("fsck error", "Git finds it damaged"),
    ("timed out", "its host did not answer in time"),
    ("too slow", "its host is too slow"),
)


def why(errors: bytes) -> str:
    """In words of ours: what a hostile server prints is nobody's to read."""
    text = errors.decode(errors="replace").lower()
    reason = next((words for sign, words in _REASONS if sign in text), None)
    return f"the repository cannot be had: {reason or 'Git gave it up'}"
