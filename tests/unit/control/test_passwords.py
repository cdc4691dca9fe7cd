"""Which passwords are good enough; hashes; how often something may be tried."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from argon2 import PasswordHasher, extract_parameters

from labyard.control.mail_address import mail_address
from labyard.control.passwords import LEAST, MOST, Hasher, good_password
from labyard.control.refusals import BadRequestError, TooManyError
from labyard.control.tries import TooManyTriesError, Tries, place_key

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.mark.parametrize(
    "password",
    ["correct horse", "x" * 5 + "abcdefg", "пароль из слов", "a b c d e f", "ada likes tea", "9" * 8 + "abcde"],
)
def test_good_passwords(password: str) -> None:
    assert good_password(password, name="ada") == password


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "a" * (LEAST - 1),
        "a" * 40,
        "abababababab",
        "password123",
        "PassWord123",
        "1234567890",
        "grace-hopper",
        "grace-hopper1",
        "x\ny34567890",
        "tab\tabcdefgh",
        "a" + "b" * MOST,
    ],
)
def test_what_is_soon_guessed_or_cannot_be_typed(password: str) -> None:
    with pytest.raises(BadRequestError):
        good_password(password, name="grace-hopper")


async def test_one_password_typed_on_two_keyboards() -> None:
    hasher = Hasher(QUICK)
    stored = await hasher.hash(good_password("cafe\u0301 au lait", name="ada"))
    assert await hasher.verify(stored, "caf\u00e9 au lait")
    assert not await hasher.verify(stored, "cafe au lait")


async def test_what_is_no_hash_opens_nothing() -> None:
    hasher = Hasher(QUICK)
    stored = await hasher.hash("a" * MOST)
    for known, typed in (("", ""), (None, "x"), ("$argon2id$broken", "x"), (stored, "a" * (MOST + 1)), (stored, "")):
        assert not await hasher.verify(known, typed)


def test_hashes_are_argon2id_at_the_librarys_own_cost() -> None:
    stored = asyncio.run(Hasher().hash("correct horse"))
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=")
    assert Hasher().outdated(asyncio.run(Hasher(QUICK).hash("correct horse")))


async def test_a_name_that_is_not_there_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question is one verification of a whole hash of the same parameters."""
    hasher, asked = Hasher(QUICK), []
    stored = await hasher.hash("correct horse")

    def seen(known: str, password: str) -> bool:
        asked.append(known)
        return Hasher._verify(hasher, known, password)

    monkeypatch.setattr(hasher, "_verify", seen)
    for known in (stored, None):
        assert not await hasher.verify(known, "wrong")
    assert [extract_parameters(known) for known in asked] == [extract_parameters(stored)] * 2
    assert [len(known) for known in asked] == [len(stored)] * 2


async def test_few_hashes_at_once_and_few_who_wait() -> None:
    hasher = Hasher(PasswordHasher(time_cost=1, memory_cost=8 << 10, parallelism=1), at_once=1, waiting=2)
    answers = await asyncio.gather(*(hasher.hash("correct horse") for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(answer, TooManyError) for answer in answers) == 7
    assert await hasher.hash("correct horse"), "who waited is gone"


def test_waits_grow_and_end() -> None:
    now = 0.0
    tries = Tries(now=lambda: now)
    waits = []
    for _ in range(16):
        while True:
            try:
                tries.take({"account:ada": 3})
                break
            except TooManyTriesError:
                now += 1
        waits.append(now)
    steps = [after - before for before, after in itertools.pairwise(waits)]
    assert steps == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    now += 3600
    tries.take({"account:ada": 3})


def test_a_refused_try_counts_for_nothing_and_a_good_one_forgives() -> None:
    now = 0.0
    tries = Tries(now=lambda: now)
    tries.take({"a": 1, "place": 10})
    for _ in range(100):
        with pytest.raises(TooManyTriesError, match="too often") as refused:
            tries.take({"a": 1, "place": 10})
    assert refused.value.hint == "try again in 1 second"
    tries.forgive("a")
    for _ in range(9):
        tries.take({"place": 10})
    with pytest.raises(TooManyTriesError):
        tries.take({"place": 10})
    tries.give_back("place")
    tries.take({"place": 10})


def test_what_is_remembered_of_tries_is_bounded() -> None:
    tries = Tries(now=lambda: 0.0)
    for number in range(60_000):
        tries.take({f"account:{number}": 3})
    assert len(tries._tried) == 50_000


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("", "what", True),
    ],
)
def test_where_somebody_comes_from(one: str, other: str, same: bool) -> None:
    assert (place_key(one) == place_key(other)) is same


@pytest.mark.parametrize("text", ["Ada@Example.org", " ada@example.org ", "a.b+c@x.example.co", "o'neil@localhost"])
def test_addresses(text: str) -> None:
    assert mail_address(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "@example.org", "ada@", "a@b@c", "ada@-x.org", "ada@x-.org", ".ada@x.org", "a..b@x.org"),
        *("ada@x.org\nBcc: eve@x.org", "ada @x.org", "ada@x .org", "<ada@x.org>", "ada@x.org,eve@x.org"),
        *("ädä@x.org", f"{'a' * 65}@x.org", f"ada@{'x' * 64}.org", f"{'a.' * 30}a@{'x.' * 110}org", "ada@[127.0.0.1]"),
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(BadRequestError):
        mail_address(text)
