"""An OpenID Connect provider as we ask it: code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9207).

Signatures and claims of ID tokens are joserfc's business (docs/decisions/0020-passwords.md).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx

from labyard.control.identities import Identity
from labyard.errors import ConflictError
from labyard.server.oidc.answers import ProviderAnswerError, ask, text_of
from labyard.server.oidc.tokens import KeyRing, read_id_token

_FRESH: Final = 3600.0
_WANTED: Final = "openid profile email"
_TIMEOUT = httpx.Timeout(10)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSettings:
    """`issuer`: exactly as the provider writes it. `name`: what the button says. ConflictError when it is no https."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        if not _is_safe(self.issuer) or set(self.issuer) & set("?#"):
            raise ConflictError("oidc_issuer is no https address", hint="such as https://id.example.org/realms/lab")
        if not self.client_id:
            raise ConflictError(
                "oidc_client_id is missing", hint="the provider gives it when Labyard is registered there"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """`url`: where the browser goes. The rest must come back with it, and stays in this browser."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """Asked when somebody needs it, so that a provider that is down is nobody else's trouble. `now`: seconds of a clock."""

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        http: httpx.AsyncClient | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._http = http
        self._now = now
        self._known: tuple[float, dict[str, Any]] | None = None
        self._keys = KeyRing(self._fetch_keys, now=now)

    @property
    def name(self) -> str:
        return self._settings.name or urlsplit(self._settings.issuer).hostname or "your organisation"

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def begin(self, redirect: str) -> Begun:
        """`redirect`: where it sends the browser back to. ProviderError."""
        endpoint = _endpoint(await self._metadata(), "authorization_endpoint")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect,
            "scope": _WANTED,
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        url = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"
        return Begun(url=url, state=state, nonce=nonce, verifier=verifier)

    async def finish(self, redirect: str, *, code: str, verifier: str, nonce: str, issuer: str) -> Identity:
        """Who they are. `issuer`: of the answer, where it says one (RFC 9207). ProviderError."""
        if issuer and issuer != self._settings.issuer:
            raise ProviderAnswerError("another provider answered than the one that was asked")
        metadata = await self._metadata()
        answer = await self._trade(metadata, redirect, code, verifier)
        claims = await read_id_token(
            text_of(answer, "id_token"),
            self._keys,
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            nonce=nonce,
        )
        more = await self._more(metadata, text_of(answer, "access_token"), claims)
        return _identity(self._settings.issuer, {**more, **claims})

    async def _trade(self, metadata: dict[str, Any], redirect: str, code: str, verifier: str) -> dict[str, Any]:
        """The code, for tokens."""
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        headers = {}
        ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if settings.client_secret and "client_secret_basic" in ways:
            pair = f"{quote(settings.client_id, safe='')}:{quote(settings.client_secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = settings.client_id
            if settings.client_secret:
                form["client_secret"] = settings.client_secret
        endpoint = _endpoint(metadata, "token_endpoint")
        return await ask(self._client(), "POST", endpoint, data=form, headers=headers)

    async def _more(self, metadata: dict[str, Any], token: str, claims: dict[str, Any]) -> dict[str, Any]:
        """What the provider tells apart from the ID token: about the same person, or it does not count."""
        if "userinfo_endpoint" not in metadata or claims.get("email"):
            return {}
        endpoint = _endpoint(metadata, "userinfo_endpoint")
        told = await ask(self._client(), "GET", endpoint, headers={"Authorization": f"Bearer {token}"})
        if told.get("sub") != claims["sub"]:
            raise ProviderAnswerError("the provider speaks of two different people")
        return told

    async def _metadata(self) -> dict[str, Any]:
        if self._known is not None and self._now() - self._known[0] < _FRESH:
            return self._known[1]
        address = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        told = await ask(self._client(), "GET", address)
        if told.get("issuer") != self._settings.issuer:
            raise ProviderAnswerError(
                "the provider calls itself otherwise than `oidc_issuer`",
                hint=f"it says {str(told.get('issuer'))[:200]!r}",
            )
        self._known = (self._now(), told)
        return told

    async def _fetch_keys(self) -> dict[str, Any]:
        return await ask(self._client(), "GET", _endpoint(await self._metadata(), "jwks_uri"))

    def _client(self) -> httpx.AsyncClient:
        """Made when first needed: certificates take a while to load. Redirects are not followed: endpoints never do."""
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)
        return self._http


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _endpoint(metadata: dict[str, Any], name: str) -> str:
    address = metadata.get(name)
    if not isinstance(address, str) or not _is_safe(address):
        raise ProviderAnswerError(f"the provider has no `{name}` that can be used", hint="it must be an https address")
    return address


def _is_safe(address: str) -> bool:
    """Whether nobody between reads along."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _identity(issuer: str, told: dict[str, Any]) -> Identity:
    """An address counts when the provider says, in the type it must have, that it is theirs."""
    email = told.get("email")
    subject = told["sub"]
    names = tuple(
        value for name in ("preferred_username", "nickname") if isinstance(value := told.get(name), str) and value
    )
    name = told.get("name")
    return Identity(
        issuer=issuer,
        subject=subject,
        email=email if isinstance(email, str) and told.get("email_verified") is True else "",
        handles=names,
        name=name if isinstance(name, str) else "",
    )
