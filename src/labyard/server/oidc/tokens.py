"""ID tokens: whose signature is good, and what must be in them (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from labyard.server.oidc.answers import ProviderAnswerError

_ALGORITHMS: Final = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
]
"""With keys that the provider alone has: never `none`, never a secret that we share."""
_LEEWAY: Final = 60
_MOST_KEYS: Final = 100
_LONGEST: Final = 64 << 10
_AGAIN: Final = 10.0
"""Seconds between two looks at the provider's keys, whatever tokens come."""


class KeyRing:
    """The provider's keys, fetched again when a token does not fit them: they are changed now and then."""

    def __init__(
        self, fetch: Callable[[], Awaitable[dict[str, Any]]], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._keys: KeySet | None = None
        self._at = 0.0

    async def verified(self, token: str) -> dict[str, Any]:
        """Its claims. ProviderError when none of the provider's keys signed it."""
        fetched = False
        if self._keys is None:
            await self._look()
            fetched = True
        try:
            return self._decoded(token)
        except ProviderAnswerError:
            if fetched or self._now() - self._at < _AGAIN:
                raise
        await self._look()
        return self._decoded(token)

    async def _look(self) -> None:
        self._keys, self._at = _key_set(await self._fetch()), self._now()

    def _decoded(self, token: str) -> dict[str, Any]:
        assert self._keys is not None  # noqa: S101 - looked up before
        try:
            return dict(jwt.decode(token, self._keys, algorithms=_ALGORITHMS).claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderAnswerError("the provider's ID token is not signed with its keys") from error


async def read_id_token(token: str, keys: KeyRing, *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """What it says of somebody. ProviderAnswerError for one not from there, not for us, too old, or not of this time."""
    if len(token) > _LONGEST:
        raise ProviderAnswerError("the provider's ID token is too long")
    claims = await keys.verified(token)
    registry = jwt.JWTClaimsRegistry(
        leeway=_LEEWAY,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise ProviderAnswerError(f"the provider's ID token does not hold: {str(error)[:200]}") from error
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client_id:
        raise ProviderAnswerError("the provider's ID token is for somebody else")
    if not isinstance(claims["sub"], str):
        raise ProviderAnswerError("the provider's ID token does not say who")
    return claims


def _key_set(told: dict[str, Any]) -> KeySet:
    """Keys of kinds we do not know are left out."""
    listed = told.get("keys")
    keys = []
    for each in listed[:_MOST_KEYS] if isinstance(listed, list) else []:
        if isinstance(each, dict) and each.get("kty") in ("RSA", "EC", "OKP") and each.get("use", "sig") == "sig":
            try:
                keys.append(import_key(each))
            except (JoseError, ValueError, KeyError, TypeError):
                continue
    if not keys:
        raise ProviderAnswerError("the provider has no keys that can be used")
    return KeySet(keys)
