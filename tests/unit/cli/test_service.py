from __future__ import annotations

import sys

import pytest

from labyard.cli.exits import UsageError
from labyard.cli.service import unit

OWN_MOUNTS = frozenset(
    (
        *("ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "ReadOnlyPaths", "ReadWritePaths"),
        *("ProtectKernelTunables", "ProtectKernelModules", "ProtectControlGroups", "PrivateMounts", "BindPaths"),
        *("TemporaryFileSystem", "RootDirectory", "PrivateNetwork", "ProtectProc", "InaccessiblePaths", "DynamicUser"),
    )
)


def test_plays_outlive_the_server() -> None:
    lines = [line for line in unit(sys.executable, "/srv/labyard").splitlines() if not line.startswith("#")]
    assert "KillMode=process" in lines and "OOMPolicy=continue" in lines and "Type=notify" in lines
    assert f"ExecStart={sys.executable} -m labyard.cli serve" in lines
    assert "Environment=LABYARD_DATA=/srv/labyard" in lines
    keys = {line.partition("=")[0] for line in lines}
    assert not keys & OWN_MOUNTS, "the next server would not find plays' network namespaces"
    assert "MemoryDenyWriteExecute" not in keys, "emulation translates"


@pytest.mark.parametrize("path", ["/srv/my data", "/srv/%h", "/srv/$HOME", '/srv/"x', "/srv/\nExecStartPre=/bin/sh"])
def test_a_path_that_would_mean_something_else_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        unit(sys.executable, path)
