"""Whose a database is: two servers over one would each take the other's plays for lost."""

from __future__ import annotations

from sqlalchemy import select

from labyard.errors import ConflictError
from labyard.store.database import Database
from labyard.store.schema import holder

_ONE = "holder"


async def claim(database: Database, folder: str) -> None:
    """`folder`: the id of the data folder that wants it. ConflictError when it is another's."""
    async with database.begin() as transaction:
        if await transaction.insert_new(holder, one=_ONE, folder=folder):
            return
        owner = (await transaction.execute(select(holder.c.folder))).scalar_one()
    if owner != folder:
        raise ConflictError(
            f"this database belongs to another data folder (its id is {owner})",
            hint="give every server a database of its own; if that folder is lost, write its id into `id` of this one",
        )
