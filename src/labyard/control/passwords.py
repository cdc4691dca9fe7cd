"""Passwords: which are good enough, and their hashes (argon2id), made beside the event loop, few at a time."""

from __future__ import annotations

import asyncio
import base64
import os
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from labyard.control.refusals import BadRequestError, TooManyError

LEAST: Final = 10
MOST: Final = 256
_DIFFERENT: Final = 5
_BESIDE_NAME: Final = 6
_COMMON: Final = frozenset(
    (
        *("1234567890", "0123456789", "12345678910", "123456789a", "1q2w3e4r5t", "1qaz2wsx3edc", "q1w2e3r4t5y6"),
        *("password12", "password123", "password1234", "passw0rd123", "p@ssword123", "changeme123", "administrator"),
        *("qwertyuiop", "qwerty1234", "qwerty12345", "qwerty123456", "asdfghjkl;", "zxcvbnm123", "qwertzuiop"),
        *("iloveyou12", "iloveyou123", "letmein1234", "welcome123", "welcome1234", "football123", "sunshine123"),
    )
)


def good_password(password: str, *, name: str) -> str:
    """It, in the one form that is hashed (NFKC: keyboards differ). BadRequestError for one that is soon guessed.

    No rules on kinds of characters: they make passwords worse (NIST SP 800-63B). `name`: whose it is.
    """
    form = same_form(password[: MOST + 1])
    plain = form.lower()
    if len(password) > MOST or not form.isprintable():
        raise BadRequestError(f"a password has {LEAST} to {MOST} printable characters")
    if len(form) < LEAST:
        raise BadRequestError(f"this password is too short: {LEAST} characters at least", hint="several words are good")
    rest = plain.replace(name.lower(), "") if name else plain
    if len(set(plain)) < _DIFFERENT or plain in _COMMON or len(rest) < _BESIDE_NAME:
        raise BadRequestError(
            "this password is soon guessed", hint="several words that do not belong together are good"
        )
    return form


def same_form(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


class Hasher:
    """`at_once`: hashes being made (each takes its memory: 64 MiB); `waiting`: how many may wait for that."""

    def __init__(self, argon: PasswordHasher | None = None, *, at_once: int = 2, waiting: int = 32) -> None:
        self._argon = argon or PasswordHasher()
        self._seats = asyncio.Semaphore(at_once)
        self._there = 0
        self._most = at_once + waiting
        self._nobodys = _nobodys(self._argon)

    async def hash(self, password: str) -> str:
        """TooManyError when too many wait already."""
        async with self._seat():
            return await asyncio.to_thread(self._argon.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """None: there is no such password, which takes as long to say as that it is wrong. TooManyError."""
        if len(password) > MOST:
            stored, password = None, ""
        async with self._seat():
            return await asyncio.to_thread(self._verify, stored or self._nobodys, same_form(password))

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._argon.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, stored: str) -> bool:
        """Whether hashes are made with more effort today."""
        return self._argon.check_needs_rehash(stored)

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        if self._there >= self._most:
            raise TooManyError("too many people are signing in just now", hint="try again in a moment")
        self._there += 1
        try:
            async with self._seats:
                yield
        finally:
            self._there -= 1


def _nobodys(argon: PasswordHasher) -> str:
    """A hash of no password that anybody knows, of the same cost as all others."""
    salt, digest = (
        base64.b64encode(os.urandom(size)).decode().rstrip("=") for size in (argon.salt_len, argon.hash_len)
    )
    return f"$argon2id$v=19$m={argon.memory_cost},t={argon.time_cost},p={argon.parallelism}${salt}${digest}"
