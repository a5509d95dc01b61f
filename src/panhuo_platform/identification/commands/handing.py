"""Handing out lists of identification as workbooks. What leaves the platform is audited."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.documents import Column, Sheet, Table, Workbook
from panhuo.documents.excel import write_xlsx
from panhuo.survey.gather import REASONS
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification.queries import returned
from panhuo_platform.organisations.models import User
from panhuo_platform.pages.templatetags.panhuo_tags import told

#: Rows that a sheet holds; the rest comes with the next one, after these have been mended.
MOST = 50_000


@transaction.atomic
def hand_out_returned(actor: User) -> bytes:
    """What was handed back and the actor sees: rows of deliveries, and parcels, each with reason and who mends it."""
    rows = [
        (str(r.layer.delivery), str(r.layer), r.row, told(REASONS.get(r.reason)) or r.reason,
         r.layer.delivery.sender.name)
        for r in returned.rows(actor)[:MOST]
    ]  # fmt: skip
    parcels = [
        (p.number, p.code, p.name, p.back.reason if p.back else "", p.back.unit.name if p.back else "",  # type: ignore[attr-defined]
         timezone.localdate(p.back.at) if p.back else None, p.waits_for)  # type: ignore[attr-defined]
        for p in returned.with_reasons(returned.parcels(actor)[:MOST])
    ]  # fmt: skip
    sheets = (
        Sheet(_("交付的行"), Table((
            Column(_("交付")), Column(_("图层")), Column(_("行"), kind="number", decimals=0), Column(_("退回原因")),
            Column(_("等谁改正")),
        ), rows, frozen=1)),
        Sheet(_("宗地"), Table((
            Column(_("地块编号"), kind="code"), Column(_("宗地代码"), kind="code"), Column(_("地块名称")),
            Column(_("退回原因")), Column(_("退回单位")), Column(_("退回日期"), kind="date"), Column(_("等谁改正")),
        ), parcels, frozen=1)),
    )  # fmt: skip
    content = write_xlsx(Workbook(sheets, date=timezone.localdate(), title=_("退回待补正")))
    record(
        AuditEvent.Action.EXPORTED, f"导出退回待补正 {len(rows)} 行、{len(parcels)} 宗", actor=actor,
        detail={"rows": len(rows), "parcels": len(parcels)},
    )  # fmt: skip
    return content
