"""The files that jailed programs see: made once by a server, shared by all its jails, writable for none of them.

A read-only root with `/usr`, `/dev/null`, `/dev/urandom` (`/dev/kvm` when asked), and a `/proc` that shows only its user's own
processes. It is a mount namespace that lives as long as our descriptor of it: nothing of it is left when we are gone. Made of
util-linux's tools; what that costs no start of a machine pays.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from threading import Lock

from labyard.errors import MachineError

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}

# `/sys` is covered because nothing we bind lies there. The namespace is made by the shell's first word, `unshare`; it stays
# until the shell has been heard and the namespace was opened.
_SCRIPT = """\
umask 022
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
if [ "$1" = kvm ]; then chmod 0666 dev/kvm; fi
mount -t proc -o nosuid,nodev,noexec,hidepid=invisible,subset=pid proc proc
mount -o remount,bind,ro,nosuid,noexec .
pivot_root . .
umount -l .
cd /
echo made
read -r _
"""

_LD_CACHE = Path("/etc/ld.so.cache")

_made: dict[tuple[bool, int], int] = {}
_making = Lock()


def jail_root(*, kvm: bool) -> Path:
    """The mount namespace, as a file that `nsenter --mount=` takes while this process lives. Blocks when it is to be made.

    MachineError, with what the tools said, when it cannot be.
    """
    # An upgraded box has another cache of libraries, where the one we showed would lead to some that are gone.
    key = kvm, _LD_CACHE.stat().st_ino if _LD_CACHE.exists() else 0
    with _making:
        if key not in _made:
            _made[key] = _make("kvm" if kvm else "")
        return Path(f"/proc/{os.getpid()}/fd/{_made[key]}")


def _make(devices: str) -> int:
    command = [
        "/usr/bin/unshare",
        "--mount",
        "--propagation",
        "private",
        "--",
        "/bin/sh",
        "-euc",
        _SCRIPT,
        "sh",
        devices,
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=ENVIRONMENT, cwd="/", stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT
    ) as maker:
        said = maker.stdout.readline() if maker.stdout else b""
        if said != b"made\n":
            raise MachineError(f"no jail can be made: {said.decode(errors='replace').strip()}")
        return os.open(f"/proc/{maker.pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
