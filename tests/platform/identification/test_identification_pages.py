"""The pages: what each role sees and does there, without a browser."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from delivered_scene import parcels_layer, unit
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from identification_scene import DEPARTMENTS

from panhuo import exchange
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import commands as deliveries
from panhuo_platform.identification.commands import steps
from panhuo_platform.identification.models import (
    Confirmation,
    Objection,
    Override,
    PendingStep,
    RecordStep,
    Run,
    StandardVersion,
    Submission,
    Verdict,
)
from panhuo_platform.organisations.models import Organisation, User
from panhuo_platform.parcels.models import Parcel


@pytest.fixture
def as_user(district: Any) -> Any:
    """A signed-in client of a role of a unit."""

    def client(name: str, role: str, unit: str) -> Client:
        user = district.user(name, role, unit)
        User.objects.filter(pk=user.pk).update(must_change_password=False)
        made = Client()
        made.force_login(User.objects.get(pk=user.pk))
        return made

    return client


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", answer.content.decode())


def best_town(run: Run) -> str:
    codes = list(Verdict.objects.filter(run=run, outcome="identified").values_list("township_code", flat=True))
    return max(set(codes), key=codes.count)


def test_a_record_goes_from_township_to_receipt_on_the_pages(run: Run, as_user: Any) -> None:
    code = best_town(run)
    town = as_user("zhen", "township", Organisation.objects.get(region__code=code, kind="township").code)
    office = as_user("banzi", "office", "ziran")
    queue = reverse("identification:queue")
    assert "完成调查" in text(town.get(queue))
    survey = reverse("identification:step", args=["survey"])
    page = text(town.post(survey, {"scope": "all"}, follow=True))
    assert f"已办理 {Parcel.objects.filter(township_code=code).count()} 宗" in page
    propose = reverse("identification:step", args=["propose"]) + "?outcome=identified"
    listed = text(town.get(propose))
    assert "初步认定" in listed and "认定" in listed
    one = Parcel.objects.filter(township_code=code, outcome="identified").order_by("number").first()
    assert one is not None
    town.post(propose, {"scope": "ticked", "parcel": [one.pk]})
    assert RecordStep.objects.filter(step="propose").count() == 1
    town.post(propose, {"scope": "all"})
    proposed = Parcel.objects.filter(stage="proposed").count()
    assert proposed == Parcel.objects.filter(township_code=code, outcome="identified").count()

    confirm = reverse("identification:confirm")
    for one in DEPARTMENTS:
        department = as_user(f"d-{one}", "department", one)
        assert "确认认定条件" in text(department.get(confirm))
        department.post(confirm, {"scope": "all", "answer": "confirmed"})
    assert Confirmation.objects.exists()
    assert "已办理" in text(
        office.post(reverse("identification:step", args=["identify"]), {"scope": "all"}, follow=True)
    )
    identified = Parcel.objects.filter(stage="identified").count()
    assert identified > 0

    send = reverse("identification:send")
    assert "向青岚市自然资源和规划局报送" in text(office.get(send))
    answer = office.post(send, {"title": "第一批"})
    sent = Submission.objects.get()
    assert answer["Location"] == reverse("identification:submission", args=[sent.key])
    assert sent.parcels_count == identified
    assert town.get(send).status_code == 404
    receipt = {
        "number": "〔2026〕88号", "on": "2026-11-01", "numbers": f"{sent.items.all()[0].parcel.code}\tSD-1",
        "file": SimpleUploadedFile("回执.pdf", b"%PDF-1.7 x"),
    }  # fmt: skip
    assert town.post(answer["Location"], receipt).status_code == 404
    receipt["file"] = SimpleUploadedFile("回执.pdf", b"%PDF-1.7 x")
    assert "回执已登记" in text(office.post(answer["Location"], receipt, follow=True))
    assert Parcel.objects.filter(in_upper_register=True).count() == identified
    file = office.get(reverse("identification:receipt_file", args=[sent.key]))
    assert b"".join(file.streaming_content).startswith(b"%PDF")


def test_one_parcels_page(run: Run, as_user: Any) -> None:
    code = best_town(run)
    parcel = Parcel.objects.filter(township_code=code, outcome="identified").order_by("number").first()
    assert parcel is not None
    office = as_user("banzi", "office", "ziran")
    here = reverse("identification:parcel", args=[parcel.number])
    page = text(office.get(here))
    assert "决定条件" in page and "怎样会改变结论" in page and "历次运行和办理" in page
    assert "<html" not in text(office.get(reverse("identification:card", args=[parcel.number])))
    other = as_user("bie", "township", "maiqiu" if code != "990112104" else "guyang")
    for name in ("parcel", "card", "override", "objection"):
        assert other.get(reverse(f"identification:{name}", args=[parcel.number])).status_code == 404
    condition = Verdict.objects.get(parcel=parcel).reasons[0]
    objection = reverse("identification:objection", args=[parcel.number])
    wrong = office.post(objection, {"condition": condition, "by": "", "text": ""})
    assert wrong.status_code == 200 and not Objection.objects.exists()
    office.post(objection, {"condition": condition, "by": "某公司", "text": "<b>不服</b>"})
    page = text(office.get(reverse("identification:queue")))
    assert "某公司" in page and "<b>不服" not in page
    office.post(reverse("identification:answer", args=[Objection.objects.get().pk]), {"upheld": "0", "text": "驳回"})
    assert Objection.objects.get().state == "rejected"
    override = reverse("identification:override", args=[parcel.number])
    refused = text(office.post(override, {"outcome": "identified", "main_class": "", "reason": "x"}))
    assert "类别" in refused
    office.post(override, {"outcome": "excluded", "main_class": "", "reason": "纳入收储"})
    assert "人工改判" in text(office.get(here))
    office.post(reverse("identification:take_back", args=[parcel.number]), {"reason": "未收储"})
    assert Override.objects.get().ended_at is not None
    Parcel.objects.filter(pk=parcel.pk).update(stage="registered")
    take = reverse("identification:take", args=[parcel.number, "remove"])
    office.post(take, {"reason": "改造完成"})
    second = as_user("fu", "office", "ziran")
    assert "等您复核" in text(second.get(reverse("identification:queue")))
    second.post(reverse("identification:agree", args=[PendingStep.objects.get().pk]), {"agreed": "1"})
    assert Parcel.objects.get(pk=parcel.pk).stage == "removed"
    step = RecordStep.objects.get()
    shown = text(office.get(reverse("identification:shown", args=[parcel.number, step.shown_id])))
    assert step.shown_id in shown
    assert office.get(reverse("identification:shown", args=[parcel.number, "0" * 64])).status_code == 404


def test_a_standard_is_drafted_tried_and_approved_on_the_pages(run: Run, as_user: Any, run_jobs: Any) -> None:
    office, leader = as_user("banzi", "office", "ziran"), as_user("zuzhang", "leader", "quzhengfu")
    here = reverse("identification:standards")
    in_force = StandardVersion.objects.get()
    office.post(here, {"title": "修订", "on": in_force.pk})
    draft = StandardVersion.objects.get(title="修订")
    page = reverse("identification:standard", args=[draft.pk])
    assert "保存改动" in text(office.get(page)) and "保存改动" not in text(leader.get(page))
    values = reverse("identification:set_values", args=[draft.pk])
    assert "不是数字" in text(office.post(values, {"v:standard.conditions.sparse:lt": "多"}, follow=True))
    assert "没有改动" in text(office.post(values, {"v:standard.conditions.sparse:lt": "0.3"}, follow=True))
    said = office.post(values, {"v:standard.conditions.sparse:lt": "0.4", "set_by": "区自然资源局"}, follow=True)
    assert "已设定 1 项" in text(said)
    book = office.get(reverse("identification:workbook", args=[draft.pk]))
    again = {"file": SimpleUploadedFile("阈值.xlsx", book.content)}
    workbook = reverse("identification:workbook", args=[draft.pk])
    assert "没有不同" in text(office.post(workbook, again, follow=True))
    assert leader.post(values, {"v:standard.conditions.sparse:lt": "0.9"}).status_code == 403
    office.post(reverse("identification:act", args=[draft.pk, "try"]))
    assert "试运行中" in text(office.get(page))
    run_jobs()
    trial = draft.trials.get()
    assert "怎样变化" in text(office.get(reverse("identification:trial", args=[draft.pk, trial.pk])))
    assert (
        office.post(reverse("identification:act", args=[draft.pk, "approve"]), {"day": "2026-12-01"}).status_code == 403
    )
    leader.post(reverse("identification:act", args=[draft.pk, "approve"]), {"day": "2026-12-01", "document": "2号"})
    draft.refresh_from_db()
    assert (draft.state, str(draft.starts_on)) == ("approved", "2026-12-01")
    assert office.post(reverse("identification:act", args=[draft.pk, "nothing"])).status_code == 404


def test_runs_and_what_if_on_the_pages(run: Run, as_user: Any) -> None:
    office, town = as_user("banzi", "office", "ziran"), as_user("gu", "township", "guyang")
    assert run.title in text(office.get(reverse("identification:runs")))
    page = text(office.get(reverse("identification:run", args=[run.pk])))
    assert "交入宗数等于各结论之和" in page and "两库一清单.gpkg" in page
    assert "成果" not in text(town.get(reverse("identification:run", args=[run.pk]))).split("<main")[1]
    paper = reverse("identification:paper", args=[run.pk, "汇总表.xlsx"])
    assert town.get(paper).status_code == 404
    assert b"".join(office.get(paper).streaming_content).startswith(b"PK")
    assert "已完成" in text(office.get(reverse("identification:progress", args=[run.pk])))
    sliders = text(office.get(reverse("identification:whatif")))
    assert 'name="standard.conditions.sparse:lt"' in sliders
    ask = reverse("identification:whatif_answer", args=[run.pk])
    answer = text(office.get(ask, {"standard.conditions.sparse:lt": "0.45", "standard.conditions.vacant:ge": "x"}))
    assert "宗结论变化" in answer and 'data-changes-now="standard.conditions.sparse%3Alt=0.45"' in answer, "for the map"
    assert town.get(ask).status_code == 403
    assert "只能查看本辖区" in text(town.get(reverse("identification:whatif")))


def test_before_anything_has_been_done_the_pages_say_what_to_do(district: Any, as_user: Any) -> None:
    office = as_user("banzi", "office", "ziran")
    for name, words in (
        ("runs", "还没有认定运行"), ("standards", "还没有认定标准"), ("whatif", "还没有可以试算的运行"),
        ("submissions", "还没有报送"), ("queue", "没有等您确认的条件"), ("confirm", "没有等您确认的宗地"),
        ("send", "没有可以报送的宗地"),
    ):  # fmt: skip
        assert words in text(office.get(reverse(f"identification:{name}")))
    assert "没有施行中的认定标准" in text(
        office.post(reverse("identification:runs"), {"on": "2026-11-21"}, follow=True)
    )


def test_what_was_handed_back_waits_with_its_reason(as_user: Any, run: Run, run_jobs: Any, tmp_path: Path) -> None:
    """Rows that cannot be judged wait for their sender, returned parcels for the township that goes on."""
    office = as_user("zhang", "office", "ziran")
    acting = User.objects.get(username="zhang")
    exchange.write([parcels_layer()], tmp_path / "宗地.gpkg")
    deliveries.take_in(
        acting, tmp_path / "宗地.gpkg", sender=unit("shiqiaobu"), title="石桥埠镇宗地", township_code="990112100"
    )
    run_jobs()
    parcel = Parcel.objects.order_by("pk").first()
    assert parcel is not None
    Parcel.objects.filter(pk=parcel.pk).update(stage="checked")
    steps.take(acting, "return", [parcel], reason="界址与登记不符")
    address = reverse("identification:returned")

    rows, parcels = text(office.get(address)), text(office.get(address, {"of": "parcels"}))

    assert "没有宗地代码" in rows and "石桥埠镇人民政府" in rows and "石桥埠镇宗地" in rows
    assert parcel.code in parcels and "界址与登记不符" in parcels and "自然资源" in parcels
    book = openpyxl.load_workbook(io.BytesIO(office.get(reverse("identification:returned_file")).content))
    cells = [str(c.value) for sheet in book for line in sheet.iter_rows() for c in line]
    assert {"没有宗地代码", "界址与登记不符", parcel.code} <= set(cells)
    event = AuditEvent.objects.filter(action="exported").first()
    assert event is not None and event.detail["parcels"] == 1
    other = text(as_user("li", "township", "guyang").get(address))
    assert "没有宗地代码" not in other
