"""Words of who may: a table of who asks, what is said, and whether that is a yes."""

from __future__ import annotations

import pytest

from labyard.control.access import Person, Proof
from labyard.control.refusals import BadRequestError
from labyard.control.roles import Role
from labyard.control.rules import EVERYBODY, Permission, Rules, check_words


def person(role: Role = Role.LEARNER, name: str = "ada") -> Person:
    return Person(id=f"id-of-{name}", handle=name, role=role, proof=Proof.TOKEN)


ADA, TEACHER, AUTHOR = person(), person(Role.INSTRUCTOR, "tess"), person(Role.AUTHOR, "art")
ADMIN, MAKER = person(Role.ADMIN, "amy"), person(Role.AUTHOR, "max")


@pytest.mark.parametrize(
    ("words", "yes"),
    [
        ((), {"amy", "max"}),
        (("owner",), {"amy", "max"}),
        (("anyone",), {"ada", "tess", "art", "amy", "max"}),
        (("authenticated",), {"ada", "tess", "art", "amy", "max"}),
        (("instructor",), {"tess", "amy", "max"}),
        (("user:ada",), {"ada", "amy", "max"}),
        (("user:id-of-ada", "instructor"), {"ada", "tess", "amy", "max"}),
        (("user:ad",), {"amy", "max"}),
        (("github:ada", "student:ada", "has-pack:ada"), {"amy", "max"}),
        (("nobody",), set()),
        (("anyone", "nobody"), set()),
    ],
)
@pytest.mark.parametrize("permission", list(Permission))
def test_who_may(words: tuple[str, ...], yes: set[str], permission: Permission) -> None:
    rules = Rules.all("nobody").model_copy(update={_field(permission): words})
    asked = (ADA, TEACHER, AUTHOR, ADMIN, MAKER)
    assert {each.handle for each in asked if rules.allow(each, MAKER.id, permission)} == yes


def _field(permission: Permission) -> str:
    return {"canList": "can_list", "canRead": "can_read", "canStart": "can_start"}.get(permission, "can_read_solution")


def test_what_nobody_said_is_for_the_owner() -> None:
    assert all(Rules().words(permission) == ("owner",) for permission in Permission)
    assert all(EVERYBODY.allow(ADA, MAKER.id, permission) for permission in Permission)


@pytest.mark.parametrize("words", [("everyone",), ("user:",), ("user:a b",), ("",), ("anyone",) * 65, ("x" * 300,)])
def test_what_is_no_word(words: tuple[str, ...]) -> None:
    with pytest.raises(BadRequestError):
        check_words(words)
