"""The jail: what a program may do, as a line of util-linux's tools. What it sees is `jail_root.py`.

No capabilities, no groups, no new privileges, an unprivileged user, the given network namespace, and limits. Everything else
it has was passed to it as a descriptor.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from labyard.machine.plan import Limits
from labyard.play.plan import Value

_JOIN = """echo 0 >"$1/cgroup.procs"; shift; exec "$@" """


class Jail(Value):
    """`uid` is user and group; `root` is of `jail_root`."""

    uid: int
    limits: Limits
    address_space: int
    root: Path
    netns: Path | None = None
    cgroup: Path | None = None

    def command(self, program: Sequence[str]) -> tuple[str, ...]:
        """The line that runs `program` (an absolute path and its arguments) in this jail; to be run as root."""
        return (
            *(("/bin/sh", "-euc", _JOIN, "labyard-jail", str(self.cgroup)) if self.cgroup else ()),
            *("/usr/bin/nsenter", f"--mount={self.root}", *((f"--net={self.netns}",) if self.netns else ()), "--"),
            *("/usr/bin/unshare", "--ipc", "--"),
            *self._limited(),
            *("setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--no-new-privs"),
            *("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--"),
            *program,
        )

    def _limited(self) -> tuple[str, ...]:
        limits = self.limits
        return (
            *("prlimit", f"--fsize={limits.file_size}", f"--nproc={limits.processes}", f"--nofile={limits.files}"),
            *(f"--as={self.address_space}", "--core=0", "--memlock=0", "--msgqueue=0", "--rtprio=0", "--nice=0", "--"),
        )
