"""Who may find, read and start a playground or a lesson: the words of `accessControl`, and what they mean here. Pure."""

from __future__ import annotations

from enum import StrEnum

from labyard.control.access import Person
from labyard.control.refusals import BadRequestError
from labyard.control.roles import Role
from labyard.play.plan import Value
from labyard.spec.audience import ROLES, is_word
from labyard.spec.limits import DEFAULT
from labyard.spec.model import AccessControl


class Permission(StrEnum):
    LIST = "canList"
    READ = "canRead"
    START = "canStart"
    READ_SOLUTION = "canReadSolution"


class Rules(Value):
    """By permission, who may. Owners and admins may whatever is said, unless `nobody` is."""

    can_list: tuple[str, ...] = ("owner",)
    can_read: tuple[str, ...] = ("owner",)
    can_start: tuple[str, ...] = ("owner",)
    can_read_solution: tuple[str, ...] = ("owner",)

    @classmethod
    def all(cls, *words: str) -> Rules:
        return cls(can_list=words, can_read=words, can_start=words, can_read_solution=words)

    @classmethod
    def of(cls, control: AccessControl) -> Rules:
        """A playground's, which has no solution."""
        return cls(can_list=control.can_list, can_read=control.can_read, can_start=control.can_start)

    def words(self, permission: Permission) -> tuple[str, ...]:
        return {
            Permission.LIST: self.can_list,
            Permission.READ: self.can_read,
            Permission.START: self.can_start,
            Permission.READ_SOLUTION: self.can_read_solution,
        }[permission]

    def allow(self, person: Person, owner: str, permission: Permission) -> bool:
        """`owner`: whose it is."""
        words = self.words(permission)
        if "nobody" in words:
            return False
        return person.role is Role.ADMIN or person.id == owner or any(_is(word, person) for word in words)


EVERYBODY = Rules.all("anyone")


def check_words(words: tuple[str, ...]) -> None:
    """BadRequestError when this cannot be a list of who may."""
    if len(words) > DEFAULT.roles:
        raise BadRequestError(f"{len(words)} words say who may, {DEFAULT.roles} are allowed")
    unknown = next((word for word in words if not is_word(word)), None)
    if unknown is not None:
        raise BadRequestError(f"{unknown[:64]!r} is nobody known", hint=", ".join((*ROLES, "user:NAME")))


def _is(word: str, person: Person) -> bool:
    """`github:`, `student:` and `has-pack:` are nobody: nothing here says yet who is one."""
    if word in ("anyone", "authenticated"):
        return True  # whoever asks is signed in: nothing is open to strangers
    if word == "instructor":
        return person.role is Role.INSTRUCTOR
    kind, _, name = word.partition(":")
    return kind == "user" and name in (person.id, person.handle)
