"""The life of a record: proposed, confirmed, identified, sent up, receipted; returned, overridden, removed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification.commands import confirmations, objections, overrides, steps, submissions
from panhuo_platform.identification.models import (
    Confirmation,
    Due,
    Override,
    RecordStep,
    Run,
    Shown,
    Submission,
    Verdict,
)
from panhuo_platform.identification.queries import work
from panhuo_platform.identification.queries.card import card
from panhuo_platform.organisations.models import Organisation
from panhuo_platform.parcels import commands as register
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel, UpperEntry
from panhuo_platform.parcels.queries import may_use_policies

DEPARTMENTS = (
    "fagai", "gongxin", "caizheng", "zhujian", "huanjing", "yingji", "shuiwu", "tongji", "shangwu", "toucu", "nongye",
    "jiaoti", "wenlv",
)  # fmt: skip


@pytest.fixture
def town(district: Any, run: Run) -> Any:
    """Somebody of the township with the most identified parcels."""
    codes = list(Verdict.objects.filter(run=run, outcome="identified").values_list("township_code", flat=True))
    best = max(set(codes), key=codes.count)
    unit = Organisation.objects.get(region__code=best, kind="township")
    return district.user("zhenjie", "township", unit.code)


def code_of(user: Any) -> str:
    return str(user.assignments_in_force[0].organisation.region.code)


def stages(**chosen: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for stage in Parcel.objects.filter(**chosen).values_list("stage", flat=True):
        counts[stage] = counts.get(stage, 0) + 1
    return counts


def confirm_all(district: Any, chosen: ParcelFilter) -> int:
    """Every department confirms what is its own."""
    said = 0
    for unit in DEPARTMENTS:
        user = district.user(f"u-{unit}", "department", unit)
        if work.due_rows(user).exists():
            said += confirmations.confirm(user, chosen).count
    return said


def identified(town: Any) -> ParcelFilter:
    return ParcelFilter(township=code_of(town), outcome="identified")


def propose(town: Any) -> ParcelFilter:
    steps.take(town, "survey", ParcelFilter())
    chosen = identified(town)
    steps.take(town, "propose", chosen)
    return chosen


def test_from_the_survey_to_the_register_of_the_province(district: Any, town: Any, office: Any) -> None:
    """Township proposes, departments confirm, the bureau identifies, the city verifies; each step one event."""
    before = AuditEvent.objects.count()
    taken = steps.take(town, "survey", ParcelFilter())
    assert taken.count == Parcel.objects.filter(township_code=code_of(town)).count()
    assert AuditEvent.objects.count() == before + 1
    event = AuditEvent.objects.latest("number")
    assert event.detail["count"] == taken.count and event.detail["filter"] == {}
    assert stages(township_code=code_of(town)) == {"surveyed": taken.count}
    assert set(stages()) == {"to_survey", "surveyed"}, "no other township's parcels"

    chosen = identified(town)
    proposed = steps.take(town, "propose", chosen).count
    assert stages(**{"stage": "proposed"}) == {"proposed": proposed}
    own = Confirmation.objects.filter(unit=town.assignments_in_force[0].organisation)
    assert own.count() == Due.objects.filter(unit=own.values("unit")[:1], answer__isnull=False).count()

    with pytest.raises(ValidationError, match=r"部门确认意见不齐|不在可以办理的环节"):
        steps.take(office, "identify", chosen)
    assert confirm_all(district, chosen) > 0
    complete = stages(stage="checked").get("checked", 0)
    assert 0 < complete <= proposed
    done = steps.take(office, "identify", chosen)
    assert done.count == complete
    # what no department had to confirm is moved on by whoever checks
    if rest := Parcel.objects.filter(stage="proposed").count():
        check = district.user("u-fagai", "department", "fagai")
        assert steps.take(check, "check", chosen).count == rest
        assert steps.take(office, "identify", chosen).count == rest
    assert stages(stage="identified") == {"identified": proposed}

    city = Organisation.objects.get(code="shiju")
    sent = submissions.send(office, city, chosen, title="第一批")
    assert (sent.parcels_count, sent.state) == (proposed, "sent")
    with pytest.raises(ValidationError, match="没有可以报送"):
        submissions.send(office, city, chosen, title="再报一次")
    verifier = district.user("shi", "city", "shiju")
    bad = Parcel.objects.filter(stage="identified").order_by("pk").first()
    assert bad is not None
    with pytest.raises(ValidationError, match="写明理由"):
        steps.take(verifier, "return", [bad])
    steps.take(verifier, "return", [bad], reason="界址与登记不符")
    steps.take(verifier, "verify", chosen)
    sent = Submission.objects.get(pk=sent.pk)
    answers = dict.fromkeys(sent.items.values_list("state", flat=True))
    assert sent.state == "answered" and set(answers) == {"accepted", "returned"}
    assert sent.items.get(parcel=bad).feedback == "界址与登记不符"
    assert stages(stage="returned") == {"returned": 1}
    steps.take(office, "register", chosen)
    assert stages(stage="registered") == {"registered": proposed - 1}
    assert {s.step for s in RecordStep.objects.all()} >= {"survey", "propose", "identify", "verify", "register"}


@pytest.mark.requirement("S1-15", "S1-17")
def test_the_receipt_opens_the_gate(district: Any, town: Any, office: Any) -> None:
    chosen = propose(town)
    confirm_all(district, chosen)
    steps.take(office, "identify", chosen)
    sent = submissions.send(office, Organisation.objects.get(code="shiju"), chosen, title="第一批")
    assert not Parcel.objects.filter(in_upper_register=True).exists()
    with pytest.raises(PermissionDenied):
        submissions.receipt(town, sent, number="青自然资〔2026〕88号", on=date(2026, 11, 1))
    with pytest.raises(ValidationError, match="PDF"):
        submissions.receipt(office, sent, number="1", on=date(2026, 11, 1), file=b"MZ evil", file_name="x.pdf")
    one = sent.items.order_by("pk").first()
    assert one is not None
    submissions.receipt(
        office, sent, number="青自然资〔2026〕88号", on=date(2026, 11, 1), file=b"%PDF-1.7 receipt",
        file_name="../../回执 一.pdf", upper_numbers={one.parcel.code: "SD-0001"},
    )  # fmt: skip
    sent.refresh_from_db()
    assert sent.state == "receipted" and (sent.folder / sent.receipt_file).read_bytes().startswith(b"%PDF")
    assert "/" not in sent.receipt_file
    gate = Parcel.objects.filter(in_upper_register=True)
    assert set(gate.values_list("pk", flat=True)) == set(sent.items.values_list("parcel", flat=True))
    assert Parcel.objects.get(pk=one.parcel_id).upper_number == "SD-0001"
    with pytest.raises(ValidationError, match="已经登记"):
        submissions.receipt(office, sent, number="2", on=date(2026, 11, 1))


def test_a_department_answers_for_its_own_conditions_alone(district: Any, town: Any) -> None:
    chosen = propose(town)
    user = district.user("shui", "department", "shuiwu")
    asked = work.dues(user)
    assert asked and {a.unit for a in asked} == {"区税务局"}
    rows = work.due_rows(user)
    first = rows.order_by("pk").first()
    assert first is not None
    with pytest.raises(ValidationError, match="写明理由"):
        confirmations.confirm(user, [first.parcel], answer="doubted")
    confirmations.confirm(user, [first.parcel], answer="doubted", note="税额为代征，不属该企业")
    others = rows.exclude(parcel=first.parcel).values("parcel").distinct().count()
    if others:
        assert confirmations.confirm(user, chosen).count == others
    assert not work.due_rows(user).exists()
    assert set(Confirmation.objects.filter(actor=user).values_list("unit__code", flat=True)) == {"shuiwu"}
    assert [p.pk for p in work.doubted(user)] == [first.parcel_id]
    confirmations.confirm(user, [first.parcel], conditions=[first.condition], note="已核实")
    said = Confirmation.objects.filter(parcel=first.parcel, condition=first.condition, unit__code="shuiwu")
    assert [c.answer for c in said] == ["doubted", "confirmed"], "the first word stays"
    assert not work.doubted(user).exists()


def test_a_township_proposes_its_own_parcels_only(district: Any, town: Any, run: Run) -> None:
    other = Parcel.objects.exclude(township_code=code_of(town)).first()
    assert other is not None
    with pytest.raises(ValidationError, match="没有符合条件"):
        steps.take(town, "survey", [other])
    with pytest.raises(PermissionDenied, match="不由您的单位办理"):
        steps.take(town, "identify", ParcelFilter())
    with pytest.raises(Parcel.DoesNotExist):
        card(town, other)
    assert not Verdict.objects.visible_to(town).exclude(township_code=code_of(town)).exists()
    visitor = district.user("gong", "visitor", "gongzhong")
    with pytest.raises(PermissionDenied):
        steps.take(visitor, "survey", ParcelFilter())
    assert {w.transition.id for w in work.steps_of(town)} == {"survey", "propose", "again"}


def test_what_was_shown_at_a_decision_is_kept(town: Any, run: Run) -> None:
    steps.take(town, "survey", ParcelFilter())
    parcel = Parcel.objects.filter(outcome="identified", township_code=code_of(town)).first()
    assert parcel is not None
    seen = card(town, parcel)
    steps.take(town, "propose", [parcel])
    step = RecordStep.objects.filter(parcel=parcel, step="propose").select_related("shown", "verdict").get()
    assert step.shown is not None and step.shown.content["card"] == seen
    assert step.verdict is not None and step.verdict.run == run
    with pytest.raises(DatabaseError), transaction.atomic():
        Shown.objects.filter(pk=step.shown.pk).update(content={})
    with pytest.raises(DatabaseError), transaction.atomic():
        RecordStep.objects.filter(pk=step.pk).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Verdict.objects.filter(pk=step.verdict.pk).update(outcome="not")


def test_an_override_says_why_and_the_verdict_stays(district: Any, town: Any, office: Any, run: Run) -> None:
    parcel = Parcel.objects.filter(outcome="identified", township_code=code_of(town)).first()
    assert parcel is not None
    with pytest.raises(PermissionDenied):
        overrides.override(town, parcel, outcome="not", reason="不低效")
    with pytest.raises(ValidationError, match="写明改判理由"):
        overrides.override(office, parcel, outcome="not", reason=" ")
    with pytest.raises(ValidationError, match="类别"):
        overrides.override(office, parcel, outcome="identified", main_class="XX", reason="另一类")
    row = overrides.override(office, parcel, outcome="not", reason="已签订技改协议")
    parcel.refresh_from_db()
    assert (parcel.outcome, parcel.main_class) == ("not", "")
    assert Verdict.objects.get(run=run, parcel=parcel).outcome == "identified"
    told = card(office, parcel)
    assert told is not None and told["override"]["original"] == "identified"
    assert told["override"]["reason"] == "已签订技改协议"
    with pytest.raises(ValidationError, match="已有改判"):
        overrides.override(office, parcel, outcome="unknown", reason="再改")
    overrides.take_back(office, row, reason="协议未履行")
    parcel.refresh_from_db()
    assert parcel.outcome == "identified" and parcel.main_class
    assert Override.objects.get().ended_because == "协议未履行"


def test_an_open_objection_holds_the_identification_up(district: Any, town: Any, office: Any, run: Run) -> None:
    chosen = propose(town)
    confirm_all(district, chosen)
    parcel = Parcel.objects.filter(stage="checked").order_by("pk").first()
    assert parcel is not None
    condition = Verdict.objects.get(run=run, parcel=parcel).reasons[0]
    with pytest.raises(ValidationError, match="没有条件"):
        objections.object_to(town, parcel, condition="nothing", by="某公司", text="不服")
    row = objections.object_to(town, parcel, condition=condition, by="某公司", text="2025年已扩建，容积率应为1.2")
    with pytest.raises(ValidationError, match="权利人异议"):
        steps.take(office, "identify", [parcel])
    with pytest.raises(PermissionDenied):
        objections.answer(town, row, upheld=False, text="驳回")
    objections.answer(office, row, upheld=False, text="扩建未办理手续，不计入容积率")
    assert steps.take(office, "identify", [parcel]).count == 1
    told = card(town, parcel)
    assert told is not None and told["objections"][0]["state"] == "rejected"


def test_removal_needs_two_persons(district: Any, town: Any, office: Any, run: Run) -> None:
    parcel = Parcel.objects.filter(outcome="identified").order_by("pk").first()
    assert parcel is not None
    Parcel.objects.filter(pk=parcel.pk).update(stage="registered")
    register.gate(office, {parcel.number: "S-17"}, receipt="省库〔2026〕1号", on=date(2026, 6, 1))
    with pytest.raises(ValidationError, match="写明理由"):
        steps.take(office, "remove", [parcel])
    taken = steps.take(office, "remove", [parcel], reason="改造完成")
    assert taken.pending is not None and taken.count == 0
    parcel.refresh_from_db()
    assert parcel.stage == "registered"
    with pytest.raises(PermissionDenied, match="另一人复核"):
        steps.agree(office, taken.pending, agreed=True)
    second = district.user("fu", "office", "ziran")
    assert [p.pk for p in work.second_persons(second)] == [taken.pending.pk]
    assert work.second_persons(office) == []
    with pytest.raises(ValidationError, match="写明理由"):
        steps.agree(second, taken.pending, agreed=False)
    assert steps.agree(second, taken.pending, agreed=True).count == 1
    parcel.refresh_from_db()
    step = RecordStep.objects.get(parcel=parcel, step="remove")
    assert parcel.stage == "removed" and (step.actor, step.second) == (office, second)
    # out of the register is out of the province's too, and why is kept
    left = UpperEntry.objects.get(parcel=parcel, entered=False)
    assert (parcel.in_upper_register, parcel.upper_number) == (False, "")
    assert (left.upper_number, left.note, left.actor) == ("S-17", "改造完成", office)
    assert not may_use_policies(parcel).allowed
    with pytest.raises(ValidationError, match="已经复核"):
        steps.agree(second, taken.pending, agreed=True)


def test_a_new_run_keeps_what_was_decided_and_confirmed(
    district: Any, town: Any, office: Any, run: Run, run_jobs: Any
) -> None:
    """Overrides stay in force, confirmations stay given; the older verdicts can still be read."""
    from identification_scene import DAY

    from panhuo_platform.identification.commands import runs

    chosen = propose(town)
    said = confirm_all(district, chosen)
    parcel = Parcel.objects.filter(outcome="identified").order_by("-pk").first()
    assert parcel is not None and said
    overrides.override(office, parcel, outcome="excluded", reason="纳入收储")
    answered = Due.objects.filter(answer__isnull=False).count()
    again = runs.start(office, on=DAY, title="复核")
    run_jobs()
    again.refresh_from_db()
    assert again.state == "loaded"
    parcel.refresh_from_db()
    assert parcel.outcome == "excluded"
    assert Due.objects.filter(answer__isnull=False).count() == answered
    assert Verdict.objects.filter(parcel=parcel).count() == 2
    told = card(office, parcel)
    assert told is not None and [h["kind"] for h in told["history"]].count("run") == 2
