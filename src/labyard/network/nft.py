"""`nft` in the current network namespace. A text is one transaction: all of it or nothing."""

from __future__ import annotations

import subprocess

from labyard.errors import NetworkError

_TIMEOUT = 20.0  # seconds; a transaction takes milliseconds


def load(text: str) -> None:
    _run(["-f", "-"], text)


def tables() -> list[str]:
    """All tables here as `family name`."""
    return [line.removeprefix("table ") for line in _run(["list", "tables"]).splitlines()]


def drop_table(family: str, table: str) -> None:
    """No error when there is none."""
    load(f"table {family} {table}\ndelete table {family} {table}\n")


def chains() -> str:
    """All chains as JSON, see libnftables-json(5)."""
    return _run(["-j", "list", "chains"])


def _run(arguments: list[str], text: str = "") -> str:
    try:
        done = subprocess.run(
            ["nft", *arguments], input=text, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except FileNotFoundError:
        raise NetworkError("there is no nft program", hint="apt-get install nftables") from None
    except subprocess.TimeoutExpired:
        raise NetworkError(f"nft did not answer within {_TIMEOUT:.0f} s") from None
    if done.returncode != 0:
        raise NetworkError(f"nft refused: {done.stderr.strip()[:2000]}")
    return done.stdout
