"""The table of bad rows: out as Excel with each row's findings beside it, back in as corrections."""

from __future__ import annotations

from datetime import date

import polars as pl
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from panhuo import exchange
from panhuo.documents import Column, Sheet, Table, Workbook
from panhuo.documents.excel import write_xlsx
from panhuo.exchange import Layer, Limits
from panhuo.land.roles import ROLES
from panhuo_platform.deliveries import kept
from panhuo_platform.deliveries.models import DeliveredLayer, Finding

#: Headers of our own columns. The row's number leads back to its row; what was found is for the reader.
NUMBER, TOLD, TODO = "行号（请勿修改）", "发现的问题（不用填写）", "怎样改正（不用填写）"
SHEET = "补正"
#: Rows that one table holds; the rest comes with the next one, after these have been mended.
MOST = 50_000


def bad_rows(layer: DeliveredLayer) -> pl.DataFrame:
    """The rows of a layer that have findings: ``row``, ``told``, ``todo``; the sentences of one row joined."""
    found = Finding.objects.filter(layer=layer, row__isnull=False).standing().exclude(severity=Finding.Severity.NOTE)
    rows = found.order_by("row", "pk").values_list("row", "zh", "suggestion_zh")
    frame = pl.DataFrame(
        list(rows.iterator()), schema={"row": pl.Int64, "told": pl.String, "todo": pl.String}, orient="row"
    )
    joined = frame.group_by("row", maintain_order=True).agg(
        pl.col("told").unique(maintain_order=True).str.join("\n"),
        pl.col("todo").unique(maintain_order=True).str.join("\n"),
    )
    return joined.head(MOST)


def workbook(layer: DeliveredLayer, on: date) -> bytes:
    """An Excel table of the bad rows: the delivered headers, the values as they are mended now, what was found."""
    opened = kept.opened(layer)
    assert opened.rows is not None
    bad = bad_rows(layer)
    frame = pl.DataFrame(
        {"row": pl.Series(opened.rows, dtype=pl.Int64), **{f"c{k}": texts for k, texts in enumerate(_texts(opened))}}
    )
    joined = bad.join(frame, on="row", how="inner", maintain_order="left")
    rows = joined.select("row", "told", "todo", *(f"c{k}" for k in range(len(opened.fields)))).rows()
    columns = (
        Column(NUMBER, kind="number", decimals=0), Column(TOLD), Column(TODO),
        *(Column(name, kind="code") for name in opened.fields),
    )  # fmt: skip
    return write_xlsx(Workbook((Sheet(SHEET, Table(columns, rows, frozen=1)),), date=on, title=f"{layer.name} {SHEET}"))


def _texts(layer: Layer) -> list[pl.Series]:
    return [kept.texts(pl.Series(c)).cast(pl.String) for c in layer.table.columns]


def read_back(layer: DeliveredLayer, content: bytes, name: str) -> dict[int, dict[str, str]]:
    """What a table that was sent back says: row -> standard field -> text, for every mapped column that it holds.

    ValidationError where it is no such table, where a row number is missing or said twice.
    """
    limits = Limits(bytes_total=1 << 30, members=10_000, depth=2)
    back = exchange.open_delivery(content, name=name, limits=limits)
    table = next((x for x in back.layers if NUMBER in x.fields), None)
    if table is None:
        raise ValidationError(
            _("这不是本图层的补正表：没有“%(column)s”列。请下载补正表，填好后原样上传。") % {"column": NUMBER}
        )
    numbers = pl.Series(table.table.column(table.fields.index(NUMBER))).cast(pl.Int64, strict=False)
    if numbers.null_count():
        raise ValidationError(_("补正表中有的行没有行号；请不要增加行或改动“行号”列。"))
    if numbers.n_unique() < len(numbers):
        raise ValidationError(_("补正表中有的行号出现了两次；请不要复制行。"))
    fields = {kept.column_of(layer, f.name): f.name for f in ROLES[layer.role].fields} if layer.role else {}
    columns = {c: fields[c] for c in table.fields if c in fields and c in (*layer.columns, *fields)}
    values = {
        field: kept.texts(pl.Series(table.table.column(table.fields.index(c)))).to_list()
        for c, field in columns.items()
    }
    return {n: {f: v[k] or "" for f, v in values.items()} for k, n in enumerate(numbers.to_list())}
