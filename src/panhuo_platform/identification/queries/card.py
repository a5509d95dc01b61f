"""The verdict card: everything about a parcel's identification as plain data, as it is shown and as it is kept.

Texts are ``{"zh": …, "en": …}``; the page takes the reader's language, and what is kept with a decision has both.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from panhuo.identify import explanation_of
from panhuo.identify.explanation_parts import Benchmark, FactValue, Line, Missing
from panhuo.identify.store import load_row, load_standard
from panhuo.identify.wording import OUTCOME, number
from panhuo.messages import Text
from panhuo.survey.tables import OUTCOMES
from panhuo_platform.identification.models import Confirmation, Objection, Override, RecordStep, Verdict
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.models import Parcel

Plain = dict[str, Any]
HANDED_BACK = OUTCOMES["handed_back"]


def verdict_of(parcel: Parcel) -> Verdict | None:
    """The verdict in force: that of the last run that spoke of the parcel."""
    rows = (
        Verdict.objects.filter(parcel=parcel, run__state="loaded")
        .select_related("run__version")
        .defer("run__version__base")
    )
    return rows.order_by("-pk").first()


def card(user: User, parcel: Parcel) -> Plain | None:
    """The card of a parcel that the user may see; None before any run has spoken of it.

    Raises Parcel.DoesNotExist for a parcel that the user may not see.
    """
    if not Parcel.objects.visible_to(user).filter(pk=parcel.pk).exists():
        raise Parcel.DoesNotExist
    verdict = verdict_of(parcel)
    if verdict is None:
        return None
    told = _head(parcel, verdict)
    if verdict.row is not None:
        told |= _grounds(verdict)
        _with_words(told, parcel)
    told["override"] = _override(parcel)
    told["objections"] = [
        _objection(o) for o in Objection.objects.filter(parcel=parcel).order_by("pk").select_related("answered_by")
    ]
    told["history"] = _history(parcel)
    return told


def grounds(verdict: Verdict) -> Plain:
    """The conditions of any verdict, also one that is no longer in force."""
    return _grounds(verdict) if verdict.row is not None else {}


def _head(parcel: Parcel, verdict: Verdict) -> Plain:
    outcome = HANDED_BACK if verdict.outcome == "handed_back" else OUTCOME[verdict.outcome]
    return {
        "parcel": {"number": parcel.number, "code": parcel.code, "name": parcel.name,
                   "township_code": parcel.township_code, "area_m2": verdict.area_m2},
        "run": {"id": verdict.run_id, "title": verdict.run.title, "on": verdict.run.on.isoformat()},
        "standard": {"id": verdict.run.version_id, "title": str(verdict.run.version),
                     "sha256": verdict.run.version.sha256},
        "verdict": verdict.pk, "outcome": verdict.outcome, "outcome_text": _text(outcome),
        "handed_because": verdict.handed_because, "stage": parcel.stage, "reasons": verdict.reasons,
        "stale": verdict.parcel_version_id != parcel.current_id,
    }  # fmt: skip


def _grounds(verdict: Verdict) -> Plain:
    assert verdict.row is not None
    folder = verdict.run.evidence
    one = load_row(folder, verdict.row, _standard(str(folder)))
    if one.frame.is_empty():
        raise ObjectDoesNotExist(f"{folder} has no row {verdict.row}")
    told = explanation_of(one, str(one.frame["parcel_code"][0]))
    return {
        "main_class": _text(told.main_class),
        "classes": [_text(c) for c in told.classes],
        "classes_open": [_text(c) for c in told.classes_open],
        "basis": _text(told.basis), "base": told.base,
        "sections": [
            {"kind": s.kind, "title": _text(s.title), "state": s.state, "class_id": s.class_id,
             "clause": _text(s.clause), "lines": [_line(x, verdict.reasons) for x in s.lines]}
            for s in told.sections
        ],
        "readings": [{"text": _text(t), "clause": _text(c), "chosen": chosen} for t, c, chosen in told.readings],
        "missing": [_missing(m) for m in told.missing],
        "changes": [_text(said) for _change, said in told.changes],
    }  # fmt: skip


@lru_cache(maxsize=8)
def _standard(folder: str) -> Any:
    """The standard of a run's evidence: read once, it never changes."""
    return load_standard(Path(folder))


def _line(line: Line, reasons: list[str]) -> Plain:
    return {
        "id": line.id, "depth": line.depth, "state": line.state, "text": _text(line.text), "clause": _text(line.clause),
        "summary": _text(line.summary), "connective": line.connective, "requirement": _text(line.requirement),
        "facts": [_fact(f) for f in line.facts], "benchmark": _benchmark(line.benchmark),
        "why_unknown": _text(line.why_unknown), "confirm": [_text(c) for c in line.confirm], "evidence": line.evidence,
        "decides": line.id in reasons, "words": [],
    }  # fmt: skip


def _fact(fact: FactValue) -> Plain:
    return {
        "fact": fact.fact, "label": _text(fact.label), "shown": _text(fact.shown), "known": fact.value is not None,
        "layer": Path(fact.layer).stem if fact.layer else None, "date": fact.date.isoformat() if fact.date else None,
    }  # fmt: skip


def _benchmark(found: Benchmark | None) -> Plain | None:
    if found is None:
        return None
    told = asdict(found) | {"group": _text(found.group)}
    return told | {k: number(v) for k in ("average", "ratio", "factor") if (v := told[k]) is not None}


def _missing(found: Missing) -> Plain:
    return {
        "item": found.item, "text": _text(found.text), "ask": [_text(a) for a in found.ask],
        "conditions": list(found.conditions),
    }  # fmt: skip


def _with_words(told: Plain, parcel: Parcel) -> None:
    """What departments have said, beside the condition that they spoke of; the last word of each unit."""
    said: dict[str, dict[int, Plain]] = {}
    for row in Confirmation.objects.filter(parcel=parcel).select_related("unit", "actor").order_by("pk"):
        said.setdefault(row.condition, {})[row.unit_id] = {
            "unit": row.unit.name, "answer": row.answer, "answer_text": str(row.get_answer_display()),
            "note": row.note, "by": str(row.actor), "at": row.at.isoformat(timespec="seconds"),
        }  # fmt: skip
    for section in told["sections"]:
        for line in section["lines"]:
            line["words"] = list(said.get(line["id"], {}).values())


def _override(parcel: Parcel) -> Plain | None:
    row = Override.objects.filter(parcel=parcel, ended_at=None).select_related("actor", "unit", "verdict").first()
    if row is None:
        return None
    return {
        "outcome": row.outcome, "outcome_text": _text(OUTCOME[row.outcome]), "main_class": row.main_class,
        "reason": row.reason, "by": str(row.actor), "unit": row.unit.name, "at": row.at.isoformat(timespec="seconds"),
        "original": row.verdict.outcome, "original_text": _text(OUTCOME.get(row.verdict.outcome, HANDED_BACK)),
    }  # fmt: skip


def _objection(row: Objection) -> Plain:
    return {
        "id": row.pk, "condition": row.condition, "by": row.by, "text": row.text, "state": row.state,
        "state_text": str(row.get_state_display()), "answer": row.answer,
        "at": row.recorded_at.isoformat(timespec="seconds"),
        "answered_at": row.answered_at.isoformat(timespec="seconds") if row.answered_at else None,
    }  # fmt: skip


def _history(parcel: Parcel) -> list[Plain]:
    """Runs, steps and decisions, newest first."""
    rows: list[Plain] = []
    for v in Verdict.objects.filter(parcel=parcel, run__state="loaded").select_related("run"):
        outcome = OUTCOME.get(v.outcome, HANDED_BACK)
        rows.append({"kind": "run", "at": _moment(v.run.loaded_at), "title": v.run.title, "text": _text(outcome)})
    for step in RecordStep.objects.filter(parcel=parcel).select_related("actor", "unit", "second"):
        rows.append(
            {"kind": "step", "at": _moment(step.at), "title": step.action, "by": str(step.actor),
             "unit": step.unit.name, "reason": step.reason, "second": str(step.second) if step.second else "",
             "shown": step.shown_id}
        )  # fmt: skip
    for o in Override.objects.filter(parcel=parcel).select_related("actor", "unit", "ended_by"):
        rows.append({"kind": "override", "at": _moment(o.at), "title": "", "text": _text(OUTCOME[o.outcome]),
                     "by": str(o.actor), "unit": o.unit.name, "reason": o.reason})  # fmt: skip
        if o.ended_at is not None:
            rows.append({"kind": "override_ended", "at": _moment(o.ended_at), "title": "", "by": str(o.ended_by),
                         "unit": "", "reason": o.ended_because})  # fmt: skip
    return sorted(rows, key=lambda r: r["at"] or "", reverse=True)


def _moment(at: Any) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None


def _text(text: Text | None) -> dict[str, str] | None:
    return {"zh": text.zh, "en": text.en} if text is not None else None
