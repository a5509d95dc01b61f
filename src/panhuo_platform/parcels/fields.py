"""A column of codes, found by how they begin with the help of their index on both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.lookups import StartsWith

if TYPE_CHECKING:
    _Text = models.CharField[str, str]
else:
    _Text = models.CharField


class CodeField(_Text):
    """A text of digits and capital letters, such as a division code or a parcel code."""


@CodeField.register_lookup
class Begins(StartsWith):
    """``__startswith`` as a range.

    SQLite's LIKE looks at every row, because it does not tell small letters from capitals; a range of codes is found in
    the index. PostgreSQL's LIKE uses such an index only where the database sorts by bytes: there the range is asked
    for beside it, where the beginning is of digits, which every collation sorts alike.
    """

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        first = self.rhs
        if not isinstance(first, str) or not first:
            return super().as_sql(compiler, connection)
        column, parameters = self.process_lhs(compiler, connection)
        return f"({column} >= %s AND {column} < %s)", [*parameters, first, *parameters, after(first)]

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        told, given = super().as_sql(compiler, connection)
        first = self.rhs
        if not isinstance(first, str) or not (first.isascii() and first.isdigit()) or not first.strip("9"):
            return told, given
        shorter = first.rstrip("9")
        column, parameters = compiler.compile(self.lhs)
        beyond = shorter[:-1] + str(int(shorter[-1]) + 1)
        return (
            f"({column} >= %s AND {column} < %s AND {told})",
            [*parameters, first, *parameters, beyond, *given],
        )


def after(beginning: str) -> str:
    """The first text that sorts after everything that begins so."""
    return beginning[:-1] + chr(ord(beginning[-1]) + 1)
