"""Providers that are down, broken or hostile: a clear page with a code, never a trace, and nobody is let in."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from tests.unit.server.conftest import House
from tests.unit.server.test_oidc import allow, begun, cookie_of
from tests.unit.server.test_signin import browser, who

from labyard.control.identities import Identity
from labyard.errors import ConflictError
from labyard.server.oidc import answers
from labyard.server.oidc.answers import (
    ProviderAnswerError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnreachableError,
)
from labyard.server.oidc.provider import Provider, ProviderSettings

__all__ = ["browser"]  # a fixture

ISSUER = "https://id.example.org/lab"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
STRANGE = {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "AAAA"}

Answer = httpx.Response | Exception
KINDS = (ProviderUnreachableError, ProviderAnswerError, ProviderRefusedError)


@dataclass
class Fake:
    """What it answers, by the last word of the path; what is not set is as it should be."""

    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
    keys: Any = field(default_factory=lambda: {"keys": [STRANGE, KEY.as_dict(private=False)]})
    nonce: str = ""
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        word = request.url.path.rpartition("/")[2]
        if word in self.answers:
            answer = self.answers[word]()
            if isinstance(answer, Exception):
                raise answer
            return answer
        return httpx.Response(200, json=self._good(word))

    def _good(self, word: str) -> Any:
        match word:
            case "openid-configuration":
                names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
                return {"issuer": ISSUER, **{name: f"{ISSUER}/{name}" for name in names}, **self.metadata}
            case "token_endpoint":
                now = int(time.time())
                told = {"iss": ISSUER, "aud": "labyard", "sub": "7", "iat": now, "exp": now + 60, "nonce": self.nonce}
                claims = {name: value for name, value in {**told, **self.claims}.items() if value is not None}
                return {"access_token": "a", "token_type": "Bearer", "id_token": self.token(claims)}
            case "jwks_uri":
                return self.keys
            case _:
                return {"sub": "7", "preferred_username": "ada"}


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    yield Fake()


@pytest.fixture
async def provider(fake: Fake) -> AsyncIterator[Provider]:
    http = httpx.AsyncClient(transport=httpx.MockTransport(fake))
    settings = ProviderSettings(issuer=ISSUER, client_id="labyard", client_secret="secret")
    provider = Provider(settings, http=http)
    yield provider
    await provider.close()


@pytest.fixture
async def open_house(house: House, provider: Provider) -> House:
    object.__setattr__(house.services, "provider", provider)
    allow(house, True)
    return house


async def told(provider: Provider, fake: Fake) -> Identity:
    """Who it says somebody is."""
    begun = await provider.begin("https://lab.test/back")
    fake.nonce = begun.nonce
    return await provider.finish(
        "https://lab.test/back", code="c", verifier=begun.verifier, nonce=begun.nonce, issuer=""
    )


async def refused(provider: Provider, fake: Fake, kind: type[ProviderError] = ProviderAnswerError) -> ProviderError:
    with pytest.raises(ProviderError) as error:
        await told(provider, fake)
    assert type(error.value) is kind, error.value
    return error.value


async def through(browser: httpx.AsyncClient, fake: Fake) -> httpx.Response:
    address, cookie = await begun(browser)
    told = parse_qs(urlsplit(address).query)
    fake.nonce = told["nonce"][0]
    answer = await browser.get(
        "/signin/oidc/callback", params={"code": "c", "state": told["state"][0]}, headers={"Cookie": cookie}
    )
    browser.cookies.clear()
    return answer


async def test_a_good_one(browser: httpx.AsyncClient, open_house: House, fake: Fake) -> None:
    """So that what follows fails for its own reason."""
    assert await who(browser, cookie_of(await through(browser, fake))) == "ada"
    (traded,) = (each for each in fake.asked if each.url.path.endswith("token_endpoint"))
    assert traded.headers["authorization"].startswith("Basic ") and b"code_verifier=" in traded.content
    page = await browser.get("/signin")
    assert "Sign in with id.example.org" in page.text


@pytest.mark.parametrize("word", ["openid-configuration", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda: httpx.ConnectError("refused"), "provider-unreachable"),
        (lambda: httpx.ReadTimeout("slow"), "provider-unreachable"),
        (lambda: httpx.RemoteProtocolError("garbage"), "provider-unreachable"),
        (lambda: httpx.Response(500, text="<h1>Traceback</h1>"), "provider-answer"),
        (lambda: httpx.Response(200, text="<html>"), "provider-answer"),
        (lambda: httpx.Response(200, json=[]), "provider-answer"),
        (lambda: httpx.Response(200, content=b"[" * 100_000), "provider-answer"),
        (lambda: httpx.Response(200, content=b" " * (2 << 20)), "provider-answer"),
        (lambda: httpx.Response(302, headers={"Location": "http://169.254.169.254/"}), "provider-answer"),
        (lambda: httpx.Response(400, json={"error": "invalid_grant"}), "provider-refused"),
        (lambda: httpx.Response(401, json={"error": ["<b>"]}), "provider-refused"),
    ],
)
async def test_answers_that_are_none(
    provider: Provider, fake: Fake, word: str, answer: Callable[[], Answer], code: str
) -> None:
    fake.answers[word] = answer
    error = await refused(provider, fake, next(kind for kind in KINDS if kind.code == code))
    assert error.hint and len(error.message) < 300 and "<" not in error.message


@pytest.mark.parametrize("word", ["openid-configuration", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
async def test_one_that_trickles_is_given_up(
    provider: Provider, fake: Fake, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time, and the end never."""

    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    monkeypatch.setattr(answers, "_LONGEST", 0.2)
    fake.answers[word] = lambda: httpx.Response(200, content=drops())
    async with asyncio.timeout(5):
        assert "too long" in (await refused(provider, fake, ProviderUnreachableError)).message


@pytest.mark.parametrize("word", ["openid-configuration", "token_endpoint"])
@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (lambda: httpx.ConnectError("refused"), 502, "provider-unreachable"),
        (lambda: httpx.Response(500, text="<h1>Traceback</h1>"), 502, "provider-answer"),
        (lambda: httpx.Response(400, json={"error": "invalid_grant"}), 403, "provider-refused"),
    ],
)
async def test_people_see_a_page_with_a_code(
    browser: httpx.AsyncClient,
    open_house: House,
    fake: Fake,
    word: str,
    answer: Callable[[], Answer],
    status: int,
    code: str,
) -> None:
    fake.answers[word] = answer
    page = await browser.get("/signin/oidc") if word == "openid-configuration" else await through(browser, fake)
    assert page.status_code == status and f"<code>{code}</code>" in page.text and "did not work" in page.text
    assert "Traceback" not in page.text and "session=" not in page.headers.get("set-cookie", "")
    assert (await open_house.http.get("/api/users")).json() == []


async def test_it_works_again_when_it_does(provider: Provider, fake: Fake) -> None:
    fake.answers["openid-configuration"] = lambda: httpx.ConnectError("down")
    await refused(provider, fake, ProviderUnreachableError)
    fake.answers.clear()
    assert (await told(provider, fake)).subject == "7"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.test"},
        {"issuer": f"{ISSUER}/"},
        {"issuer": 7},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "http://id.example.org/auth"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://["},
    ],
)
async def test_what_it_says_of_itself(provider: Provider, fake: Fake, metadata: dict[str, Any]) -> None:
    fake.metadata = metadata
    await refused(provider, fake)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.test"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": ["labyard", "another"]},
        {"aud": ["labyard", "another"], "azp": "another"},
        {"aud": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"exp": "soon"},
        {"nonce": "of another time"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "8"},
    ],
)
async def test_tokens_that_are_not_for_this(provider: Provider, fake: Fake, claims: dict[str, Any]) -> None:
    fake.claims = claims
    await refused(provider, fake)


async def test_several_audiences_are_fine_when_it_was_made_for_us(provider: Provider, fake: Fake) -> None:
    fake.claims = {"aud": ["labyard", "another"], "azp": "labyard"}
    assert (await told(provider, fake)).handles == ("ada",)


def by_public_key(claims: dict[str, Any]) -> str:
    """Signed with what everybody has, as a secret."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": "one"}, claims)]
    said = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.new(KEY.as_pem(private=False), said, "sha256").digest()
    return (said + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


OTHER = RSAKey.generate_key(2048, {"kid": "one"})


@pytest.mark.parametrize(
    "token",
    [
        lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, OTHER),
        lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, OTHER),
        lambda claims: jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key("secret" * 8)),
        by_public_key,
        lambda claims: jwt.encode({"alg": "none"}, claims, OctKey.import_key("x" * 32), algorithms=["none"]),
        lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)[:-8] + "AAAAAAAA",
        lambda claims: "a.b.c",
        lambda claims: "",
        lambda claims: "x" * 100_000,
        lambda claims: "e30.e30.",
    ],
    ids=["key", "kid", "secret", "public-key-as-secret", "none", "cut", "garbage", "empty", "long", "bare"],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_tokens_that_others_signed(
    provider: Provider, fake: Fake, token: Callable[[dict[str, Any]], str]
) -> None:
    fake.token = token
    await refused(provider, fake)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"keys": []},
        {"keys": "x"},
        {"keys": [STRANGE]},
        {"keys": [7, None, {"kty": "RSA"}, {"kty": "oct", "k": "AA"}]},
    ],
)
async def test_keys_that_are_none(provider: Provider, fake: Fake, keys: Any) -> None:
    fake.keys = keys
    assert "no keys that can be used" in (await refused(provider, fake)).message


async def test_keys_of_other_kinds(provider: Provider, fake: Fake) -> None:
    key = ECKey.generate_key("P-256", {"kid": "ec"})
    fake.keys = KeySet([KEY, key]).as_dict(private=False)
    fake.token = lambda claims: jwt.encode({"alg": "ES256", "kid": "ec"}, claims, key)
    assert (await told(provider, fake)).issuer == ISSUER


async def test_userinfo_of_somebody_else_counts_for_nothing(provider: Provider, fake: Fake) -> None:
    fake.answers["userinfo_endpoint"] = lambda: httpx.Response(200, json={"sub": "8", "preferred_username": "eve"})
    assert "two different people" in (await refused(provider, fake)).message


@pytest.mark.parametrize(
    "issuer", ["", "id.example.org", "http://id.example.org", "https://", "https://x/?a=1", "https://["]
)
def test_what_is_no_issuer(issuer: str) -> None:
    with pytest.raises(ConflictError):
        ProviderSettings(issuer=issuer, client_id="x")


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(ProviderSettings(issuer=ISSUER, client_id="x", client_secret="hidden"))
