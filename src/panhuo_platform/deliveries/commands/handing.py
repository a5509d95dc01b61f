"""Handing out: the list of findings and the table of bad rows. What leaves the platform is audited."""

from __future__ import annotations

import polars as pl
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from panhuo.documents.excel import write_xlsx
from panhuo.messages import FINDINGS_SCHEMA, Lang
from panhuo.survey.findings import findings_workbook
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import template
from panhuo_platform.deliveries.models import DeliveredLayer, Delivery
from panhuo_platform.deliveries.models.found import Findings
from panhuo_platform.organisations.models import User

_COLUMNS = ("code", "severity", "source", "layer__name", "row", "code_of_row", "field", "value", "place", "count",
            "zh", "en", "suggestion_zh", "suggestion_en", "mender")  # fmt: skip


@transaction.atomic
def hand_out_findings(actor: User, delivery: Delivery, findings: Findings) -> bytes:
    """These findings as an Excel workbook; ``findings`` are those that the actor sees. Places are longitude
    and latitude (EPSG:4490).
    """
    rows = []
    for code, severity, source, layer, row, key, field, value, place, count, *said in findings.values_list(
        *_COLUMNS
    ).iterator(chunk_size=5000):
        x, y = (place.x, place.y) if place is not None else (None, None)
        rows.append((code, severity, source, layer, row, key, field, value, x, y, count, *said))
    frame = pl.DataFrame(rows, schema=dict(FINDINGS_SCHEMA), orient="row")
    lang: Lang = "en" if (get_language() or "").startswith("en") else "zh"
    book = findings_workbook(frame, title=delivery.title, on=timezone.localdate(), lang=lang)
    content = write_xlsx(book)
    record(
        AuditEvent.Action.EXPORTED, f"导出交付“{delivery.title}”的检查发现 {len(rows)} 条", actor=actor,
        subject=delivery, detail={"rows": len(rows)},
    )  # fmt: skip
    return content


@transaction.atomic
def hand_out_bad_rows(actor: User, layer: DeliveredLayer) -> bytes:
    """The rows of a layer that have findings, as the table that is filled in and sent back."""
    content = template.workbook(layer, timezone.localdate())
    record(
        AuditEvent.Action.EXPORTED, f"下载“{layer.name}”的补正表", actor=actor, subject=layer.delivery,
        detail={"layer": layer.pk},
    )  # fmt: skip
    return content
