"""Talk to a registry: the pull half of the OCI distribution specification, over httpx.

Tokens: "Token Authentication Specification" of the distribution project. Everything a registry says is bounded: sizes,
redirects, tries and the time it may stay silent. Bytes count only once their digest is right.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar
from urllib.parse import urlsplit

import httpx

from labyard.images.oci.credentials import Credentials, find_credentials
from labyard.images.oci.manifest import INDEXES, MANIFESTS, MAX_DOCUMENT, Descriptor
from labyard.images.oci.reference import Reference
from labyard.images.problems import DigestError, MissingImageError, RegistryAuthError, RegistryError

_REDIRECTS = 5
_TRIES = 4
_PAUSE = 0.3
_SILENCE = 60.0
_CHUNK = 1 << 20
_REDIRECT = (301, 302, 303, 307, 308)
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_T = TypeVar("_T")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class Registry:
    """One image's place in one registry. A context manager; `insecure` lists hosts that speak plain HTTP."""

    def __init__(
        self,
        reference: Reference,
        *,
        insecure: frozenset[str] = frozenset(),
        auth_file: Path | None = None,
        patience: float = _SILENCE,
        tries: int = _TRIES,
    ) -> None:
        self._reference = reference
        self._plain = _is_plain(reference.endpoint, insecure)
        self._base = f"{'http' if self._plain else 'https'}://{reference.endpoint}/v2/{reference.repository}"
        self._auth_file = auth_file
        self._authorization: str | None = None
        self._tries = tries
        limits = httpx.Timeout(patience, connect=min(10.0, patience))
        self._client = httpx.AsyncClient(timeout=limits, follow_redirects=False, headers={"User-Agent": "labyard"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def manifest(self, wanted: str) -> tuple[bytes, str]:
        """The document behind a tag or digest, and its digest. MissingImageError when there is none."""
        accept = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}
        data = await self._retrying(lambda: self._small(f"{self._base}/manifests/{wanted}", accept))
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if wanted.startswith("sha256:") and wanted != digest:
            raise DigestError(f"{self._reference}: the registry sent {digest} when asked for {wanted}")
        return data, digest

    async def document(self, blob: Descriptor) -> bytes:
        """A small blob, checked."""
        if blob.size > MAX_DOCUMENT:
            raise RegistryError(f"{self._reference}: its configuration has {blob.size} bytes")
        data = await self._retrying(lambda: self._small(f"{self._base}/blobs/{blob.digest}", {}))
        found = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if found != blob.digest:
            raise DigestError(f"{self._reference}: a blob is not what its digest says: {blob.digest}, found {found}")
        return data

    async def fetch(self, blob: Descriptor, target: Path, progress: Callable[[int], None]) -> None:
        """Write a blob to `target`, checked.

        `progress` hears the bytes of every piece, negative when it starts anew.
        """
        await self._retrying(lambda: self._fetch(blob, target, progress))

    async def _fetch(self, blob: Descriptor, target: Path, progress: Callable[[int], None]) -> None:
        sum_ = hashlib.sha256()
        done = 0
        try:
            async with self._open(f"{self._base}/blobs/{blob.digest}", {}) as response:
                with target.open("wb") as file:
                    async for chunk in response.aiter_raw(_CHUNK):
                        done += len(chunk)
                        if done > blob.size:
                            raise DigestError(f"{self._reference}: {blob.digest} is larger than it should be")
                        await asyncio.to_thread(_keep, chunk, sum_, file)
                        progress(len(chunk))
            if done < blob.size:
                raise httpx.RemoteProtocolError(f"only {done} of {blob.size} bytes came")
        except BaseException:
            progress(-done)
            raise
        found = f"sha256:{sum_.hexdigest()}"
        if found != blob.digest:
            raise DigestError(f"{self._reference}: a layer is not what its digest says: {blob.digest}, found {found}")

    async def _small(self, url: str, headers: dict[str, str]) -> bytes:
        async with self._open(url, headers) as response:
            return await self._bounded(response)

    async def _bounded(self, response: httpx.Response) -> bytes:
        data = bytearray()
        async for chunk in response.aiter_raw(_CHUNK):
            data += chunk
            if len(data) > MAX_DOCUMENT:
                raise RegistryError(f"{self._reference}: the registry sends more than {MAX_DOCUMENT} bytes")
        return bytes(data)

    async def _retrying(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Try again what failed on the way; what the registry says plainly counts at once."""
        for left in reversed(range(self._tries)):
            try:
                return await work()
            except (httpx.TransportError, httpx.InvalidURL) as error:
                if left == 0 or isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
                    reason = str(error) or type(error).__name__
                    raise RegistryError(
                        f"{self._reference}: the registry {self._reference.endpoint} cannot be reached: {reason}",
                        hint="is the name right, and does this box have a way to it?",
                    ) from error
                await asyncio.sleep(_PAUSE * 2 ** (self._tries - left))
        raise AssertionError("unreachable")

    @contextlib.asynccontextmanager
    async def _open(self, url: str, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer to GET, after signing in and following redirects."""
        authorized = False
        for _ in range(_REDIRECTS + 2):
            sent = {**headers, "Accept-Encoding": "identity"}
            if self._authorization and url.startswith(self._base):
                sent["Authorization"] = self._authorization
            async with self._client.stream("GET", url, headers=sent) as response:
                if response.status_code in _REDIRECT:
                    url = self._redirected(response)
                elif response.status_code == 401 and not authorized and url.startswith(self._base):
                    authorized = True
                    self._authorization = await self._sign_in(response)
                else:
                    self._check(response)
                    yield response
                    return
        raise RegistryError(f"{self._reference}: the registry redirects in circles")

    def _redirected(self, response: httpx.Response) -> str:
        try:
            target = response.url.join(response.headers.get("Location", ""))
        except httpx.InvalidURL as error:
            raise RegistryError(f"{self._reference}: the registry redirects to what is no address") from error
        if target.scheme != "https" and not (self._plain and target.scheme == "http"):
            raise RegistryError(f"{self._reference}: the registry redirects from https to {target.scheme}")
        return str(target)

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        if status in _AGAIN:
            raise httpx.RemoteProtocolError(f"it answers {status}")
        if status in (401, 403):
            raise RegistryAuthError(
                f"{self._reference}: the registry does not let us read it ({status})",
                hint=f"does it exist? if so, sign in: docker login {self._reference.host} or skopeo login",
            )
        if status == 404:
            raise MissingImageError(f"{self._reference} does not exist in its registry")
        raise RegistryError(f"{self._reference}: the registry answers {status}")

    async def _sign_in(self, response: httpx.Response) -> str:
        """What to send as Authorization, from the challenge of a 401."""
        scheme, _, rest = response.headers.get("WWW-Authenticate", "").partition(" ")
        known = find_credentials(self._reference.host, self._reference.repository, self._auth_file)
        if scheme.lower() == "basic" and known is not None:
            return known.basic
        if scheme.lower() == "bearer":
            return "Bearer " + await self._token(dict(_CHALLENGE.findall(rest)), known)
        raise RegistryAuthError(
            f"{self._reference}: the registry wants a name and a password",
            hint=f"docker login {self._reference.host} or skopeo login; Labyard reads the file they write",
        )

    async def _token(self, challenge: dict[str, str], known: Credentials | None) -> str:
        realm = challenge.get("realm", "")
        if urlsplit(realm).scheme != "https" and not (self._plain and urlsplit(realm).scheme == "http"):
            raise RegistryError(f"{self._reference}: the registry sends us to {realm[:100]!r} for a token")
        query = {"scope": f"repository:{self._reference.repository}:pull", "service": challenge.get("service", "")}
        if known is not None and known.token:
            form = {**query, "grant_type": "refresh_token", "refresh_token": known.token, "client_id": "labyard"}
            request = self._client.build_request("POST", realm, data=form)
        else:
            headers = {"Authorization": known.basic} if known is not None else {}
            request = self._client.build_request("GET", realm, params=query, headers=headers)
        answer = await self._client.send(request, stream=True)
        try:
            self._check(answer)
            document = json.loads(await self._bounded(answer))
            token = document.get("token") or document.get("access_token")
        except (ValueError, AttributeError):
            token = None
        finally:
            await answer.aclose()
        if not isinstance(token, str) or not token.isascii() or len(token) > 1 << 16:
            raise RegistryError(f"{self._reference}: the registry's token server sends no token")
        return token


def _keep(chunk: bytes, sum_: hashlib._Hash, file: BinaryIO) -> None:
    sum_.update(chunk)
    file.write(chunk)


def _is_plain(endpoint: str, insecure: frozenset[str]) -> bool:
    """Whether to speak HTTP: for listed hosts, with or without their port, and for this box itself."""
    host = urlsplit(f"//{endpoint}").hostname or ""
    if endpoint in insecure or host in insecure or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
