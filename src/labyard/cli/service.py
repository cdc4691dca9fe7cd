"""`labyard service`: the unit that lets systemd serve."""

from __future__ import annotations

import sys

import typer

from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.listen import Data
from labyard.cli.talk import out
from labyard.cli.target import DEFAULT_DATA

app = typer.Typer(rich_markup_mode=None)

_UNIT = """# Made by `labyard service`. Settings are in /etc/labyard/labyard.toml; changes of this unit: systemctl edit labyard
[Unit]
Description=Labyard, hands-on labs on real machines
Wants=network-online.target
After=network-online.target nftables.service postgresql.service

[Service]
Type=notify
ExecStart={command} serve
Environment=LABYARD_DATA={data}
EnvironmentFile=-/etc/default/labyard
Restart=on-failure
RestartSec=2
TimeoutStartSec=180
TimeoutStopSec=60

# Machines outlive the server and are found again by the next one: only the server's own process is ended.
KillMode=process
# A machine that the kernel ends for want of memory is one play's misfortune.
OOMPolicy=continue
TasksMax=infinity
LimitNOFILE=1048576

# Nothing that gives the server a mount namespace of its own (ProtectSystem=, PrivateTmp=, ReadOnlyPaths=, ...): plays' network
# namespaces are mounts, which the next server must see. Nothing that forbids memory to be written and run: emulation does that.
NoNewPrivileges=yes
KeyringMode=private
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET
CapabilityBoundingSet=~CAP_SYS_BOOT CAP_SYS_TIME CAP_SYS_MODULE CAP_SYSLOG CAP_WAKE_ALARM CAP_MAC_ADMIN CAP_MAC_OVERRIDE
CapabilityBoundingSet=~CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_SYS_PACCT CAP_BLOCK_SUSPEND
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=~@clock @module @reboot @swap

[Install]
WantedBy=multi-user.target
"""


@app.command(
    "service",
    epilog=examples(
        "labyard service | sudo tee /etc/systemd/system/labyard.service",
        "sudo systemctl daemon-reload && sudo systemctl enable --now labyard",
    ),
)
def service(data: Data = None) -> None:
    """Print a systemd unit that serves on this box. A restart of it leaves plays running."""
    out(unit(sys.executable, str((data or DEFAULT_DATA).absolute())).rstrip("\n"))


def unit(python: str, data: str) -> str:
    """Its text. UsageError for paths that a unit cannot hold."""
    for path in (python, data):
        if not path.isprintable() or any(char in path for char in " \"'\\%$"):
            raise UsageError(f"{path!r} cannot be written into a unit", hint="use a path without blanks and quotes")
    return _UNIT.format(command=f"{python} -m labyard.cli", data=data)
