"""A browser's WebSocket, carried to a port's program and back, message by message."""

from __future__ import annotations

from urllib.parse import unquote

import anyio
import httpcore
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream
from starlette.types import Receive, Scope, Send
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from labyard.hosts.contract import Host
from labyard.server.proxy.forward import Place
from labyard.server.proxy.headers import to_program
from labyard.server.proxy.upstream import GuestNetwork, trusting

LARGEST = 16 << 20  # bytes of a program's message
_CONNECT = 20.0  # seconds
_OURS = frozenset(
    (
        b"host",
        b"sec-websocket-key",
        b"sec-websocket-version",
        b"sec-websocket-extensions",
        b"sec-websocket-protocol",
        b"transfer-encoding",
    )
)
"""Headers that the handshake makes itself."""


async def carry(host: Host, place: Place, scope: Scope, receive: Receive, send: Send, *, secure: bool) -> None:
    """httpcore's errors, and InvalidHandshake, as long as the browser's socket is not accepted."""
    program = await _connected(host, place)
    try:
        protocol = _protocol(place, scope, secure=secure)
        await program.send(b"".join(protocol.data_to_send()))
        early = await _shake(protocol, program)
        await receive()  # websocket.connect
        await send({"type": "websocket.accept", "subprotocol": protocol.subprotocol, "headers": []})
        async with anyio.create_task_group() as group:
            lock = anyio.Lock()
            group.start_soon(_to_program, protocol, program, lock, receive, group.cancel_scope)
            await _to_browser(protocol, program, lock, send, early)
            group.cancel_scope.cancel()
    finally:
        with anyio.move_on_after(5, shield=True):
            await program.aclose()


async def _connected(host: Host, place: Place) -> ByteStream:
    stream = await GuestNetwork(host, place.play, place.machine).dial(place.number, _CONNECT)
    if not place.tls:
        return stream
    try:
        with anyio.fail_after(_CONNECT):
            return await TLSStream.wrap(
                stream, ssl_context=trusting(), hostname=place.host or place.machine, standard_compatible=False
            )
    except (TimeoutError, OSError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
        await stream.aclose()
        raise httpcore.ConnectError(f"no TLS: {error}") from error


def _protocol(place: Place, scope: Scope, *, secure: bool) -> ClientProtocol:
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    client = (scope.get("client") or ("",))[0]
    path = place.path + (scope["raw_path"].decode("ascii") if scope.get("raw_path") else unquote(scope["path"]))
    query = scope["query_string"].decode("latin-1")
    scheme = "wss" if place.tls else "ws"
    uri = parse_uri(f"{scheme}://{place.machine}:{place.number}{path}{'?' + query if query else ''}")
    protocol = ClientProtocol(uri, subprotocols=scope.get("subprotocols") or None, max_size=LARGEST)
    request = protocol.connect()
    headers = to_program(scope["headers"], host=host, rewrite=place.host, client=client, secure=secure)
    del request.headers["Host"]
    request.headers["Host"] = headers[0][1].decode("latin-1")
    for name, value in headers:
        if name not in _OURS:
            request.headers[name.decode("latin-1")] = value.decode("latin-1")
    protocol.send_request(request)
    return protocol


async def _shake(protocol: ClientProtocol, program: ByteStream) -> list[Frame]:
    """Until the program agreed; frames that came with its answer."""
    with anyio.fail_after(_CONNECT):
        while protocol.state is State.CONNECTING and protocol.handshake_exc is None:
            try:
                protocol.receive_data(await program.receive())
            except anyio.EndOfStream:
                protocol.receive_eof()
    events = protocol.events_received()
    if protocol.handshake_exc is not None:
        raise InvalidHandshake(str(protocol.handshake_exc)) from protocol.handshake_exc
    return [event for event in events if not isinstance(event, Response) and isinstance(event, Frame)]


async def _to_browser(
    protocol: ClientProtocol, program: ByteStream, lock: anyio.Lock, send: Send, frames: list[Frame]
) -> None:
    kind, parts = Opcode.BINARY, list[bytes]()
    while True:
        for frame in frames:
            if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                continue
            if frame.opcode is not Opcode.CONT:
                kind, parts = frame.opcode, []
            parts.append(bytes(frame.data))
            if frame.fin:
                whole = b"".join(parts)
                message = {"text": whole.decode("utf-8", "replace")} if kind is Opcode.TEXT else {"bytes": whole}
                await send({"type": "websocket.send", **message})
        await _flush(protocol, program, lock)
        if protocol.state is not State.OPEN:
            break
        try:
            data = await program.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            protocol.receive_eof()
            break
        protocol.receive_data(data)
        frames = [event for event in protocol.events_received() if isinstance(event, Frame)]
    told = protocol.close_rcvd
    code = told.code if told is not None and told.code not in (1005, 1006) else 1001
    await send({"type": "websocket.close", "code": code, "reason": told.reason if told is not None else ""})


async def _to_program(
    protocol: ClientProtocol, program: ByteStream, lock: anyio.Lock, receive: Receive, scope: anyio.CancelScope
) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            if protocol.state is State.OPEN:
                code = message.get("code") or 1000
                protocol.send_close(1000 if code in (1005, 1006) else code)
                await _flush(protocol, program, lock)
            scope.cancel()
            return
        if message.get("text") is not None:
            protocol.send_text(message["text"].encode())
        elif message.get("bytes") is not None:
            protocol.send_binary(message["bytes"])
        await _flush(protocol, program, lock)


async def _flush(protocol: ClientProtocol, program: ByteStream, lock: anyio.Lock) -> None:
    async with lock:
        for data in protocol.data_to_send():
            if data:
                await program.send(data)
