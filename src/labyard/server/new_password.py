"""A password that is chosen on a page: typed twice, since it is not seen."""

from __future__ import annotations

from collections.abc import Mapping

from labyard.control.passwords import LEAST, MOST
from labyard.control.refusals import BadRequestError
from labyard.server.forms import Field


def password_fields() -> tuple[Field, Field]:
    hint = f"{LEAST} characters at least. Several words are good."
    return (
        Field(
            name="password",
            label="Password",
            kind="password",
            autocomplete="new-password",
            hint=hint,
            least=LEAST,
            most=MOST,
        ),
        Field(
            name="again",
            label="The same once more",
            kind="password",
            autocomplete="new-password",
            least=LEAST,
            most=MOST,
        ),
    )


def chosen(told: Mapping[str, str]) -> str:
    """BadRequestError when it was not typed the same twice."""
    if told["password"] != told["again"]:
        raise BadRequestError("the two passwords differ", hint="type the same twice")
    return told["password"]
