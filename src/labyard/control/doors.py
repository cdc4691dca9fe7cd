"""The ways into a server, put together: which there are is a matter of settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from labyard.control.access import Access
from labyard.control.accounts import Accounts
from labyard.control.identities import Identities
from labyard.control.invitations import Invitations
from labyard.control.mail import Mailer
from labyard.control.outbox import Outbox
from labyard.control.own_address import OwnAddress
from labyard.control.passwords import Hasher
from labyard.control.people import People
from labyard.control.post import Post
from labyard.control.tries import Tries
from labyard.store.accounts import AccountStore
from labyard.store.database import Database
from labyard.store.invitations import InvitationStore
from labyard.store.passwords import PasswordStore
from labyard.store.users import UserStore


@dataclass(frozen=True, kw_only=True)
class Doors:
    """`post` None: no mail leaves here. `signup`: strangers may make an account. `url` empty: as whoever asks calls us."""

    accounts: Accounts
    invitations: Invitations
    identities: Identities
    own_address: OwnAddress
    tries: Tries
    outbox: Outbox
    post: Post | None = None
    signup: bool = False
    url: str = ""


def doors_over(
    database: Database,
    access: Access,
    people: People,
    *,
    clock: Callable[[], datetime],
    mailer: Mailer | None = None,
    signup: bool = False,
    url: str = "",
    hasher: Hasher | None = None,
    outbox: Outbox | None = None,
) -> Doors:
    tries, outbox = Tries(), outbox or Outbox()
    store, users = AccountStore(database), UserStore(database)
    passwords = PasswordStore(database)
    accounts = Accounts(
        passwords,
        store,
        users,
        access,
        hasher or Hasher(),
        tries,
        clock=clock,
    )
    invitations = Invitations(InvitationStore(database), accounts, people, access, clock=clock)
    post = None if mailer is None else Post(mailer, outbox, accounts, invitations, tries)
    return Doors(
        accounts=accounts,
        invitations=invitations,
        identities=Identities(store, users, accounts, invitations, people, access, signup=signup),
        own_address=OwnAddress(accounts, passwords, users, access),
        tries=tries,
        outbox=outbox,
        post=post,
        signup=signup,
        url=url.rstrip("/"),
    )
