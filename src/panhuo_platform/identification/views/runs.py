"""Runs: starting, progress, results, papers; and what a moved threshold would change."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.land.facts import UNIT_NAMES
from panhuo.land.roles import ROLES
from panhuo.messages import PanhuoError
from panhuo.packs import Setting, table_titles
from panhuo.survey.tables import OUTCOMES
from panhuo_platform.identification.commands import runs as commands
from panhuo_platform.identification.models import Run
from panhuo_platform.identification.queries import runs as reads
from panhuo_platform.identification.queries import standards, whatif
from panhuo_platform.identification.views.doing import attempt, reader
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import Right, may
from panhuo_platform.pages.templatetags.panhuo_tags import told
from panhuo_platform.regions.models import Region

_SEES: tuple[tuple[Right, str], ...] = (("S", "database"), ("S", "standard"))


@needs(*_SEES)
def runs(request: HttpRequest) -> HttpResponse:
    """All runs; starting one."""
    user = reader(request)
    if request.method == "POST":
        try:
            day = date.fromisoformat(request.POST.get("on", ""))
        except ValueError:
            day = timezone.localdate()
        title = request.POST.get("title", "")
        made = attempt(request, lambda: commands.start(user, on=day, title=title), _("已发起认定运行。"))
        return redirect("identification:run", pk=made.pk) if made else redirect("identification:runs")
    page = Paginator(reads.runs(user), 30).get_page(request.GET.get("page"))
    counts = reads.counts(user, page.object_list)
    for row in page.object_list:
        row.counts = counts[row.pk]
    context = {
        "page": page, "may_start": may(user, "E", "database", region=""), "in_force": standards.in_force(),
        "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "identification/runs.html", context)


@needs(*_SEES)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: how far it is, or what it found."""
    user = reader(request)
    row = _run(user, pk)
    return render(request, "identification/run.html", {"run": row, **_state(user, row), **_results(user, row)})


@needs(*_SEES)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that tells how far a run is; it asks again until the run has ended."""
    user = reader(request)
    row = _run(user, pk)
    return render(request, "identification/_progress.html", {"run": row, **_state(user, row)})


@needs(("S", "database"))
def paper(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """A paper of a run; the audit keeps who fetched it."""
    user = reader(request)
    row = _run(user, pk)
    try:
        found = commands.fetch_paper(user, row, name)
    except ObjectDoesNotExist as error:
        raise Http404 from error
    return FileResponse(found.path.open("rb"), as_attachment=True, filename=found.name)


@needs(("S", "database"))
def what_if(request: HttpRequest) -> HttpResponse:
    """Sliders over the thresholds of the last run's standard."""
    user = reader(request)
    row = whatif.run_for(user)
    allowed = row is not None and may(user, "S", "database", region=row.within)
    parts: list[dict[str, Any]] = []
    if row is not None and allowed:
        parts = _sliders(row)
    context = {"run": row, "allowed": allowed, "parts": parts}
    return render(request, "identification/whatif.html", context)


@needs(("S", "database"))
def what_if_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """What the run's parcels would be judged with the sliders as they are: a part of the page."""
    user = reader(request)
    row = get_object_or_404(reads.runs(user).finished(), pk=pk)
    values = whatif.values_of(row, request.GET)
    try:
        answer = whatif.ask(user, row, values)
    except PanhuoError as error:
        return render(request, "identification/_whatif.html", {"error": told(error.text)})
    counts = [c | {"change": c["parcels"] - c["parcels_before"]} for c in answer.counts()]
    context = {
        "answer": answer, "counts": counts, "townships": answer.townships(), "moved": len(values),
        "most": max((abs(t["identified"] - t["identified_before"]) for t in answer.townships()), default=0),
        "query": urlencode({v.id: v.value for v in values}),
    }  # fmt: skip
    return render(request, "identification/_whatif.html", context)


def _run(user: User, pk: int) -> Run:
    return get_object_or_404(reads.runs(user), pk=pk)


def _state(user: User, row: Run) -> dict[str, Any]:
    job = reads.job_of(row)
    lives = job is not None and job.state in ("waiting", "running")
    return {"job": job, "lives": lives, "sees_whole": reads.sees_whole(user, row)}


def _results(user: User, row: Run) -> dict[str, Any]:
    if row.state != Run.State.LOADED:
        return {}
    found = {t["outcome"]: t for t in reads.totals(user, row)}
    rows = [
        {"outcome": o, "parcels": found.get(o, {}).get("parcels", 0), "area_m2": found.get(o, {}).get("area_m2") or 0.0}
        for o in OUTCOMES
    ]
    return {
        "totals": rows, "whole": {"parcels": sum(r["parcels"] for r in rows),
                                  "area_m2": sum(r["area_m2"] for r in rows)},
        "townships": _by_township(user, row), "outcomes": list(OUTCOMES), "papers": reads.papers(user, row),
        "inputs": _inputs(user, row),
    }  # fmt: skip


def _inputs(user: User, row: Run) -> list[dict[str, Any]]:
    """What the run was fed with; to whom a division bounds, only what kinds of data: senders, names and numbers of rows
    tell of other townships."""
    told = [i | {"role_text": ROLES[i["role"]].text} for i in row.inputs if i["role"] in ROLES]
    if reads.sees_whole(user, row):
        return told
    return list({i["role"]: {"role_text": i["role_text"]} for i in told}.values())


def _by_township(user: User, row: Run) -> list[dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    names = dict(Region.objects.values_list("code", "name"))
    for cell in reads.by_township(user, row):
        code = cell["township_code"]
        line = table.setdefault(code, {"code": code, "name": names.get(code, code), "cells": {}, "parcels": 0})
        line["cells"][cell["outcome"]] = cell["parcels"]
        line["parcels"] += cell["parcels"]
    for line in table.values():
        line["row"] = [line["cells"].get(o, 0) for o in OUTCOMES]
    return list(table.values())


def _sliders(row: Run) -> list[dict[str, Any]]:
    """Sliders by part of the standard; each from nothing to twice its value, shares to one."""
    content = row.version.base["content"]["standard"]
    names = {c["id"]: c["name"] for c in content.get("classes", ())}
    tables = table_titles(row.version.base)
    parts: dict[str, dict[str, Any]] = {}
    for one in whatif.sliders(row):
        if one.key.endswith(".times") or one.part in ("gate",):
            continue
        table = one.part.removeprefix("table:") if one.part.startswith("table:") else ""
        title = tables.get(table) or names.get(one.part) or {"zh": _part(one.part), "en": one.part}
        part = parts.setdefault(one.part, {"id": one.part.replace(":", "-"), "title": title, "sliders": []})
        part["sliders"].append(_slider(one))
    return list(parts.values())


def _slider(one: Setting) -> dict[str, Any]:
    now = float(one.value or 0.0)
    high = 1.0 if one.unit == "share" else 2030.0 if one.unit == "year" else (now * 2 or 1.0)
    low = 1950.0 if one.unit == "year" else 0.0
    span = high - low
    step = 1.0 if one.unit == "year" else 10.0 ** (len(str(int(span))) - 3) if span >= 1 else 0.01
    unit = UNIT_NAMES.get(one.unit or "")
    return {
        "id": one.id, "text": one.text, "note": one.note or "", "value": json.dumps(now),
        "low": json.dumps(low), "high": json.dumps(high),
        "step": json.dumps(min(step, 1000.0)), "unit": unit if unit is not None else {"zh": one.unit or "", "en": ""},
        "clause": (one.clause or "").rpartition("#")[2],
    }  # fmt: skip


def _part(name: str) -> str:
    return {"exclusions": _("排除情形"), "preconditions": _("前提条件"), "conditions": _("通用条件")}.get(name, name)
