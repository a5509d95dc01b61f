"""Standards: versions, the editor of thresholds, trials, approval."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo.packs import NewValue, table_titles
from panhuo_platform.identification import trials
from panhuo_platform.identification.commands import standards
from panhuo_platform.identification.models import StandardVersion, Trial
from panhuo_platform.identification.queries import standards as reads
from panhuo_platform.identification.views.doing import attempt, reader
from panhuo_platform.jobs.queries import latest
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import Right

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SEES: tuple[tuple[Right, str], ...] = (("S", "standard"), ("S", "database"))
#: A workbook of thresholds is small.
MOST_BYTES = 10_000_000


@needs(*_SEES)
def versions(request: HttpRequest) -> HttpResponse:
    """All versions; beginning a draft."""
    user = reader(request)
    if request.method == "POST":
        on = reads.versions(user).filter(pk=_number(request.POST.get("on"))).first()
        title = request.POST.get("title", "").strip() or _("认定标准")
        made = attempt(request, lambda: standards.draft(user, title, on=on), _("已拟订，可以设定阈值。"))
        return redirect("identification:standard", pk=made.pk) if made else redirect("identification:standards")
    context = {
        "versions": list(reads.versions(user)), "in_force": reads.in_force(), "may_draft": reads.may_draft(user),
        "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "identification/standards.html", context)


@needs(*_SEES)
def standard(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: its thresholds by part, what was set, its trials, its approval."""
    user = reader(request)
    version = _version(user, pk)
    trial = Trial.objects.visible_to(user).filter(version=version).select_related("run", "tried_by").first()
    job = latest(version, "identification.trial")
    thresholds = reads.thresholds(version)
    draft = version.state == StandardVersion.State.DRAFT
    context = {
        "version": version, "parts": _parts(version, thresholds), "trial": trial,
        "changed": [t for t in thresholds if t.change is not None],
        "unset": sum(t.setting.value is None for t in thresholds),
        "stale": trial is not None and trial.sha256 != version.sha256,
        "job": job if job is not None and job.state in ("waiting", "running", "failed") else None,
        "may_edit": draft and reads.may_draft(user, version.within),
        "may_approve": draft and reads.may_approve(user, version), "has_run": trials.last_run(version.within),
        "may_end": version.state == "approved" and reads.may_approve(user, version), "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "identification/standard.html", context)


@needs(*_SEES)
@require_POST
def set_values(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over what was typed into the table: fields ``v:<setting>``, and who set it."""
    user = reader(request)
    version = _version(user, pk)
    now = {t.setting.id: t.setting for t in reads.thresholds(version)}
    set_by = request.POST.get("set_by", "").strip() or None
    clause = request.POST.get("clause", "").strip() or None
    values: list[NewValue] = []
    wrong: list[str] = []
    for name, text in request.POST.items():
        setting = now.get(name.removeprefix("v:")) if name.startswith("v:") else None
        if setting is None:
            continue
        value: float | str | None
        if setting.options:
            value = str(text)
        else:
            try:
                value = float(str(text).replace(",", "")) if str(text).strip() else None
            except ValueError:
                wrong.append(f"{setting.text.zh}：{text}")
                continue
        if value != setting.value:
            values.append(NewValue(setting.entry, setting.key, value, clause=clause, set_by=set_by))
    if wrong:
        messages.error(request, _("这些不是数字：%(wrong)s。") % {"wrong": "；".join(wrong)})
    elif not values:
        messages.info(request, _("没有改动。"))
    else:
        attempt(
            request, lambda: standards.set_values(user, version, values),
            _("已设定 %(count)s 项。") % {"count": len(values)},
        )  # fmt: skip
    return redirect("identification:standard", pk=pk)


@needs(*_SEES)
def workbook(request: HttpRequest, pk: int) -> HttpResponse:
    """The thresholds as a workbook; an edited one comes back by POST."""
    user = reader(request)
    version = _version(user, pk)
    if request.method == "POST":
        file = request.FILES.get("file")
        if file is not None and (file.size or 0) <= MOST_BYTES:
            content = file.read()
            attempt(
                request, lambda: standards.read_workbook(user, version, content),
                lambda made: _("已读入工作簿，现共设定 %(count)s 项。") % {"count": len(made.changes)},
            )  # fmt: skip
        else:
            messages.error(request, _("请选择不超过 10 MB 的 .xlsx 工作簿。"))
        return redirect("identification:standard", pk=pk)
    response = HttpResponse(reads.workbook(version), content_type=_XLSX)
    response["Content-Disposition"] = f"attachment; filename=thresholds-{version.number}.xlsx"
    return response


@needs(*_SEES)
@require_POST
def act(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Try out, approve, withdraw, end."""
    user = reader(request)
    version = _version(user, pk)
    reason = request.POST.get("reason", "")
    day = _day(request.POST.get("day")) or timezone.localdate()
    if what == "try":
        attempt(request, lambda: standards.try_out(user, version), _("试运行已开始，完成后结果显示在本页。"))
    elif what == "approve":
        document = request.POST.get("document", "").strip()
        attempt(
            request, lambda: standards.approve(user, version, starts_on=day, document=document),
            _("已批准，自 %(day)s 起施行。") % {"day": day},
        )  # fmt: skip
    elif what == "withdraw":
        attempt(request, lambda: standards.withdraw(user, version, reason=reason), _("已撤回。"))
    elif what == "end":
        attempt(request, lambda: standards.end(user, version, on=day, reason=reason), _("已终止。"))
    else:
        raise Http404
    return redirect("identification:standard", pk=pk)


@needs(*_SEES)
def trial(request: HttpRequest, pk: int, trial: int) -> HttpResponse:
    """What a draft would change: by township, class, condition."""
    user = reader(request)
    version = _version(user, pk)
    seen = Trial.objects.visible_to(user).filter(version=version)
    row = get_object_or_404(seen.select_related("run__version", "tried_by"), pk=trial)
    figures = row.figures
    names = figures["names"]
    most = max((abs(t["identified_b"] - t["identified_a"]) for t in figures["townships"]), default=0)
    context = {
        "version": version, "trial": row, "figures": figures, "stale": row.sha256 != version.sha256,
        "older": trials.last_run(version.within) != row.run,
        "matrix": [
            r | {"name_a": names.get(r["class_a"] or ""), "name_b": names.get(r["class_b"] or "")}
            for r in figures["matrix"]
        ],
        "classes": [r | {"name": names.get(r["class"] or "")} for r in figures["classes"]], "most": most,
    }  # fmt: skip
    return render(request, "identification/trial.html", context)


def _version(user: User, pk: int) -> StandardVersion:
    return get_object_or_404(StandardVersion.objects.visible_to(user), pk=pk)


def _parts(version: StandardVersion, thresholds: list[reads.Threshold]) -> list[dict[str, Any]]:
    """Thresholds under the headings of the standard: exclusions, preconditions, each class, each table, readings."""
    content = version.base["content"]["standard"]
    names = {c["id"]: c["name"] for c in content.get("classes", ())}
    fixed = {
        "exclusions": {"zh": "排除情形", "en": "Exclusions"},
        "preconditions": {"zh": "前提条件", "en": "Preconditions"},
        "conditions": {"zh": "通用条件", "en": "Named conditions"},
        "gate": {"zh": "适用政策的前提", "en": "Condition for using the policies"},
        "readings": {"zh": "有歧义的表述", "en": "How ambiguous wording is read"},
    }
    tables = table_titles(version.frozen)
    parts: dict[str, dict[str, Any]] = {}
    for one in thresholds:
        part = one.setting.part
        table = part.removeprefix("table:") if part.startswith("table:") else ""
        title = fixed.get(part) or names.get(part) or tables[table]
        parts.setdefault(part, {"id": part.replace(":", "-"), "title": title, "table": table, "rows": []})
        parts[part]["rows"].append(one)
    return list(parts.values())


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
