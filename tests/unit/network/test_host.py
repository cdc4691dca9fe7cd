"""Whose chains keep plays from reaching out, told from what nft lists."""

from __future__ import annotations

import json

import pytest

from labyard.network.host import closed_forwarding


def chain(family: str, table: str, name: str, policy: str | None = None, hook: str = "forward") -> dict[str, object]:
    base = {} if policy is None else {"hook": hook, "policy": policy, "type": "filter", "prio": 0}
    return {"chain": {"family": family, "table": table, "name": name, **base}}


def listing(*chains: dict[str, object]) -> str:
    return json.dumps({"nftables": [{"metainfo": {}}, *chains]})


def test_dockers_drop_is_found_with_the_line_that_mends_it() -> None:
    found = closed_forwarding(listing(chain("ip", "filter", "FORWARD", "drop"), chain("ip", "filter", "DOCKER-USER")))
    assert len(found) == 1
    assert "ip filter FORWARD" in found[0].message
    assert "iptables -I DOCKER-USER -i 'ly+' -j ACCEPT" in found[0].hint


def test_others_are_named_too() -> None:
    (plain,) = closed_forwarding(listing(chain("ip", "filter", "FORWARD", "drop")))
    assert "iptables -I FORWARD" in plain.hint
    (own,) = closed_forwarding(listing(chain("inet", "fw", "fwd", "drop")))
    assert "nft insert rule inet fw fwd iifname 'ly*' accept" in own.hint


@pytest.mark.parametrize(
    "harmless",
    [
        chain("inet", "labyard_012345", "forward", "drop"),
        chain("ip", "filter", "FORWARD", "accept"),
        chain("ip6", "filter", "FORWARD", "drop"),
        chain("ip", "filter", "INPUT", "drop", hook="input"),
    ],
)
def test_what_does_no_harm_is_not_named(harmless: dict[str, object]) -> None:
    assert closed_forwarding(listing(harmless)) == []
    assert closed_forwarding('{"nftables": []}') == []
