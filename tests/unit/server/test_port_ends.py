"""What let somebody in at a private port is good for no longer than they are signed in."""

from __future__ import annotations

import httpx
import pytest
from tests.unit.server.test_ports import HTML, Door, door
from websockets.exceptions import ConnectionClosed

from labyard.control.port_names import PortName

__all__ = ["door"]


@pytest.mark.parametrize("way", ["/api/account/sign-out", "/api/auth/logout"])
async def test_signing_out_ends_a_ports_cookies_too(door: Door, way: str) -> None:
    await door.expose()
    pages = await door.signed_in()
    mine = await door.entered(pages)
    other = await door.entered()
    assert [(await door.ask("/", headers=each)).status_code for each in (mine, other)] == [200, 200]
    await door.sign_out(pages, way)
    assert (await door.ask("/", headers=mine)).status_code == 401
    everywhere = way == "/api/account/sign-out"
    assert (await door.ask("/", headers=other)).status_code == (401 if everywhere else 200)
    again = await door.ask("/", headers={**mine, **HTML})
    assert again.status_code == 307, "a page load goes by the pages, where one can sign in"
    assert (await door.ask("/", headers=await door.entered())).status_code == 200


async def test_a_removed_token_ends_what_it_let_in(door: Door) -> None:
    """Programs come in by the same door, with a token instead of a session."""
    ports, keys = door.house.services.ports, door.house.services.access
    name = PortName(8080, "node-01", door.play)
    await door.expose()
    found = await ports.find(name)
    row, secret = await keys.new_token("owner", "mine")
    person = await keys.by_token(secret)
    assert person is not None
    shown = ports.enter(found, name, await ports.ticket(person, name))
    assert shown is not None and await ports.may(found, name, [shown])
    await keys.remove_token("owner", row.id)
    assert not await ports.may(found, name, [shown])


async def test_who_signs_out_everywhere_loses_what_a_port_still_sends(door: Door) -> None:
    await door.expose()
    pages = await door.signed_in()
    mine = await door.entered(pages)
    async with (
        door.socket(mine) as talk,
        door.http.stream("GET", "/events", headers={"Host": door.host, **mine}) as sent,
    ):
        await talk.recv()
        pieces = sent.aiter_raw()
        await anext(pieces)
        await door.sign_out(pages)
        with pytest.raises(ConnectionClosed):
            await talk.recv()
        assert talk.close_code == 4401
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in pieces:
                pass
