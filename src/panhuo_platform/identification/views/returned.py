"""What was handed back: rows of deliveries and parcels, with reasons, and whom they wait for."""

from __future__ import annotations

from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from panhuo.survey.gather import REASONS
from panhuo_platform.identification.commands.handing import hand_out_returned
from panhuo_platform.identification.queries import returned
from panhuo_platform.identification.views.doing import reader
from panhuo_platform.organisations.access import needs
from panhuo_platform.pages.templatetags.panhuo_tags import told

ROWS = 50
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@needs(("S", "database"))
def handed_back(request: HttpRequest) -> HttpResponse:
    """Rows of deliveries or parcels that wait to be mended, one list at a time."""
    user = reader(request)
    rows, parcels = returned.rows(user), returned.parcels(user)
    counts = {"rows": rows.count(), "parcels": parcels.count()}
    of = request.GET.get("of", "")
    of = of if of in counts else "rows" if counts["rows"] else "parcels"
    page = Paginator(rows if of == "rows" else parcels, ROWS).get_page(request.GET.get("page"))
    if of == "parcels":
        page.object_list = returned.with_reasons(page.object_list)
    else:
        for row in page.object_list:
            row.said = told(REASONS.get(row.reason)) or row.reason
    return render(request, "identification/returned.html", {"page": page, "of": of, "counts": counts})


@needs(("S", "database"))
def handed_back_file(request: HttpRequest) -> HttpResponse:
    """The same as a workbook."""
    answer = HttpResponse(hand_out_returned(reader(request)), content_type=_XLSX)
    name = quote(f"{_('退回待补正')}.xlsx")
    answer["Content-Disposition"] = f"attachment; filename=\"returned.xlsx\"; filename*=UTF-8''{name}"
    return answer
