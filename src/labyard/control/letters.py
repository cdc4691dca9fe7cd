"""What is written to people. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    subject: str
    text: str


def password_letter(handle: str, url: str) -> Letter:
    return Letter(
        subject="Choose a new password for Labyard",
        text=f"""Hello {handle},

somebody, hopefully you, asked for a new password at Labyard. Choose one here, within half an hour:

{url}

If it was not you, do nothing: your password stays as it is.
""",
    )


def invitation_letter(url: str, days: int) -> Letter:
    return Letter(
        subject="You are invited to Labyard",
        text=f"""Hello,

you are invited to Labyard, where hands-on labs run on real machines. Make your account here,
within {days} day{"" if days == 1 else "s"}:

{url}
""",
    )


def signup_letter(url: str) -> Letter:
    return Letter(
        subject="Make your account at Labyard",
        text=f"""Hello,

somebody, hopefully you, asked for an account at Labyard with this address. Make it here, within a day:

{url}

If it was not you, do nothing.
""",
    )


def known_letter(handle: str, url: str) -> Letter:
    """For who asks for an account with an address that has one."""
    return Letter(
        subject="You have an account at Labyard",
        text=f"""Hello,

somebody, hopefully you, asked for an account at Labyard with this address. There is one already: {handle}.
Sign in, or choose a new password, here:

{url}
""",
    )


def address_letter(handle: str, url: str) -> Letter:
    """To the new address."""
    return Letter(
        subject="Is this your address at Labyard?",
        text=f"""Hello,

{handle}, hopefully you, wants to use this address at Labyard. Say yes here, within half an hour:

{url}

If it was not you, do nothing.
""",
    )


def moved_letter(handle: str) -> Letter:
    """To the old one, which does not learn the new one."""
    return Letter(
        subject="Your address at Labyard is changed",
        text=f"""Hello {handle},

from now on Labyard writes to another address of yours, no longer to this one.

If it was not you, tell whoever runs the server, at once.
""",
    )
