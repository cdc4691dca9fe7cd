"""What listens in a machine, and programs that are reached in other ways: by TLS, at the other loopback."""

from __future__ import annotations

import json
from pathlib import Path

import trustme
from tests.support.program import listening
from tests.unit.server.conftest import House
from tests.unit.server.test_plays import started, until
from tests.unit.server.test_ports import PROGRAM, Door, door, opened
from websockets.asyncio.client import connect

from labyard.hosts.fake_guest import LISTENERS
from labyard.play.streams import WriteFile

__all__ = ["door"]

_LISTENS = "   0: 00000000:{:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1\n"


async def tables(house: House, play: str, *numbers: int) -> None:
    """Both machines' kernels say that these ports are listened on."""
    for path, text in (("/proc/net/tcp", "".join(map(_LISTENS.format, numbers))), ("/proc/net/tcp6", "")):
        await written(house, play, path, text)


async def written(house: House, play: str, path: str, text: str) -> None:
    """A file of both machines."""
    for machine in ("node-01", "node-02"):
        stream = await house.host.open(play, machine, WriteFile(path=path))
        await stream.send(text.encode())
        await stream.send_eof()
        await stream.result()


async def test_a_scan_says_what_listens_and_what_it_speaks(door: Door) -> None:
    await tables(door.house, door.play, 22, 8080)
    path = f"/api/plays/{door.play}/ports/scan"
    told = (await door.house.http.post(path)).json()
    speaks = [{"number": 22, "protocol": "TCP"}, {"number": 8080, "protocol": "HTTP"}]
    assert told == [{"machine": machine, **each} for machine in ("node-01", "node-02") for each in speaks]
    one = (await door.house.http.post(path, params={"machine": "node-02"})).json()
    assert {each["machine"] for each in one} == {"node-02"}
    assert (await door.house.http.post(path, params={"machine": "node-09"})).status_code == 404
    await door.house.http.post(f"/api/plays/{door.play}/actions", json={"action": "stop"})
    await until(door.house, door.play, "STOPPED")
    assert (await door.house.http.post(path)).json() == []
    refused = await door.house.http.post(path, params={"machine": "node-01"})
    assert refused.status_code == 409


async def test_a_scan_asks_so_many_and_no_more(door: Door) -> None:
    await tables(door.house, door.play, *range(1, 200))
    told = (await door.house.http.post(f"/api/plays/{door.play}/ports/scan", params={"machine": "node-01"})).json()
    assert [each["number"] for each in told] == list(range(1, 65))


async def test_a_scan_says_where_in_words_of_the_examiner(door: Door) -> None:
    """And a guest's own words are nobody's."""
    await tables(door.house, door.play, 22)
    there = {"port": 8080, "at": "network", "address": "0.0.0.0", "program": "python3", "pid": 7, "container": True}
    path = f"/api/plays/{door.play}/ports/scan"
    for said, told in (
        ([{"port": 22}, there], [(22, None), (8080, "in a container, of python3 (process 7)")]),
        ([{**there, "program": "<b>\n"}], [(22, None)]),
    ):
        await written(door.house, door.play, LISTENERS, json.dumps({"listeners": said}))
        found = (await door.house.http.post(path, params={"machine": "node-01"})).json()
        assert [(each["number"], each.get("where")) for each in found] == told


async def test_what_loopback_does_not_reach_is_asked_for_by_its_number(house: House) -> None:
    play = (await started(house))["id"]
    async with listening(house.host, 3000, PROGRAM, address="port"), opened(house, play) as door:
        await door.expose(number=3000, access="public")
        answer = await door.ask("/", f"3000-node-01-{play}.labyard.localhost:{door.number}")
        assert answer.status_code == 200


async def test_a_program_that_speaks_tls_with_a_certificate_of_its_own(house: House, tmp_path: Path) -> None:
    made = trustme.CA().issue_cert("a-lab.example")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made.private_key_pem.write_to_path(key)
    for blob in made.cert_chain_pems:
        blob.write_to_path(certificate, append=True)
    play = (await started(house))["id"]
    options = {"ssl_keyfile": str(key), "ssl_certfile": str(certificate)}
    async with listening(house.host, 8443, PROGRAM, **options), opened(house, play) as door:
        await tables(house, play, 8443)
        scanned = (await house.http.post(f"/api/plays/{play}/ports/scan", params={"machine": "node-01"})).json()
        assert scanned == [{"machine": "node-01", "number": 8443, "protocol": "HTTPS"}]
        secure = f"8443-node-01-{play}.labyard.localhost:{door.number}"
        await door.expose(number=8443, access="public")
        assert (await door.ask("/", secure)).status_code == 502
        await door.expose(number=8443, access="public", tls=True)
        answer = await door.ask("/in?a=b", secure)
        assert answer.status_code == 200 and (answer.json()["path"], answer.json()["query"]) == ("/in", "a=b")
        uri = f"ws://{secure}/socket"
        async with connect(uri, proxy=None, compression=None, host="127.0.0.1", port=door.number) as talk:
            assert json.loads(await talk.recv())["host"] == secure
            await talk.send("through TLS")
            assert await talk.recv() == "through TLS"


async def test_localhost_may_be_the_other_one(house: House) -> None:
    play = (await started(house))["id"]
    async with listening(house.host, 3000, PROGRAM, address="[::1]"), opened(house, play) as door:
        await door.expose(number=3000, access="public")
        answer = await door.ask("/", f"3000-node-01-{play}.labyard.localhost:{door.number}")
        assert answer.status_code == 200
