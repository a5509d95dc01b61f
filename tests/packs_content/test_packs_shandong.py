# ruff: noqa: E501 - a sample stays on one line
"""The packs of Shandong, Liaocheng, Licheng and Xuecheng say what their documents say, clause by clause."""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from panhuo.identify import identify, run_pack_tests
from panhuo.identify.decisions import RowHit, decide
from panhuo.identify.examples import facts_of
from panhuo.packs import Pack, check_pack, compute, load_pack, unset_values
from panhuo.packs.models import Deadline, Formula, Leaf, TaskForce
from panhuo.packs.trials import run_formula_examples

ON = datetime.date(2026, 11, 21)
FOLDER = Path(__file__).parents[2] / "packs"
NAMES = ("shandong-2020", "liaocheng-2020", "licheng-2023", "xuecheng-2022")
#: Part K of the register: every clause of each document.
CLAUSES = {
    "licheng-2023": "文号 序言 一 二 三 四(一) 四(二) 四(三) 四(四) 五 附件",
    "liaocheng-2020": "印发 序言 一 一(一) 一(二) 一(三) 二 二(一) 二(二) 二(三) 二(四) 二(五) 三 三(一) 三(二) 三(三) 三(四) 三末段 "
    "四(一) 四(二) 四(三) 四(四) 四(五) 四(六) 四(七) 四(八) 四(九) 五(一) 五(二) 五(三) 名单",
    "xuecheng-2022": "印发 引言 一 工作要求(一) 工作要求(二) 工作要求(三) 工作要求(四) 三(一) 三(二)1 三(二)2 三(二)3 三(二)(1) 三(二)(2) "
    "三(三) 三(四) 附件",
}
#: Facts of a parcel that meets every precondition.
SOUND: dict[str, Any] = {
    "second_survey_is_construction": True,
    "is_urban_stock": True,
    "features": ["利用粗放"],
    "ownership_clear": True,
    "in_dispute": False,
    "is_idle_land": False,
}


@cache
def pack(name: str) -> Pack:
    return load_pack(name, ON, [FOLDER])


def deadline(name: str, id: str) -> Deadline:
    return next(d for d in pack(name).calendar.deadlines if d.id == id)


def force(name: str, id: str) -> TaskForce:
    found = pack(name).task_force(id)
    assert found is not None
    return found


def seated(name: str, id: str) -> list[str]:
    """The posts of a task force with their units' names, head and deputies first."""
    group = force(name, id)
    seats = [*([group.head] if group.head else []), *group.deputies, *group.seats]
    return [f"{pack(name).actor(s.unit).zh} {s.post}" for s in seats for _ in range(s.count)]


def shape(name: str, id: str) -> tuple[int, int, int]:
    """How many head, deputies and members a task force has."""
    group = force(name, id)
    return (1 if group.head else 0), len(group.deputies), sum(s.count for s in group.seats)


def duties(name: str, clause: str, kind: str | None = None) -> set[str]:
    found = pack(name)
    return {
        found.actor(d.unit).zh
        for d in found.organisation.duties
        if d.clause == f"{name}#{clause}" and kind in (None, d.kind)
    }


def formula(name: str, id: str) -> Formula:
    return next(f for f in pack(name).incentives.formulas if f.id == id)


def rows(name: str, table: str, **answers: Any) -> list[RowHit]:
    """The rows of a decision table that hold for one case, or that cannot be judged yet."""
    schema = {k: pl.Boolean if isinstance(v, bool) else pl.String for k, v in answers.items()}
    case = pl.DataFrame([{"parcel_code": "1", **answers}], schema={"parcel_code": pl.String, **schema})
    return [hit for hit in decide(pack(name), case).of("1") if hit.table == table]


def holding(name: str, table: str, **answers: Any) -> list[str]:
    return [hit.row for hit in rows(name, table, **answers) if hit.state == "holds"]


def outcome(name: str, condition: str | None = None, **facts: Any) -> Any:
    """The outcome for a sound parcel with these facts, or what one condition answers."""
    verdicts = identify(facts_of([{"parcel_code": "1", **SOUND, **facts}]), pack(name))
    frame = verdicts.frame if condition is None else verdicts.evidence
    return frame.row(0, named=True)["outcome" if condition is None else condition]


# Every pack


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_has_no_errors_and_its_examples_come_out(name: str) -> None:
    assert [p.say() for p in check_pack(name, ON, [FOLDER])] == []
    assert [r.say() for r in run_pack_tests(pack(name)) if not r.passed] == []
    assert [t for t in run_formula_examples(pack(name)) if not t.passed] == []


@pytest.mark.parametrize("name", CLAUSES)
def test_every_clause_of_the_document_has_a_summary_of_our_own(name: str) -> None:
    missing = [c for c in CLAUSES[name].split() if pack(name).clause(f"{name}#{c}") is None]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_open_says_who_decides(name: str) -> None:
    assert all(u.set_by for u in unset_values(pack(name)))


@pytest.mark.parametrize("name", ["liaocheng-2020", "licheng-2023", "xuecheng-2022"])
def test_seats_are_posts(name: str) -> None:
    ends = ("长", "主任", "调研员", "负责人", "处级干部", "联络员）")
    posts = [s.post for t in pack(name).organisation.task_forces for s in t.seats]
    assert [p for p in posts if not p.endswith(ends)] == []


def test_the_provincial_frame_is_inferred_and_liaocheng_states_it() -> None:
    province, city = pack("shandong-2020"), pack("liaocheng-2020")
    for condition in ("P1", "P2", "P3", "P4", "P4-undisputed", "A1", "A2-safety", "A3", "B1-kind", "C1", "C2", "G"):
        known, stated = province.condition(condition), city.condition(condition)
        assert isinstance(known, Leaf) and isinstance(stated, Leaf)
        assert known.inferred and known.clause is not None and known.clause.startswith("shandong-2020#")
        assert not stated.inferred and stated.clause is not None and stated.clause.startswith("liaocheng-2020#一")
    assert all("聊城方案" in f.note.zh for f in province.workflow.filing if f.note)


# Liaocheng


@pytest.mark.requirement("S1-02")
def test_liaocheng_rests_on_the_national_and_provincial_opinions() -> None:
    document = pack("liaocheng-2020").documents["liaocheng-2020"]
    numbers = {pack("liaocheng-2020").documents[b].number for b in document.basis}
    assert {"国土资发〔2016〕147号", "鲁政办字〔2020〕32号", "鲁自然资字〔2019〕88号"} <= numbers
    assert document.date == datetime.date(2020, 10, 23)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"second_survey_is_construction": False}, marks=pytest.mark.requirement("S1-04")),
        pytest.param({"features": []}, marks=pytest.mark.requirement("S1-05")),
        pytest.param({"is_urban_stock": False}, marks=pytest.mark.requirement("S1-05")),
        pytest.param({"ownership_clear": False}, marks=pytest.mark.requirement("S1-06")),
        pytest.param({"in_dispute": True}, marks=pytest.mark.requirement("S1-06")),
    ],
)
def test_liaocheng_excludes_what_fails_a_precondition(facts: dict[str, Any]) -> None:
    assert outcome("liaocheng-2020", catalogue_status="淘汰类") == "identified"
    assert outcome("liaocheng-2020", **{"catalogue_status": "淘汰类", **facts}) == "excluded"


@pytest.mark.parametrize(
    ("main_class", "facts"),
    [
        pytest.param("A", {"catalogue_status": "禁止类"}, marks=pytest.mark.requirement("S1-07")),
        pytest.param("A", {"catalogue_status": "允许类", "environment_compliant": False}, marks=pytest.mark.requirement("S1-08")),
        pytest.param("A", {"catalogue_status": "允许类", "in_exit_list": True}, marks=pytest.mark.requirement("S1-09")),
        pytest.param("B", {"in_renewal_area": True, "renewal_area_kind": "老工业区", "facilities_backward": True}, marks=pytest.mark.requirement("S1-10")),
        pytest.param("C", {"is_industry_land": True, "yield_class": "限制发展类"}, marks=pytest.mark.requirement("S1-12")),
    ],
)  # fmt: skip
def test_liaocheng_has_three_classes(main_class: str, facts: dict[str, Any]) -> None:
    verdicts = identify(facts_of([{"parcel_code": "1", **SOUND, **facts}]), pack("liaocheng-2020"))
    assert verdicts.frame.row(0, named=True)["main_class"] == main_class


@pytest.mark.requirement("S1-11", "S1-13")
def test_a_county_sets_what_clearly_below_means_and_only_then_land_is_caught(tmp_path: Path) -> None:
    county = tmp_path / "county"
    county.mkdir()
    (county / "pack.yaml").write_text(
        "id: county\ntitle: {zh: 某县标准, en: A county}\nlevel: county\nextends: [liaocheng-2020]\n", "utf-8"
    )
    (county / "clauses.yaml").write_text("document: liaocheng-2020\n", "utf-8")
    (county / "standard.yaml").write_text("conditions:\n  - {id: C1, factor: 0.5}\n", "utf-8")
    low = {"investment_intensity": 900.0, "plot_ratio": 1.0, "output_per_hectare": 7000.0}
    usual = {"investment_intensity": 5000.0, "plot_ratio": 1.0, "output_per_hectare": 7000.0}
    same = {**SOUND, "is_industry_land": True, "industry_division": "C33", "yield_class": "支持发展类"}
    parcels = facts_of([{"parcel_code": str(i), **same, **(usual if i else low)} for i in range(5)])

    before = identify(parcels, pack("liaocheng-2020")).frame["outcome"].to_list()
    after = identify(parcels, load_pack(county, ON, [FOLDER])).frame["outcome"].to_list()

    assert before == ["unknown"] * 5
    assert after[0] == "identified" and "identified" not in after[1:]
    assert "standard.conditions.C1.factor" in {u.what for u in unset_values(pack("liaocheng-2020"))}


@pytest.mark.requirement("S1-17")
def test_only_land_in_the_provincial_register_may_use_the_policy() -> None:
    liaocheng = pack("liaocheng-2020")
    gate = liaocheng.standard.gate
    assert gate is not None and (gate.value, gate.is_, gate.clause) == ("in_upper_register", True, "liaocheng-2020#一")
    guarded = [t.id for c in liaocheng.workflow.chains if c.id in ("annual-plan", "project") for t in c.transitions if isinstance(t.condition, Leaf) and t.condition.value == "in_upper_register"]  # fmt: skip
    assert guarded == ["approve", "plan"]


@pytest.mark.parametrize(
    ("id", "date"),
    [
        pytest.param("survey", datetime.date(2020, 10, 31), marks=pytest.mark.requirement("S1-19")),
        pytest.param("mapping", datetime.date(2020, 11, 30), marks=pytest.mark.requirement("S1-24")),
        pytest.param("special-plan", datetime.date(2020, 12, 31), marks=pytest.mark.requirement("S1-27")),
        pytest.param("first-annual", datetime.date(2021, 2, 28), marks=pytest.mark.requirement("S1-33")),
    ],
)
def test_the_stages_of_2020_are_kept_as_history(id: str, date: datetime.date) -> None:
    rule = deadline("liaocheng-2020", id)
    assert (rule.date, rule.inferred) == (date, False)
    assert [t.id for t in pack("liaocheng-2020").programme.tasks if t.deadline == id]


@pytest.mark.requirement("S1-26")
def test_the_supplementary_survey_comes_as_the_province_directs() -> None:
    rule = deadline("liaocheng-2020", "update-survey")
    assert (rule.kind, rule.every_months, rule.set_by) == ("recurring", None, "省自然资源厅")


@pytest.mark.requirement("S1-40")
def test_from_2021_the_plan_of_the_same_year_is_due_on_the_last_day_of_february() -> None:
    rule = deadline("liaocheng-2020", "annual-plan")
    assert (rule.month, rule.day, rule.applies_to) == (2, "last", 0)
    assert rule.from_ == datetime.date(2021, 1, 1)
    assert {d.zh for d in rule.deliverable} == {"年度实施计划", "项目实施方案"}


@pytest.mark.requirement("S1-32")
def test_the_special_plan_is_checked_approved_and_made_public_in_this_order() -> None:
    chain = next(c for c in pack("liaocheng-2020").workflow.chains if c.id == "special-plan")
    stated = [t for t in chain.transitions if t.clause == "liaocheng-2020#二(三)"]
    assert [(t.from_[0], t.to) for t in stated] == [("draft", "checked"), ("checked", "approved"), ("approved", "public")]  # fmt: skip
    assert stated[0].who == ("shi-ziran",)


@pytest.mark.requirement("S1-47")
@pytest.mark.parametrize(
    ("answers", "triggers"),
    [
        ({"new_use": "商品住宅"}, ["R1"]),
        ({"new_use": "公共设施"}, ["R2"]),
        ({"new_use": "工业", "take_back_agreed": True}, ["R3"]),
        ({"new_use": "工业", "take_back_agreed": True, "in_reserve_range": True}, ["R3", "R4"]),
        ({"new_use": "工业", "take_back_agreed": False, "in_reserve_range": False}, []),
    ],
)
def test_what_forces_the_land_bank(answers: dict[str, Any], triggers: list[str]) -> None:
    assert holding("liaocheng-2020", "reserve", **answers) == triggers


@pytest.mark.requirement("S1-49", "S1-53", "S1-55")
def test_other_modes_are_open_only_when_nothing_forces_the_land_bank() -> None:
    free = {"new_use": "工业", "take_back_agreed": False, "in_reserve_range": False, "conforms_to_plan": True}
    willing = {"owner_willing": True, "village_collective": False, "capable_entity": False}
    village = {"village_collective": True, "conforms_to_use_control": True, "villagers_agree": True, "capable_entity": True}  # fmt: skip
    assert holding("liaocheng-2020", "permitted", **free, **willing) == ["M5"]
    assert holding("liaocheng-2020", "permitted", **free, owner_willing=False, **village) == ["M8", "M9"]
    assert holding("liaocheng-2020", "permitted", **{**free, "new_use": "商品住宅"}, **willing) == []
    unclear = rows("liaocheng-2020", "permitted", new_use="工业", conforms_to_plan=True, **willing)
    assert [(r.row, r.state) for r in unclear] == [("M5", "unknown")]


@pytest.mark.requirement("S1-57", "S1-58")
def test_operating_use_pays_up_on_the_price_of_the_day_of_acceptance() -> None:
    for mode in ("own", "collective", "market"):
        assert "Q10" in holding("liaocheng-2020", "requirements", chosen_mode=mode, new_use="旅游")
    assert "Q10" not in holding("liaocheng-2020", "requirements", chosen_mode="reserve", new_use="旅游")
    base = pack("liaocheng-2020").parameter("price_base_date")
    assert base is not None and base.value == "依法受理补缴申请之日"
    chain = next(c for c in pack("liaocheng-2020").workflow.chains if c.object == "price_case")
    assert chain.first == "accepted"


@pytest.mark.requirement("S1-67")
def test_the_subsidy_on_land_value_tax_in_both_readings() -> None:
    subsidy, years = formula("liaocheng-2020", "vat-subsidy"), {"last_year": 100.0, "this_year": 120.0}
    assert (subsidy.parameters["growth"].value, subsidy.parameters["rate"].value) == (0.08, 0.6)
    assert compute(subsidy, years) is None  # nobody has said what the province's share is
    assert compute(subsidy, years, parameters={"share": 0.5}) == 3.6
    assert compute(subsidy, years, parameters={"share": 0.5}, readings={"base": "whole"}) == 6
    assert compute(subsidy, {**years, "this_year": 108.0}, parameters={"share": 0.5}) == 0


@pytest.mark.requirement("S1-76", "S1-77", "S1-78")
def test_the_transition_lasts_five_years_or_until_transfer() -> None:
    rule = deadline("liaocheng-2020", "transition-end")
    assert rule.after is not None and (rule.after.unit, rule.after.amount) == ("years", 5)
    assert deadline("liaocheng-2020", "transition-transfer").event == "transferred"
    tool = next(t for t in pack("liaocheng-2020").modes.tools if t.id == "transition")
    assert tool.open and {p.zh for p in tool.preconditions} >= {"符合规划", "经批准"}
    start = pack("liaocheng-2020").parameter("transition_start")
    assert start is not None and start.inferred  # the text does not say from when


@pytest.mark.requirement("S1-99")
def test_six_kinds_of_papers_are_filed_within_a_month() -> None:
    filings = pack("liaocheng-2020").workflow.filing
    assert {f.what.zh for f in filings} == {"专项规划", "实施方案", "用地批文", "土地供应结果", "监管协议", "实施情况"}
    assert {(f.limit.unit, f.limit.amount) for f in filings} == {("months", 1)}
    assert {f.clause for f in filings} == {"liaocheng-2020#五(三)"}


@pytest.mark.requirement("S1-86", "S1-100", "S1-101")
def test_liaochengs_task_force_by_post() -> None:
    assert shape("liaocheng-2020", "zhuanban") == (1, 2, 13)
    assert seated("liaocheng-2020", "zhuanban")[:3] == ["聊城市人民政府 副市长", "市政府办公室 副主任", "市自然资源和规划局 局长"]  # fmt: skip
    assert (force("liaocheng-2020", "zhuanban").office, pack("liaocheng-2020").unit("市新旧动能办")) == (
        "shi-ziran", pack("liaocheng-2020").unit("发展改革部门"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("clause", "count"),
    [
        pytest.param("一", 4, marks=pytest.mark.requirement("S1-18")),
        pytest.param("二", 6, marks=pytest.mark.requirement("S1-42")),
        pytest.param("三末段", 7, marks=pytest.mark.requirement("S1-60")),
        pytest.param("四(三)", 7, marks=pytest.mark.requirement("S1-70")),
        pytest.param("四(四)", 6, marks=pytest.mark.requirement("S1-74")),
        pytest.param("四(七)", 6, marks=pytest.mark.requirement("S1-103")),
    ],
)
def test_each_chapter_has_its_responsible_units(clause: str, count: int) -> None:
    assert len(duties("liaocheng-2020", clause, "responsible")) == count


# Licheng


@pytest.mark.requirement("S0-01")
def test_licheng_rests_on_province_and_city() -> None:
    licheng = pack("licheng-2023")
    document = licheng.documents["licheng-2023"]
    assert document.number == "济历城政办字〔2023〕12号"
    assert [licheng.documents[b].number for b in document.basis] == ["鲁政办字〔2020〕32号", "济政办字〔2023〕8号"]


def test_lichengs_classes_are_the_provinces_and_marked_as_inferred() -> None:
    licheng = pack("licheng-2023")
    assert [(c.id, c.inferred) for c in licheng.standard.classes] == [("A", True), ("B", True), ("C", True)]
    assert licheng.origin("standard.classes.A") == ("shandong-2020",)
    assert all(m.inferred for m in licheng.modes.modes)


@pytest.mark.requirement("S0-40")
def test_lichengs_plan_for_the_next_year_is_due_by_the_end_of_november() -> None:
    rule = deadline("licheng-2023", "annual-plan")
    assert (rule.month, rule.day, rule.applies_to, rule.inferred) == (11, "last", 1, False)
    assert rule.from_ == datetime.date(2023, 1, 1)
    assert len(rule.who) == 5


@pytest.mark.requirement("S0-47")
def test_regular_dispatch_waits_for_its_period() -> None:
    rule = deadline("licheng-2023", "dispatch")
    assert (rule.who, rule.every_months, rule.set_by) == (("lianshen", "jianguan"), None, "领导小组办公室")


@pytest.mark.requirement("S0-08", "S0-60", "S0-61", "S0-62")
def test_lichengs_leading_group_of_nine_heads_and_fourteen_streets() -> None:
    group = force("licheng-2023", "lingdao")
    assert shape("licheng-2023", "lingdao") == (1, 1, 23)
    assert sum(post.endswith("街道办事处 主任") for post in seated("licheng-2023", "lingdao")) == 14
    assert group.office == "qu-ziran" and group.office_head is not None and group.office_head.post == "局长"
    assert group.succession is not None and "自然替补" in group.succession.zh


@pytest.mark.requirement("S0-10", "S0-63", "S0-64", "S0-66")
def test_lichengs_two_task_forces() -> None:
    assert shape("licheng-2023", "lianshen") == (1, 1, 10)
    assert shape("licheng-2023", "jianguan") == (1, 0, 24)
    review, supervision = (force("licheng-2023", t).seats for t in ("lianshen", "jianguan"))
    assert [s.unit for s in supervision[:10]] == [s.unit for s in review]
    assert "zhifa" in {s.unit for s in review}


@pytest.mark.requirement("S0-65")
def test_licheng_has_fourteen_streets() -> None:
    streets = pack("licheng-2023").unit("各街道办事处")
    assert streets is not None and len(streets.members) == 14
    assert {d.kind for d in pack("licheng-2023").organisation.divisions} == {"street"}


@pytest.mark.requirement("S0-16")
def test_streets_parks_and_platforms_are_the_responsible_subjects() -> None:
    assert duties("licheng-2023", "三", "responsible") == {"各街道办事处", "园区", "平台"}


def test_one_unit_under_several_names() -> None:
    licheng = pack("licheng-2023")
    assert licheng.unit("区政务服务中心") is licheng.unit("区行政审批局") is licheng.unit("区行政审批服务局")
    assert licheng.unit("区投资促进服务中心") is licheng.unit("区投促局")


@pytest.mark.requirement("S0-11", "S0-51")
def test_joint_review_is_parallel_and_five_departments_and_the_street_must_set_terms() -> None:
    reviews = {r.id: r for r in pack("licheng-2023").workflow.reviews}
    members = {s.unit for s in force("licheng-2023", "lianshen").seats}
    assert reviews["joint"].order == "parallel" and members <= {u.unit for u in reviews["joint"].units if u.required}
    must = {u.unit for u in reviews["supervision-terms"].units if u.required}
    assert must == {"qu-fagai", "qu-ziran", "qu-zhujian", "qu-gongxin", "qu-toucu", "jiedao"}


@pytest.mark.requirement("S0-54", "S0-55")
def test_off_plan_means_rectification_then_breach() -> None:
    chain = next(c for c in pack("licheng-2023").workflow.chains if c.id == "project")
    steps = {t.id: t for t in chain.transitions}
    assert steps["rectify"].to == "rectifying" and steps["pursue"].from_ == ("rectifying",)
    assert steps["rectify"].reason_required and steps["close"].two_persons


@pytest.mark.requirement("S0-59")
def test_the_contractor_edits_only_what_was_commissioned() -> None:
    role = next(r for r in pack("licheng-2023").organisation.roles if r.id == "contractor")
    assert role.scope == "assigned" and set(role.permissions) == {"survey", "special_plan", "annual_plan"}


# Xuecheng


def test_xuecheng_has_no_standard_of_its_own_and_switches_key_projects_on() -> None:
    assert pack("xuecheng-2022").standard.classes == () and pack("xuecheng-2022").module("key_projects")


@pytest.mark.requirement("S3-06", "S3-07", "S3-09")
@pytest.mark.parametrize(
    ("land_plan", "urban_plan", "consistency", "result"),
    [
        (True, True, None, "site-as-planned"),
        (False, True, True, "consistency-scheme"),
        (True, False, True, "consistency-scheme"),
        (False, False, False, "re-site"),
    ],
)
def test_siting_in_the_transition(land_plan: bool, urban_plan: bool, consistency: bool | None, result: str) -> None:
    given = {} if consistency is None else {"consistency_met": consistency}
    found = rows("xuecheng-2022", "siting", conforms_to_land_plan=land_plan, conforms_to_urban_plan=urban_plan, **given)
    assert [(r.result, r.state) for r in found] == [(result, "holds")]


@pytest.mark.requirement("S3-08")
def test_half_of_the_2019_plan_may_be_advanced() -> None:
    xuecheng = pack("xuecheng-2022")
    ratio, year = xuecheng.parameter("advance_ratio"), xuecheng.parameter("advance_base_year")
    assert ratio is not None and ratio.value == 0.5 and year is not None and year.value == 2019
    advance = formula("xuecheng-2022", "advance")
    assert compute(advance, {"plan_2019": 1000, "used": 300, "returned": 0}) == 200
    assert compute(advance, {"plan_2019": 1000, "used": 900, "returned": 0}) == 0
    assert holding("xuecheng-2022", "quota", siting_settled=True, scale_sufficient=False) == ["F3"]


@pytest.mark.requirement("S3-11", "S3-17")
def test_what_is_still_short_is_claimed_and_bought() -> None:
    assert "F5-claim" in holding("xuecheng-2022", "quota", short_after_advance=True, project_kind="省重点外资")
    assert holding("xuecheng-2022", "quota", short_after_advance=True, project_kind="其他") == ["F5"]


@pytest.mark.requirement("S3-28")
def test_new_industrial_land_in_key_areas_is_standard_land() -> None:
    assert holding("xuecheng-2022", "supply", new_industrial_land=True, in_key_area=True) == ["G1"]
    assert holding("xuecheng-2022", "supply", new_industrial_land=True, in_key_area=False) == []


@pytest.mark.requirement("S3-32", "S3-84", "S3-85")
def test_xuechengs_task_force_has_nineteen_seats_with_seven_towns() -> None:
    assert shape("xuecheng-2022", "zhuanban") == (1, 2, 19)
    towns = pack("xuecheng-2022").unit("各镇（街）")
    assert towns is not None and len(towns.members) == 7
    assert set(towns.members) <= {s.unit for s in force("xuecheng-2022", "zhuanban").seats}
    assert force("xuecheng-2022", "zhuanban").office == "qu-ziran"


@pytest.mark.requirement("S3-39", "S3-40")
def test_docking_follows_the_economic_conference_with_nine_departments() -> None:
    rule = deadline("xuecheng-2022", "annual-docking")
    assert (rule.kind, rule.event, rule.soft) == ("event", "economic_conference", True)
    departments = pack("xuecheng-2022").unit("docking-departments")
    assert departments is not None and len(departments.members) == 9


@pytest.mark.requirement("S3-51", "S3-83")
def test_a_monthly_report_to_the_task_force_and_a_monthly_circular_to_the_towns() -> None:
    for id in ("monthly-report", "monthly-circular"):
        rule = deadline("xuecheng-2022", id)
        assert (rule.kind, rule.day, rule.set_by) == ("monthly", None, "专班办公室")
    chains = {c.id: c for c in pack("xuecheng-2022").workflow.chains}
    assert [t.who for t in chains["report"].transitions if t.to == "approved"] == [("zhuanban",)]
    assert [t.notifies for t in chains["circular"].transitions if t.to == "sent"] == [("zhenjie",)]


@pytest.mark.requirement("S3-54", "S3-55")
def test_which_projects_get_a_lead_handler() -> None:
    major = {"grade": "市重点", "kind": "重点产业", "affects_year": True, "assigned_from_above": False}
    assert holding("xuecheng-2022", "lead-handling", **major) == ["Y2"]
    assert holding("xuecheng-2022", "lead-handling", **{**major, "affects_year": False}) == ["Y3"]
    assert holding("xuecheng-2022", "lead-handling", **{**major, "grade": "其他", "assigned_from_above": True}) == [
        "Y1"
    ]
    chain = next(c for c in pack("xuecheng-2022").workflow.chains if c.object == "lead_handling")
    assert next(t.who for t in chain.transitions if t.to == "appointed") == ("quzhengfu",)
