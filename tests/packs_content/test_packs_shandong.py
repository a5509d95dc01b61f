# ruff: noqa: E501 - a sample stays on one line
"""The packs of Shandong: all four, then Liaocheng's standard, dates, modes and formulas, clause by clause."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from shandong_parts import FOLDER, ON, deadline, duties, force, formula, holding, pack, rows, seated, shape

from panhuo.identify import identify, run_pack_tests
from panhuo.identify.examples import facts_of
from panhuo.packs import check_pack, compute, load_pack, unset_values
from panhuo.packs.models import Leaf
from panhuo.packs.trials import run_formula_examples

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


def outcome(**facts: Any) -> Any:
    """The outcome in Liaocheng for a sound parcel with these facts."""
    verdicts = identify(facts_of([{"parcel_code": "1", **SOUND, **facts}]), pack("liaocheng-2020"))
    return verdicts.frame.row(0, named=True)["outcome"]


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


@pytest.mark.held("S1-02")
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
    assert outcome(catalogue_status="淘汰类") == "identified"
    assert outcome(**{"catalogue_status": "淘汰类", **facts}) == "excluded"


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
        pytest.param("survey", datetime.date(2020, 10, 31), marks=pytest.mark.held("S1-19")),
        pytest.param("mapping", datetime.date(2020, 11, 30), marks=pytest.mark.held("S1-24")),
        pytest.param("special-plan", datetime.date(2020, 12, 31), marks=pytest.mark.held("S1-27")),
        pytest.param("first-annual", datetime.date(2021, 2, 28), marks=pytest.mark.held("S1-33")),
    ],
)
def test_the_stages_of_2020_are_kept_as_history(id: str, date: datetime.date) -> None:
    rule = deadline("liaocheng-2020", id)
    assert (rule.date, rule.inferred) == (date, False)
    assert [t.id for t in pack("liaocheng-2020").programme.tasks if t.deadline == id]


@pytest.mark.held("S1-26")
def test_the_supplementary_survey_comes_as_the_province_directs() -> None:
    rule = deadline("liaocheng-2020", "update-survey")
    assert (rule.kind, rule.every_months, rule.set_by) == ("recurring", None, "省自然资源厅")


@pytest.mark.held("S1-40")
def test_from_2021_the_plan_of_the_same_year_is_due_on_the_last_day_of_february() -> None:
    rule = deadline("liaocheng-2020", "annual-plan")
    assert (rule.month, rule.day, rule.applies_to) == (2, "last", 0)
    assert rule.from_ == datetime.date(2021, 1, 1)
    assert {d.zh for d in rule.deliverable} == {"年度实施计划", "项目实施方案"}


@pytest.mark.held("S1-32")
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


@pytest.mark.requirement("S1-57")
@pytest.mark.held("S1-58")
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


@pytest.mark.held("S1-76", "S1-77", "S1-78")
def test_the_transition_lasts_five_years_or_until_transfer() -> None:
    rule = deadline("liaocheng-2020", "transition-end")
    assert rule.after is not None and (rule.after.unit, rule.after.amount) == ("years", 5)
    assert deadline("liaocheng-2020", "transition-transfer").event == "transferred"
    tool = next(t for t in pack("liaocheng-2020").modes.tools if t.id == "transition")
    assert tool.open and {p.zh for p in tool.preconditions} >= {"符合规划", "经批准"}
    start = pack("liaocheng-2020").parameter("transition_start")
    assert start is not None and start.inferred  # the text does not say from when


@pytest.mark.held("S1-99")
def test_six_kinds_of_papers_are_filed_within_a_month() -> None:
    filings = pack("liaocheng-2020").workflow.filing
    assert {f.what.zh for f in filings} == {"专项规划", "实施方案", "用地批文", "土地供应结果", "监管协议", "实施情况"}
    assert {(f.limit.unit, f.limit.amount) for f in filings} == {("months", 1)}
    assert {f.clause for f in filings} == {"liaocheng-2020#五(三)"}


@pytest.mark.requirement("S1-100")
@pytest.mark.held("S1-86", "S1-101")
def test_liaochengs_task_force_by_post() -> None:
    assert shape("liaocheng-2020", "zhuanban") == (1, 2, 13)
    assert seated("liaocheng-2020", "zhuanban")[:3] == ["聊城市人民政府 副市长", "市政府办公室 副主任", "市自然资源和规划局 局长"]  # fmt: skip
    assert force("liaocheng-2020", "zhuanban").office == "shi-ziran"
    assert pack("liaocheng-2020").unit("市新旧动能办") is pack("liaocheng-2020").unit("发展改革部门")


@pytest.mark.parametrize(
    ("clause", "count"),
    [
        pytest.param("一", 4, marks=pytest.mark.held("S1-18")),
        pytest.param("二", 6, marks=pytest.mark.held("S1-42")),
        pytest.param("三末段", 7, marks=pytest.mark.held("S1-60")),
        pytest.param("四(三)", 7, marks=pytest.mark.held("S1-70")),
        pytest.param("四(四)", 6, marks=pytest.mark.held("S1-74")),
        pytest.param("四(七)", 6, marks=pytest.mark.held("S1-103")),
    ],
)
def test_each_chapter_has_its_responsible_units(clause: str, count: int) -> None:
    assert len(duties("liaocheng-2020", clause, "responsible")) == count


@pytest.mark.parametrize(
    ("unit", "clause", "kind"),
    [
        pytest.param("市自然资源和规划局", "五(一)", "coordinate", marks=pytest.mark.held("S1-87")),
        pytest.param("县（市、区）人民政府", "五(一)", "responsible", marks=pytest.mark.held("S1-88")),
        pytest.param("市属开发区管委会", "五(二)", "plan", marks=pytest.mark.held("S1-89")),
        pytest.param("市行政审批局", "五(二)", "procedures", marks=pytest.mark.held("S1-90")),
        pytest.param("市工业和信息化局", "五(二)", "lead", marks=pytest.mark.held("S1-91")),
        pytest.param("市住房城乡建设局", "五(二)", "guide", marks=pytest.mark.held("S1-92")),
        pytest.param("市自然资源和规划局", "五(二)", "procedures", marks=pytest.mark.held("S1-93")),
        pytest.param("市财政局", "五(二)", "fund", marks=pytest.mark.held("S1-94")),
        pytest.param("市生态环境局", "五(二)", "lead", marks=pytest.mark.held("S1-95")),
        pytest.param("市市场监管局", "四(四)", "enforce", marks=pytest.mark.held("S1-73")),
    ],
)
def test_who_does_what_in_liaocheng(unit: str, clause: str, kind: str) -> None:
    assert unit in duties("liaocheng-2020", clause, kind)


@pytest.mark.held("S1-15", "S1-16")
def test_the_register_goes_from_county_to_city_to_province() -> None:
    chain = next(c for c in pack("liaocheng-2020").workflow.chains if c.object == "record")
    steps = {t.id: t for t in chain.transitions}
    assert [steps[s].who for s in ("verify", "report", "register")] == [("shi-ziran",), ("shi-ziran",), ("sheng-ziran",)]  # fmt: skip
    assert steps["update"].from_ == ("registered",) and steps["return"].reason_required


@pytest.mark.held("S1-37")
def test_plans_are_made_public_for_as_long_as_the_county_says() -> None:
    public = {p.object: p for p in pack("liaocheng-2020").workflow.publicity}
    assert set(public) == {"special_plan", "annual_plan", "project_plan"}
    assert all(p.period is not None and p.period.amount is None and p.period.set_by for p in public.values())


@pytest.mark.held("S1-38")
def test_heritage_makes_a_detour_through_protection_measures() -> None:
    chain = next(c for c in pack("liaocheng-2020").workflow.chains if c.id == "project")
    detour = [t for t in chain.transitions if "heritage" in (*t.from_, t.to)]
    assert [(t.from_[0], t.to) for t in detour] == [("review", "heritage"), ("heritage", "review")]
    assert detour[0].papers[0].zh == "保护管理措施"


@pytest.mark.held("S1-50", "S1-51", "S1-54", "S1-59")
def test_what_goes_with_a_mode() -> None:
    own = {"chosen_mode": "own", "new_use": "工业"}
    assert holding("liaocheng-2020", "requirements", **own, in_contiguous_range=True, users_scattered=False) == ["Q6"]
    assert holding("liaocheng-2020", "requirements", **own, in_contiguous_range=False, users_scattered=True) == ["Q7"]
    village = {"chosen_mode": "collective", "new_use": "商业", "government_organised": True}
    assert holding("liaocheng-2020", "requirements", **village) == ["Q8", "Q10"]
    assert "Q11" in holding("liaocheng-2020", "requirements", **own, handover_planned=True)
    for name in ("collective-share", "handover"):  # each place fixes its own ratio
        assert formula("liaocheng-2020", name).parameters["ratio"].value is None


@pytest.mark.requirement("S1-63")
def test_a_project_that_cannot_balance_has_three_ways_out() -> None:
    tool = next(t for t in pack("liaocheng-2020").modes.tools if t.id == "balance")
    assert tool.formula == "fund-balance" and tool.effect.zh.split("、") == ["政府补助", "异地安置", "容积率异地补偿"]


@pytest.mark.requirement("S1-65", "S1-66")
def test_progress_moves_next_years_quota_once_the_bureau_has_set_the_bands() -> None:
    linkage, slow = formula("liaocheng-2020", "linkage"), {"base": 100.0, "score": 0.5, "no_scale": 0.0}
    bands = {"good_from": 0.9, "slow_below": 0.6, "tilt": 0.1, "cut": 0.2}
    assert compute(linkage, slow) is None
    assert compute(linkage, slow, parameters=bands) == 80
    assert compute(linkage, {**slow, "score": 0.95}, parameters=bands) == 110
    rule = deadline("liaocheng-2020", "linkage")
    assert (rule.event, rule.applies_to) == ("quota_allocation", 1)


@pytest.mark.requirement("S1-82")
def test_provincial_support_needs_an_entry_in_the_register() -> None:
    tool = next(t for t in pack("liaocheng-2020").modes.tools if t.id == "provincial-predevelopment")
    assert isinstance(tool.when, Leaf) and tool.when.value == "in_upper_register"
    assert (tool.approver, tool.clause) == ("sheng-chubei", "liaocheng-2020#四(八)")
