"""Moving everything from one store to another: SQLite to PostGIS, or back. Rows keep their keys, hashes and times."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connections, models, transaction
from django.utils.timezone import is_aware

from panhuo.messages import PanhuoError

#: Rows that are read and written at once.
_AT_ONCE = 2000
#: Who is signed in stays behind: everybody signs in again.
_LEFT_BEHIND = frozenset({"sessions.session", "usersessions.usersession"})


@dataclass(frozen=True, slots=True)
class Sum:
    """A table's rows and the SHA-256 over all of them, the same on every store."""

    table: str
    rows: int
    sha256: str


def tables() -> list[type[models.Model]]:
    """Every table that is moved, those of many-to-many relations too, in the order of their names."""
    found = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed and not m._meta.proxy]
    return sorted((m for m in found if m._meta.label_lower not in _LEFT_BEHIND), key=lambda m: m._meta.db_table)


def checksums(alias: str, *, progress: Callable[[str], None] = lambda _: None) -> list[Sum]:
    """The sums of every table of a store."""
    found = []
    for model in tables():
        progress(model._meta.db_table)
        told, rows = hashlib.sha256(), 0
        for values in _rows(model, alias):
            rows += 1
            told.update(json.dumps(values, ensure_ascii=False, sort_keys=True, default=plain).encode() + b"\n")
        found.append(Sum(model._meta.db_table, rows, told.hexdigest()))
    return found


def _rows(model: type[models.Model], alias: str) -> Iterator[list[Any]]:
    names = [f.attname for f in model._meta.concrete_fields]
    rows = model._base_manager.using(alias).order_by("pk").values_list(*names)
    for row in rows.iterator(chunk_size=_AT_ONCE):
        yield list(row)


def plain(value: Any) -> Any:
    """A value as text that does not depend on the store."""
    if isinstance(value, datetime):
        return value.timestamp() if is_aware(value) else value.isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "wkb"):  # a geometry, whatever library holds it
        return f"{value.srid} {bytes(value.wkb).hex()}"
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)


def move(source: str, target: str, *, progress: Callable[[str], None] = lambda _: None) -> list[Sum]:
    """Copy every row from one store into another, empty one, in one transaction; returns the sums of both.

    Raises PanhuoError when the target holds somebody's data already, or does not hold the same afterwards; nothing is
    left there then.
    """
    _empty(target)
    with transaction.atomic(using=target):
        with connections[target].constraint_checks_disabled():
            for model in tables():
                progress(model._meta.db_table)
                # what migrations and their signals put there comes again out of the source
                model._base_manager.using(target)._raw_delete(target)
            for model in tables():
                progress(model._meta.db_table)
                _copy(model, source, target)
        connections[target].check_constraints()
        statements = connections[target].ops.sequence_reset_sql(no_style(), tables())
        with connections[target].cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        before, after = checksums(source, progress=progress), checksums(target, progress=progress)
        different = [b.table for b, a in zip(before, after, strict=True) if b != a]
        if different:
            raise PanhuoError(
                f"搬到新库后内容不一致：{'、'.join(different)}。新库已恢复原样，请报告此问题。",
                f"The new store does not hold the same: {', '.join(different)}. It was left empty; please report this.",
            )
    return after


def _empty(alias: str) -> None:
    user = apps.get_model("organisations", "User")
    if user._base_manager.using(alias).exists():
        raise PanhuoError(
            "目标数据库里已经有数据，不能覆盖。请换一个空的数据库。",
            "The target database holds data already and is not overwritten. Name an empty one.",
        )


def _copy(model: type[models.Model], source: str, target: str) -> None:
    fields = list(model._meta.concrete_fields)
    manager, writing = model._base_manager, connections[target]
    batch: list[models.Model] = []

    def write() -> None:
        # as they are: neither save() nor pre_save() may put another time or another hash into a row
        size = min(len(batch), writing.ops.bulk_batch_size(fields, batch) or _AT_ONCE)
        for start in range(0, len(batch), size):
            manager._insert(batch[start : start + size], fields=fields, using=target, raw=True)  # type: ignore[attr-defined]
        batch.clear()

    for row in manager.using(source).order_by("pk").iterator(chunk_size=_AT_ONCE):
        batch.append(row)
        if len(batch) == _AT_ONCE:
            write()
    if batch:
        write()
