"""Mending: cells in the page, offered repairs, and a table of the bad rows that is filled in and sent back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.exchange import Layer
from panhuo.land.roles import ROLES
from panhuo.quality import check_subject
from panhuo.survey.deliver import understand
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import kept, template
from panhuo_platform.deliveries.checking import settings_of_locality
from panhuo_platform.deliveries.commands.describing import changeable
from panhuo_platform.deliveries.files import storable
from panhuo_platform.deliveries.models import Correction, DeliveredLayer, Delivery, Repair
from panhuo_platform.deliveries.understanding import as_input
from panhuo_platform.organisations.models import User

Action = AuditEvent.Action
_MOST_TEXT = 2000


@transaction.atomic
def correct(actor: User, layer: DeliveredLayer, row: int, values: Mapping[str, str]) -> list[Correction]:
    """The sender mends cells of one row; a value that is wrong by itself is not taken, and the reason is said.

    row    : as a person counts it in the file
    values : standard field -> text; empty clears the cell
    """
    delivery = changeable(actor, layer.delivery)
    made = _correct(actor, layer, {row: values}, Correction.Way.PAGE, strict=True)
    if made:
        record(
            Action.CHANGED, f"补正“{layer.name}”第 {row} 行：{'、'.join(c.field for c in made)}", actor=actor,
            subject=delivery, detail={"layer": layer.pk, "row": row, "values": dict(values)},
        )  # fmt: skip
    return made


@transaction.atomic
def resubmit(actor: User, layer: DeliveredLayer, content: bytes, name: str) -> int:
    """The sender sends back the table of bad rows, filled in: cells that differ from the delivered ones become
    corrections. Returns how many cells were corrected. Nothing is taken of a table with a row that nobody knows.
    """
    delivery = changeable(actor, layer.delivery)
    changes = template.read_back(layer, content, name)
    made = _correct(actor, layer, changes, Correction.Way.TABLE, strict=False)
    record(
        Action.CHANGED, f"用补正表补正“{layer.name}”：{len(changes)} 行 {len(made)} 处", actor=actor, subject=delivery,
        detail={"layer": layer.pk, "rows": len(changes), "cells": len(made), "file": name[:200]},
    )  # fmt: skip
    return len(made)


@transaction.atomic
def adopt_repairs(actor: User, delivery: Delivery, repairs: Iterable[int] | None = None) -> int:
    """The sender adopts repairs that were offered (all, or those with these keys); they hold from the next check."""
    row = changeable(actor, delivery)
    offered = Repair.objects.filter(layer__delivery=row).offered().select_for_update(of=("self",))
    if repairs is not None:
        offered = offered.filter(pk__in=list(repairs))
    now = timezone.now()
    count = 0
    for layer in row.layers.all():
        chosen = list(offered.filter(layer=layer))
        shapes = [r for r in chosen if r.wkb is not None]
        cells = [r for r in chosen if r.wkb is None]
        # a shape that was repaired before and is offered again: the new one counts
        Repair.objects.filter(layer=layer, row__in=[r.row for r in shapes], field="").exclude(adopted_at=None).delete()
        Repair.objects.filter(pk__in=[r.pk for r in shapes]).update(adopted_at=now, adopted_by=actor)
        changes: dict[int, dict[str, str]] = {}
        for r in cells:
            changes.setdefault(r.row, {})[r.field] = r.value
        _correct(actor, layer, changes, Correction.Way.REPAIR, strict=False)
        Repair.objects.filter(pk__in=[r.pk for r in cells]).delete()
        count += len(chosen)
    if not count:
        raise ValidationError(_("没有可以采用的修复建议；请先检查。"))
    record(Action.CHANGED, f"采用修复建议 {count} 条", actor=actor, subject=row, detail={"repairs": count})
    return count


def _correct(
    actor: User, layer: DeliveredLayer, changes: Mapping[int, Mapping[str, str]], way: Correction.Way, *, strict: bool
) -> list[Correction]:
    """Write corrections of a layer, each replacing the one before it; cells that say the same already are left."""
    if not changes:
        return []
    known = {f.name: f for f in ROLES[layer.role].fields} if layer.role else {}
    if wrong := {f for values in changes.values() for f in values} - known.keys():
        raise ValidationError(_("没有这些字段：%(names)s。") % {"names": "、".join(sorted(wrong))})
    opened = kept.opened(layer)
    assert opened.rows is not None
    places = {int(n): k for k, n in enumerate(opened.rows.to_pylist())}
    if absent := sorted(set(changes) - places.keys()):
        raise ValidationError(
            _("“%(layer)s”没有第 %(row)s 行。") % {"layer": layer.name, "row": "、".join(map(str, absent[:5]))}
        )
    current = {f: _column(opened, kept.column_of(layer, f)) for f in {f for v in changes.values() for f in v}}
    made = [
        Correction(
            layer=layer, row=row, field=field, value=storable(value).strip()[:_MOST_TEXT],
            before=storable(current[field][places[row]] or ""), way=way, by=actor,
        )
        for row, values in changes.items()
        for field, value in values.items()
        if value.strip()[:_MOST_TEXT] != (current[field][places[row]] or "")
    ]  # fmt: skip
    if strict:
        for row in changes:
            _valid(layer, opened, places[row], [c for c in made if c.row == row])
    now = timezone.now()
    for at in range(0, len(made), 500):
        part = made[at : at + 500]
        old = Correction.objects.filter(layer=layer, row__in={c.row for c in part}).standing()
        replaced = {(c.row, c.field) for c in part}
        keys = [pk for pk, row, field in old.values_list("pk", "row", "field") if (row, field) in replaced]
        Correction.objects.filter(pk__in=keys).update(replaced_at=now)
    Correction.objects.bulk_create(made, batch_size=500)
    return made


def _column(layer: Layer, column: str) -> list[str | None]:
    """The values of a column as texts; None throughout where the layer has no such column."""
    if column not in layer.fields:
        return [None] * layer.count
    return kept.texts(pl.Series(layer.table.column(layer.fields.index(column)))).to_list()


def _valid(layer: DeliveredLayer, opened: Layer, place: int, made: list[Correction]) -> None:
    """ValidationError with the checks' own sentences where the row as mended has an error in a mended field."""
    assert opened.rows is not None
    geometry = opened.geometry.slice(place, 1) if opened.geometry is not None else None
    one = opened.with_(table=opened.table.slice(place, 1), rows=opened.rows.slice(place, 1), geometry=geometry)
    for c in made:
        one = kept.with_values(one, kept.column_of(layer, c.field), {c.row: c.value})
    subject, _found = understand(as_input(layer), one.with_(geometry=None), None)
    findings = check_subject(subject, settings_of_locality())
    told = findings.filter((pl.col("severity") == "error") & pl.col("field").is_in([c.field for c in made]))
    told = told.filter(pl.col("code") != "A01")  # a whole column's matter
    if told.height:
        raise ValidationError([r["zh"] + (r["suggestion_zh"] or "") for r in told.iter_rows(named=True)])
