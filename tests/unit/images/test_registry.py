"""Registries that behave, and that do not: a real HTTP server on loopback that answers from a script."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from labyard.errors import ImageError
from labyard.images.oci.credentials import find_credentials
from labyard.images.oci.manifest import Descriptor
from labyard.images.oci.reference import Reference
from labyard.images.oci.registry import Registry, _is_plain

BLOB = b"layer" * 1000
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
DESCRIPTOR = Descriptor(digest=DIGEST, size=len(BLOB))

Answer = tuple[int, dict[str, str], bytes]
Script = Callable[[str, dict[str, str]], Answer]


@contextlib.asynccontextmanager
async def serving(script: Script, *, patience: float = 5.0) -> AsyncIterator[tuple[Registry, list[str]]]:
    """A registry whose every answer is `script(path, headers)`; the paths that were asked for."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = lines[0].split()[1]
            asked.append(path)
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            status, extra, body = script(path, headers)
            fields = {"Content-Length": str(len(body)), "Connection": "close"} | extra
            head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Registry(Reference.parse(f"oci://{host}/lab/image:1"), patience=patience, tries=2) as registry:
        yield registry, asked


async def code_of(script: Script, tmp_path: Path) -> str:
    async with serving(script, patience=0.5) as (registry, _):
        with pytest.raises(ImageError) as caught:
            await registry.fetch(DESCRIPTOR, tmp_path / "blob", lambda _: None)
    return caught.value.code


async def test_a_blob_and_its_progress(tmp_path: Path) -> None:
    heard: list[int] = []
    async with serving(lambda path, _: (200, {}, BLOB)) as (registry, asked):
        await registry.fetch(DESCRIPTOR, tmp_path / "blob", heard.append)
    assert (tmp_path / "blob").read_bytes() == BLOB
    assert sum(heard) == len(BLOB)
    assert asked == [f"/v2/lab/image/blobs/{DIGEST}"]


async def test_what_breaks_on_the_way_is_tried_again(tmp_path: Path) -> None:
    answers = iter([(200, {"Content-Length": str(len(BLOB))}, BLOB[:99]), (200, {}, BLOB)])
    heard: list[int] = []
    async with serving(lambda *_: next(answers)) as (registry, _):
        await registry.fetch(DESCRIPTOR, tmp_path / "blob", heard.append)
    assert (tmp_path / "blob").read_bytes() == BLOB
    assert sum(heard) == len(BLOB)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {}, BLOB[:-1] + b"X"), "image-digest"),
        ((200, {}, BLOB + b"more"), "image-digest"),
        ((200, {}, BLOB[:-1]), "image-registry"),
        ((404, {}, b""), "image-missing"),
        ((401, {}, b""), "image-unauthorized"),
        ((403, {}, b""), "image-unauthorized"),
        ((418, {}, b""), "image-registry"),
        ((503, {}, b""), "image-registry"),
        ((307, {"Location": "/v2/lab/image/again"}, b""), "image-registry"),
        ((307, {"Location": "file:///etc/passwd"}, b""), "image-registry"),
        ((307, {"Location": "gopher://x/"}, b""), "image-registry"),
        ((307, {}, b""), "image-registry"),
        ((401, {"WWW-Authenticate": 'Bearer realm="ftp://x/"'}, b""), "image-registry"),
        ((401, {"WWW-Authenticate": "Bearer nonsense"}, b""), "image-registry"),
    ],
)
async def test_bad_answers(answer: Answer, code: str, tmp_path: Path) -> None:
    assert await code_of(lambda *_: answer, tmp_path) == code


async def test_a_registry_that_is_down() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()
    async with Registry(Reference.parse(f"oci://{host}/a:1"), tries=2) as registry:
        with pytest.raises(ImageError, match=host) as caught:
            await registry.manifest("1")
    assert caught.value.code == "image-registry"


async def test_a_registry_that_stays_silent() -> None:
    gone = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Registry(Reference.parse(f"oci://{host}/a:1"), patience=0.1, tries=1) as registry:
        with pytest.raises(ImageError) as caught:
            await registry.manifest("1")
        gone.set()
    assert caught.value.code == "image-registry"


async def test_a_manifest_without_end() -> None:
    async with serving(lambda *_: (200, {}, b" " * (5 << 20))) as (registry, _):
        with pytest.raises(ImageError, match="sends more than"):
            await registry.manifest("1")


async def test_a_manifest_under_another_digest() -> None:
    async with serving(lambda *_: (200, {}, b"{}")) as (registry, _):
        with pytest.raises(ImageError) as caught:
            await registry.manifest(DIGEST)
    assert caught.value.code == "image-digest"


async def test_the_token_dance_and_a_redirect_without_the_token(tmp_path: Path) -> None:
    sent: list[tuple[str, str | None]] = []

    def script(path: str, headers: dict[str, str]) -> Answer:
        sent.append((path.split("?")[0], headers.get("authorization")))
        if path.startswith("/token?"):
            assert "scope=repository%3Alab%2Fimage%3Apull" in path
            assert "service=lab" in path
            return 200, {}, json.dumps({"token": "abc"}).encode()
        if path.startswith("/elsewhere"):
            return 200, {}, BLOB
        if headers.get("authorization") != "Bearer abc":
            realm = f"http://{headers['host']}/token"
            return 401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="lab"'}, b""
        return 307, {"Location": "/elsewhere"}, b""

    async with serving(script) as (registry, _):
        await registry.fetch(DESCRIPTOR, tmp_path / "blob", lambda _: None)
    blob = f"/v2/lab/image/blobs/{DIGEST}"
    assert sent == [(blob, None), ("/token", None), (blob, "Bearer abc"), ("/elsewhere", None)]


async def test_a_name_and_password_from_the_usual_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = "Basic " + base64.b64encode(b"me:secret").decode()

    def script(_: str, headers: dict[str, str]) -> Answer:
        if headers.get("authorization") == expected:
            return 200, {}, b"{}"
        secret = base64.b64encode(b"me:secret").decode()
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {headers["host"] + "/lab": {"auth": secret}}}))
        return 401, {"WWW-Authenticate": 'Basic realm="lab"'}, b""

    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    async with serving(script) as (registry, _):
        data, _ = await registry.manifest("1")
    assert data == b"{}"


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("127.0.0.1:5000", True),
        ("localhost", True),
        ("[::1]:5000", True),
        ("listed.example", True),
        ("port.example:5000", True),
        ("port.example", False),
        ("ghcr.io", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_who_is_spoken_to_in_the_clear(host: str, plain: bool) -> None:
    assert _is_plain(host, frozenset({"listed.example", "port.example:5000"})) is plain


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"auths": {"ghcr.io": {"auth": base64.b64encode(b"a:1").decode()}}}, "a"),
        ({"auths": {"ghcr.io": {}, "ghcr.io/x": {"auth": base64.b64encode(b"b:1:2").decode()}}}, "b"),
        ({"auths": {"other": {"auth": base64.b64encode(b"a:1").decode()}}}, None),
        ({"auths": []}, None),
        ([], None),
    ],
)
def test_entries_of_auth_files(tmp_path: Path, document: object, name: str | None) -> None:
    (tmp_path / "auth").write_text(json.dumps(document))
    found = find_credentials("ghcr.io", "x/y", tmp_path / "auth")
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    "text", ["{", '{"auths": {"ghcr.io": {"auth": "!!"}}}', '{"auths": {"ghcr.io": {"auth": "YQ=="}}}']
)
def test_auth_files_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "auth").write_text(text)
    with pytest.raises(ImageError, match="cannot be read"):
        find_credentials("ghcr.io", "x/y", tmp_path / "auth")


def test_passwords_do_not_show_in_logs(tmp_path: Path) -> None:
    (tmp_path / "auth").write_text(json.dumps({"auths": {"h": {"auth": base64.b64encode(b"me:secret").decode()}}}))
    assert "secret" not in repr(find_credentials("h", "x", tmp_path / "auth"))
