"""The jail: what a program sees and may do there. Made of util-linux's tools, so that it is a line one can paste.

Inside there is a read-only root with `/usr`, `/dev/null`, `/dev/urandom` (`/dev/kvm` when asked), a `/proc` that shows
only its own processes, and the named files; no capabilities, no groups, no new privileges, an unprivileged user, the
given network namespace, and limits. Everything else it has was passed to it as a descriptor. The mounts live in a
namespace of its own and vanish with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from labyard.machine.plan import Limits
from labyard.play.plan import Value

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}

# The script's arguments: cgroup or "", uid, tmpfs options; then `name source` pairs up to `--`; then the program.
# SIGXFSZ stays ignored in the program, so that a write past the limit is an error and not the end.
# `/sys` is covered because nothing we bind lies there.
_SCRIPT = """\
trap '' XFSZ
umask 022
if [ -n "$1" ]; then echo 0 >"$1/cgroup.procs"; fi
uid=$2
shift 2
mount -t tmpfs -o mode=0755,size=256k,nr_inodes=64,nosuid labyard-jail /sys
cd /sys
mkdir dev proc usr
mount -o bind,ro,nosuid,nodev /usr usr
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then
    links="${links-} usr/$name"
  elif [ -d "/$name" ]; then
    mkdir "$name"
    mount -o bind,ro,nosuid,nodev "/$name" "$name"
  fi
done
if [ -n "${links-}" ]; then ln -s $links .; fi
if [ -e /etc/ld.so.cache ]; then
  mkdir etc
  : >etc/ld.so.cache
  mount -o bind,ro,nosuid,nodev /etc/ld.so.cache etc/ld.so.cache
fi
devices="/dev/null /dev/urandom"
if [ "$1" = kvm ]; then devices="$devices /dev/kvm"; fi
cp -a $devices dev
if [ "$1" = kvm ]; then chown "$uid" dev/kvm; fi
shift
while [ "$1" != -- ]; do
  : >"$1"
  mount -o bind,ro,nosuid,nodev,noexec "$2" "$1"
  shift 2
done
shift
mount -t proc -o nosuid,nodev,noexec,hidepid=invisible,subset=pid proc proc
mount -o remount,bind,ro,nosuid,noexec .
pivot_root . .
umount -l .
cd /
exec "$@"
"""


class Jail(Value):
    """`uid` is user and group. `files`: (name in the jail's root, file on the host), shown read-only."""

    uid: int
    limits: Limits
    address_space: int
    netns: Path | None = None
    files: tuple[tuple[str, Path], ...] = ()
    kvm: bool = False
    cgroup: Path | None = None

    def command(self, program: Sequence[str]) -> tuple[str, ...]:
        """The line that runs `program` (an absolute path and its arguments) in this jail; to be run as root."""
        shown = [word for name, source in self.files for word in (name.lstrip("/"), str(source))]
        return (
            *(("/usr/bin/nsenter", f"--net={self.netns}", "--") if self.netns else ()),
            *("/usr/bin/unshare", "--mount", "--ipc", "--propagation", "private", "--"),
            *("/bin/sh", "-euc", _SCRIPT, "labyard-jail"),
            *(str(self.cgroup or ""), str(self.uid), "kvm" if self.kvm else "", *shown, "--"),
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
