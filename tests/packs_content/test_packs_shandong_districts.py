"""The packs of two districts of Shandong: Licheng's organisation and supervision, Xuecheng's land for key projects."""

from __future__ import annotations

import datetime

import pytest
from shandong_parts import deadline, duties, force, formula, holding, pack, rows, seated, shape

from panhuo.packs import compute

# Licheng


@pytest.mark.held("S0-01")
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


@pytest.mark.held("S0-40")
def test_lichengs_plan_for_the_next_year_is_due_by_the_end_of_november() -> None:
    rule = deadline("licheng-2023", "annual-plan")
    assert (rule.month, rule.day, rule.applies_to, rule.inferred) == (11, "last", 1, False)
    assert rule.from_ == datetime.date(2023, 1, 1)
    assert len(rule.who) == 5


@pytest.mark.held("S0-47")
def test_regular_dispatch_waits_for_its_period() -> None:
    rule = deadline("licheng-2023", "dispatch")
    assert (rule.who, rule.every_months, rule.set_by) == (("lianshen", "jianguan"), None, "领导小组办公室")


@pytest.mark.requirement("S0-60")
@pytest.mark.held("S0-08", "S0-61", "S0-62")
def test_lichengs_leading_group_of_nine_heads_and_fourteen_streets() -> None:
    group = force("licheng-2023", "lingdao")
    assert shape("licheng-2023", "lingdao") == (1, 1, 23)
    assert sum(post.endswith("街道办事处 主任") for post in seated("licheng-2023", "lingdao")) == 14
    assert group.office == "qu-ziran" and group.office_head is not None and group.office_head.post == "局长"
    assert group.succession is not None and "自然替补" in group.succession.zh


@pytest.mark.requirement("S0-63", "S0-64")
@pytest.mark.held("S0-10", "S0-66")
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


@pytest.mark.held("S0-16")
def test_streets_parks_and_platforms_are_the_responsible_subjects() -> None:
    assert duties("licheng-2023", "三", "responsible") == {"各街道办事处", "园区", "平台"}


def test_one_unit_under_several_names() -> None:
    licheng = pack("licheng-2023")
    assert licheng.unit("区政务服务中心") is licheng.unit("区行政审批局") is licheng.unit("区行政审批服务局")
    assert licheng.unit("区投资促进服务中心") is licheng.unit("区投促局")


@pytest.mark.held("S0-11", "S0-51")
def test_joint_review_is_parallel_and_five_departments_and_the_street_must_set_terms() -> None:
    reviews = {r.id: r for r in pack("licheng-2023").workflow.reviews}
    members = {s.unit for s in force("licheng-2023", "lianshen").seats}
    assert reviews["joint"].order == "parallel" and members <= {u.unit for u in reviews["joint"].units if u.required}
    must = {u.unit for u in reviews["supervision-terms"].units if u.required}
    assert must == {"qu-fagai", "qu-ziran", "qu-zhujian", "qu-gongxin", "qu-toucu", "jiedao"}


@pytest.mark.held("S0-54", "S0-55")
def test_off_plan_means_rectification_then_breach() -> None:
    chain = next(c for c in pack("licheng-2023").workflow.chains if c.id == "project")
    steps = {t.id: t for t in chain.transitions}
    assert steps["rectify"].to == "rectifying" and steps["pursue"].from_ == ("rectifying",)
    assert steps["rectify"].reason_required and steps["close"].two_persons


@pytest.mark.held("S0-59")
def test_the_contractor_edits_only_what_was_commissioned() -> None:
    role = next(r for r in pack("licheng-2023").organisation.roles if r.id == "contractor")
    assert role.scope == "assigned" and set(role.permissions) == {"survey", "special_plan", "annual_plan"}


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        pytest.param("区自然资源局", "procedures", marks=pytest.mark.held("S0-18")),
        pytest.param("市自然资源和规划局第三分局", "procedures", marks=pytest.mark.held("S0-19")),
        pytest.param("区发展改革局", "procedures", marks=pytest.mark.held("S0-20")),
        pytest.param("区工业和信息化局", "procedures", marks=pytest.mark.held("S0-21")),
        pytest.param("区工业和信息化局", "lead", marks=pytest.mark.held("S0-22")),
        pytest.param("区行政审批服务局", "procedures", marks=pytest.mark.held("S0-23")),
        pytest.param("区住建局", "procedures", marks=pytest.mark.held("S0-24")),
        pytest.param("区住建局", "supervise", marks=pytest.mark.held("S0-25")),
        pytest.param("区财政局", "fund", marks=pytest.mark.held("S0-26")),
        pytest.param("区财政局", "supervise", marks=pytest.mark.held("S0-27")),
        pytest.param("市生态环境局历城分局", "procedures", marks=pytest.mark.held("S0-28")),
        pytest.param("市生态环境局历城分局", "review", marks=pytest.mark.held("S0-29")),
        pytest.param("区金融事业发展中心", "fund", marks=pytest.mark.held("S0-30")),
        pytest.param("区投促局", "review", marks=pytest.mark.held("S0-31")),
    ],
)
def test_who_does_what_in_licheng(unit: str, kind: str) -> None:
    assert unit in duties("licheng-2023", "三", kind)


@pytest.mark.held("S0-07")
def test_projects_can_carry_the_4433_tag() -> None:
    assert "4433" in {t.id for t in pack("licheng-2023").meta.tags}


@pytest.mark.held("S0-42")
def test_the_annual_plan_goes_on_only_with_target_mode_and_use() -> None:
    chain = next(c for c in pack("licheng-2023").workflow.chains if c.id == "annual-plan")
    guard = next(t.guard for t in chain.transitions if t.id == "discuss")
    assert guard is not None and all(word in guard.zh for word in ("目标任务", "再开发方式", "利用方向"))


@pytest.mark.held("S0-50")
def test_a_project_passes_three_top_stages() -> None:
    chain = next(c for c in pack("licheng-2023").workflow.chains if c.id == "project")
    stages = [s.name.zh.partition("：")[0] for s in chain.states if "：" in s.name.zh]
    assert list(dict.fromkeys(stages)) == ["策划启动", "组织实施", "联合监管"]


@pytest.mark.held("S0-57")
def test_work_funds_are_budgeted_every_year_on_a_day_the_district_sets() -> None:
    rule = deadline("licheng-2023", "budget")
    assert (rule.kind, rule.month, rule.set_by) == ("yearly", None, "区人民政府")


@pytest.mark.held("S0-44")
def test_the_ledger_balances_and_ticking_off_takes_two() -> None:
    ledger = formula("licheng-2023", "ledger-balance")
    assert compute(ledger, {"at_start": 20, "added": 3, "closed": 5}) == 18
    chain = next(c for c in pack("licheng-2023").workflow.chains if c.id == "project")
    assert next(t.two_persons for t in chain.transitions if t.to == "closed")


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
    assert holding("xuecheng-2022", "quota", in_transition=True, siting_settled=True, scale_sufficient=False) == ["F3"]
    assert holding("xuecheng-2022", "quota", in_transition=False, siting_settled=True, scale_sufficient=False) == []


@pytest.mark.held("S3-11", "S3-17")
def test_what_is_still_short_is_claimed_and_bought() -> None:
    assert "F5-claim" in holding("xuecheng-2022", "quota", short_after_advance=True, project_kind="省重点外资")
    assert holding("xuecheng-2022", "quota", short_after_advance=True, project_kind="其他") == ["F5"]


@pytest.mark.requirement("S3-28")
def test_new_industrial_land_in_key_areas_is_standard_land() -> None:
    assert holding("xuecheng-2022", "supply", new_industrial_land=True, in_key_area=True) == ["G1"]
    assert holding("xuecheng-2022", "supply", new_industrial_land=True, in_key_area=False) == []


@pytest.mark.requirement("S3-84")
@pytest.mark.held("S3-32", "S3-85")
def test_xuechengs_task_force_has_nineteen_seats_with_seven_towns() -> None:
    assert shape("xuecheng-2022", "zhuanban") == (1, 2, 19)
    towns = pack("xuecheng-2022").unit("各镇（街）")
    assert towns is not None and len(towns.members) == 7
    assert set(towns.members) <= {s.unit for s in force("xuecheng-2022", "zhuanban").seats}
    assert force("xuecheng-2022", "zhuanban").office == "qu-ziran"


@pytest.mark.held("S3-39", "S3-40")
def test_docking_follows_the_economic_conference_with_nine_departments() -> None:
    rule = deadline("xuecheng-2022", "annual-docking")
    assert (rule.kind, rule.event, rule.soft) == ("event", "economic_conference", True)
    departments = pack("xuecheng-2022").unit("docking-departments")
    assert departments is not None and len(departments.members) == 9


@pytest.mark.held("S3-51", "S3-83")
def test_a_monthly_report_to_the_task_force_and_a_monthly_circular_to_the_towns() -> None:
    for id in ("monthly-report", "monthly-circular"):
        rule = deadline("xuecheng-2022", id)
        assert (rule.kind, rule.day, rule.set_by) == ("monthly", None, "专班办公室")
    chains = {c.id: c for c in pack("xuecheng-2022").workflow.chains}
    assert [t.who for t in chains["report"].transitions if t.to == "approved"] == [("zhuanban",)]
    assert [t.notifies for t in chains["circular"].transitions if t.to == "sent"] == [("zhenjie",)]


@pytest.mark.requirement("S3-54")
@pytest.mark.held("S3-55")
def test_which_projects_get_a_lead_handler() -> None:
    major = {"grade": "市重点", "kind": "重点产业", "affects_year": True, "assigned_from_above": False}
    assert holding("xuecheng-2022", "lead-handling", **major) == ["Y2"]
    assert holding("xuecheng-2022", "lead-handling", **{**major, "affects_year": False}) == ["Y3"]
    assert holding("xuecheng-2022", "lead-handling", **{**major, "grade": "其他", "assigned_from_above": True}) == [
        "Y1"
    ]
    chain = next(c for c in pack("xuecheng-2022").workflow.chains if c.object == "lead_handling")
    assert next(t.who for t in chain.transitions if t.to == "appointed") == ("quzhengfu",)


@pytest.mark.held("S3-56", "S3-59")
def test_a_lead_handled_project_outside_the_plan_gets_its_own() -> None:
    chain = next(c for c in pack("xuecheng-2022").workflow.chains if c.object == "lead_handling")
    steps = {t.id: t for t in chain.transitions}
    assert steps["make-plan"].who == ("lead-handler", "zhenjie")
    assert steps["inform"].notifies == ("bangongshi",)
    assert "区自然资源局" in duties("xuecheng-2022", "三(二)3", "responsible")


@pytest.mark.held("S3-47", "S3-48")
def test_towns_keep_the_plan_up_to_date_and_the_office_sums_up() -> None:
    chain = next(c for c in pack("xuecheng-2022").workflow.chains if c.object == "guarantee_plan")
    steps = {t.id: t for t in chain.transitions}
    assert "zhenjie" in steps["update"].who and steps["merge"].who == ("bangongshi",)


@pytest.mark.held("S3-25", "S3-82")
def test_a_problem_is_closed_only_after_its_effect_was_checked() -> None:
    chain = next(c for c in pack("xuecheng-2022").workflow.chains if c.object == "issue")
    steps = {t.id: t for t in chain.transitions}
    assert steps["close"].from_ == ("solved",) and steps["close"].two_persons
    assert steps["reopen"].to == "acting" and steps["reopen"].clause == "xuecheng-2022#三(四)"


@pytest.mark.held("S3-22", "S3-69")
def test_towns_and_units_name_liaisons() -> None:
    assert {"各镇（街）"} <= duties("xuecheng-2022", "工作要求(三)", "coordinate")
    assert duties("xuecheng-2022", "三(二)(2)", "coordinate") == {"有关单位"}
    role = next(r for r in pack("xuecheng-2022").organisation.roles if r.id == "liaison")
    assert (role.seat, role.scope) == ("liaison", "own_projects")


@pytest.mark.held("S3-30")
def test_priorities_are_tags() -> None:
    assert {"6＋3", "重大基础设施", "重大民生工程"} <= {t.id for t in pack("xuecheng-2022").meta.tags}
