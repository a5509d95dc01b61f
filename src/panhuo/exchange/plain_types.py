"""Columns in the few types that a file format knows."""

from __future__ import annotations

import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc


def simple(
    table: pa.Table, *, lists: bool = False, whole: Callable[[pa.ChunkedArray], pa.ChunkedArray] | None = None
) -> pa.Table:
    """The table with text, int64, float64, bool, date32 and timestamp columns only.

    Lists become JSON text unless ``lists``; times, decimals beyond floating point, durations and bytes become text.
    ``whole`` may say how int64 columns are to be written.
    """
    for k, field in enumerate(table.schema):
        column = table.column(k)
        new = _simple(column, lists)
        if whole is not None and pa.types.is_int64(new.type):
            new = whole(new)
        if new is not column:
            table = table.set_column(k, field.name, new)
    return table.replace_schema_metadata(None)


def _simple(column: pa.ChunkedArray, lists: bool) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _simple(column.cast(kind.value_type), lists)
    if (
        pa.types.is_string(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_date32(kind)
        or kind in (pa.int64(), pa.float64())
    ):
        return column
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_integer(kind):
        big = pa.types.is_uint64(kind) and (pc.max(column).as_py() or 0) >= 2**63
        return column.cast(pa.string() if big else pa.int64())
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64()) if kind.precision <= 15 else column.cast(pa.string())
    if pa.types.is_date64(kind):
        return column.cast(pa.date32())
    if pa.types.is_timestamp(kind):
        return (pc.local_timestamp(column) if kind.tz else column).cast(pa.timestamp("ms"), safe=False)
    if lists and (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and not pa.types.is_nested(kind.value_type):
        return column
    return pa.chunked_array([pa.array([_text(v) for v in column.to_pylist()], pa.string())])


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
