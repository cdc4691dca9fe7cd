"""Looking at this box, changing nothing."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
from pathlib import Path

import httpx

from labyard.cli.doctor.distribution import NEEDS, read_distribution
from labyard.cli.doctor.judge import Facts
from labyard.machine import cgroup
from labyard.network.host import diagnose

_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # where people's PATH often does not reach, but root's does


def look(data: Path, host: str, port: int) -> Facts:
    """Everything `judge` wants to know."""
    root = os.geteuid() == 0
    accelerator, note = _accelerator(data)
    server = _is_ours(host, port)
    return Facts(
        distribution=read_distribution(_text(Path("/etc/os-release")) or _text(Path("/usr/lib/os-release"))),
        root=root,
        programs=frozenset(need.program for need in NEEDS if _found(need.program)),
        tun=Path("/dev/net/tun").exists(),
        kvm_device=Path("/dev/kvm").exists(),
        accelerator=accelerator,
        accelerator_note=note,
        cgroup_v2=not cgroup.lacking(),
        memory_free=_memory_free(_text(Path("/proc/meminfo"))),
        disk_free=shutil.disk_usage(_existing(data)).free,
        data=str(data),
        address=f"{host}:{port}",
        address_free=_is_free(host, port),
        server=server,
        # the kernel shows firewall rules to root alone
        network=tuple((found.message, found.hint) for found in asyncio.run(diagnose()))
        if root and _found("nft")
        else (),
    )


def _found(program: str) -> bool:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SBIN}") is not None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _accelerator(data: Path) -> tuple[str | None, str]:
    """What the last probe boot on this box found and why; the server leaves it in its data folder."""
    try:
        remembered = json.loads(_text(data / "accelerator.json") or "null")
    except ValueError:
        return None, ""
    verdict = remembered.get("verdict") if isinstance(remembered, dict) else None
    if not isinstance(verdict, dict) or not verdict.get("accelerator"):
        return None, ""
    return str(verdict["accelerator"]), str(verdict.get("note") or "")


def _memory_free(meminfo: str) -> int:
    """Bytes, from /proc/meminfo (proc(5))."""
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 0


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())


def _is_free(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return True
    except OSError:
        return False


def _is_ours(host: str, port: int) -> bool:
    name = f"[{host}]" if ":" in host else host
    try:
        answer = httpx.get(f"http://{name}:{port}/healthz", timeout=2, trust_env=False)
        return bool(answer.json().get("status") == "ok")
    except (httpx.HTTPError, ValueError, AttributeError):
        return False
