"""All rows of a database as lines of text, and back: the same for SQLite and PostgreSQL, so that one becomes the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, MetaData, String, Table, func, insert, inspect, select, text, type_coerce
from sqlalchemy.exc import OperationalError, StatementError

from labyard.errors import ConflictError
from labyard.store.database import Database, Transaction, head, migrate, revision_of
from labyard.store.schema import Moment, metadata

_ROWS_AT_ONCE = 200
_STAYS = ("alembic_version", "holder")  # a database's own


async def dump(database: Database, write: Callable[[bytes], None]) -> str:
    """Every row, as it is at one instant, to `write`, a line each. The schema they are in.

    ConflictError when it is not this Labyard's.
    """
    async with database.begin() as transaction:
        await _at_one_instant(transaction)
        return await transaction.run_sync(lambda connection: _dump(connection, write))


async def load(database: Database, lines: Iterable[bytes], schema: str) -> None:
    """Rows that were dumped from `schema` into a database without tables, and then to the newest schema; all or nothing.

    ConflictError when there are tables, or lines are not what they should be.
    """
    async with database.begin() as transaction:
        await transaction.run_sync(lambda connection: _load(connection, lines, schema))


async def refuse_filled(database: Database) -> None:
    """ConflictError when there are tables."""
    async with database.begin() as transaction:
        await transaction.run_sync(_refuse_filled)


def _refuse_filled(connection: Connection) -> None:
    if inspect(connection).get_table_names():
        raise ConflictError("the database is not empty", hint="name one that is, in `database_url`")


async def _at_one_instant(transaction: Transaction) -> None:
    """SQLite reads at one instant by itself."""
    if transaction.dialect == "postgresql":
        await transaction.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def _dump(connection: Connection, write: Callable[[bytes], None]) -> str:
    schema = revision_of(connection)
    if schema != head():
        raise ConflictError(
            f"the database has the schema {schema}, this Labyard's is {head()}",
            hint="start the server of this version once, or use the version that serves it",
        )
    for table in metadata.sorted_tables:
        if table.name in _STAYS:
            continue
        found = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(*map(_raw, table.columns)))
        for row in found.mappings():
            write(json.dumps({"table": table.name, "row": dict(row)}, ensure_ascii=False).encode() + b"\n")
    return schema


def _raw(column: Any) -> Any:
    """Times as the text that they are kept as."""
    return type_coerce(column, String).label(column.name) if isinstance(column.type, Moment) else column


def _load(connection: Connection, lines: Iterable[bytes], schema: str) -> None:
    _refuse_filled(connection)
    migrate(connection, schema)
    there = MetaData()
    there.reflect(connection)
    for table, rows in groupby(_rows(lines, there), key=itemgetter(0)):
        while batch := [row for _, row in islice(rows, _ROWS_AT_ONCE)]:
            _insert(connection, table, batch)
    if connection.dialect.name == "postgresql":
        _count_on(connection, there)
    migrate(connection)


def _count_on(connection: Connection, there: MetaData) -> None:
    """Numbers that the database gives begin after those that came; SQLite looks by itself."""
    for table in there.sorted_tables:
        number = table.autoincrement_column
        if number is not None:
            sequence = func.pg_get_serial_sequence(table.name, number.name)
            most = select(func.coalesce(func.max(number), 0) + 1).scalar_subquery()
            connection.execute(select(func.setval(sequence, most, False)))


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    try:
        connection.execute(insert(table), rows)
    except OperationalError:
        raise
    except StatementError as error:
        raise ConflictError(f"a row of the backup does not fit the table {table.name}") from error


def _rows(lines: Iterable[bytes], there: MetaData) -> Iterator[tuple[Table, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            table, row = there.tables[value["table"]], value["row"]
            if table.name in _STAYS or set(row) != {column.name for column in table.columns}:
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ConflictError(f"row {number} of the backup does not fit the schema it names") from None
        yield table, row
