"""What a machine is told: names, routes and resolvers exactly as the manifest's networks ask."""

from __future__ import annotations

from pathlib import Path

from labyard.engine.guest_config import device, guest_config
from labyard.play.plan import PlayPlan
from labyard.resources import resource
from labyard.spec.manifest import parse_manifest
from labyard.spec.resolve import resolve


def plan_of(name: str) -> PlayPlan:
    path: Path = resource("catalog") / "playgrounds" / name / "manifest.yaml"
    return resolve(parse_manifest(path.read_text(), file=str(path)))


def test_the_default_route_leads_through_the_first_network_that_is_not_private() -> None:
    plan = plan_of("routing-lab")
    web, db = (plan.machine(name) for name in ("web-01", "db-01"))
    assert web is not None
    assert db is not None
    routes = {each["device"]: each["gateway"] for each in guest_config(plan, web, first_boot=True)["interfaces"]}
    frontend = next(network for network in plan.networks if network.name == "frontend")
    place = next(i for i, each in enumerate(web.interfaces) if each.network == "frontend")
    assert routes[f"eth{place}"] == str(frontend.gateway)
    assert [gateway for gateway in routes.values() if gateway] == [str(frontend.gateway)]
    told = guest_config(plan, db, first_boot=True)
    assert [each["gateway"] for each in told["interfaces"]] == [""]
    assert told["resolv"] == [], "a private network has no DNS"


def test_a_plain_name_stands_for_an_address_the_reader_can_reach() -> None:
    plan = plan_of("routing-lab")
    db = plan.machine("db-01")
    web = plan.machine("web-01")
    assert db is not None
    assert web is not None
    backend = next(each.address.ip for each in web.interfaces if each.network == "backend")
    hosts = guest_config(plan, db, first_boot=True)["hosts"]
    assert [each["address"] for each in hosts if "web-01" in each["names"]] == [str(backend)]
    assert {name for each in hosts for name in each["names"]} >= {"web-01.frontend", "web-01.backend", "db-01.backend"}


def test_drives_are_named_by_their_place() -> None:
    assert [device(index) for index in (0, 1, 23)] == ["vda", "vdb", "vdx"]
    plan = plan_of("storage-lab")
    drives = guest_config(plan, plan.machines[0], first_boot=True)["drives"]
    assert [drive["device"] for drive in drives] == [device(i) for i in range(len(drives))]
    assert {drive["filesystem"] for drive in drives} >= {"ext4", "xfs", "btrfs", ""}
