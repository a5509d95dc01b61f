# ruff: noqa: E501 - a list of units or dates stays on one line
"""Jiangmen's pilot as data: ten tasks with their rows, batches, the control line, legacy land, tools without parameters."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from pilot_parts import after, chain, deadline, hit, review, step, task

from panhuo.identify import explain, identify
from panhuo.identify.examples import facts_of
from panhuo.packs import Pack, load_pack, unset_values

ON = datetime.date(2026, 11, 21)
COUNTIES = ("pengjiang", "jianghai", "xinhui", "taishan", "kaiping", "heshan", "enping")


@pytest.fixture(scope="module")
def jiangmen(packs_folder: Path) -> Pack:
    return load_pack("jiangmen-2023", ON, [packs_folder])


# ---------------------------------------------------------------------------------------------------- Jiangmen: the tasks


@pytest.mark.held("S4-29", "S4-34", "S4-39", "S4-44", "S4-50", "S4-56", "S4-63", "S4-69", "S4-73")
def test_every_task_of_jiangmen_has_its_row_of_lead_units_and_date(jiangmen: Pack) -> None:
    rows = {
        "T-01": (["zrzy"], 1, "2026-12-31"), "T-02": (["zrzy", "xianqu"], 5, "2024-03-31"), "T-03": (["zrzy"], 4, "2024-12-31"),
        "T-04": (["zrzy"], 1, "2024-12-31"), "T-05": (["xianqu", "zrzy"], 8, "2025-06-30"), "T-06": (["zrzy"], 10, "2026-12-31"),
        "T-07": (["xianqu", "zrzy"], 8, "2027-05-31"), "T-08": (["xinhui"], 7, "2024-12-31"), "T-09": (["zhujian"], 6, "2027-05-31"),
        "T-10": (["zrzy"], 1, "2027-05-31"),
    }  # fmt: skip
    for name, (lead, responsible, due) in rows.items():
        one = task(jiangmen, name)
        date = deadline(jiangmen, one.deadline or "").date
        assert (list(one.lead), len(one.responsible), date and date.isoformat()) == (lead, responsible, due), name
    assert all((note := task(jiangmen, n).note) and "以任务行为准" in note.zh for n in ("T-01", "T-02", "T-09"))


@pytest.mark.held("S4-51", "S4-52", "S4-53")
def test_what_is_striven_for_does_not_bind_and_stands_beside_the_binding_date(jiangmen: Pack) -> None:
    dates = {n: deadline(jiangmen, f"D-S4-{n}") for n in ("10", "11", "12", "15", "21")}
    assert {n: d.soft for n, d in dates.items()} == {"10": False, "11": True, "12": False, "15": False, "21": True}
    assert [str(dates[n].date) for n in ("10", "11", "12", "21")] == [
        "2025-06-30",
        "2026-06-30",
        "2026-06-30",
        "2027-09-30",
    ]


@pytest.mark.held("S4-08", "S4-09", "S4-10", "S4-12", "S4-14")
def test_seven_counties_four_years_and_three_stages(jiangmen: Pack) -> None:
    group = jiangmen.unit("各县（市、区）政府")
    assert group is not None and group.members == COUNTIES
    codes = [d.id for d in jiangmen.organisation.divisions if d.parent == "440700"]
    assert codes == ["440703", "440704", "440705", "440781", "440783", "440784", "440785"]
    windows = {
        n: (str(deadline(jiangmen, f"D-S4-0{n}").start), str(deadline(jiangmen, f"D-S4-0{n}").end))
        for n in (1, 2, 3, 4)
    }
    assert windows == {
        1: ("2023-10-01", "2027-09-30"),
        2: ("2023-10-01", "2027-05-31"),
        3: ("2025-06-01", "2025-09-30"),
        4: ("2027-06-01", "2027-09-30"),
    }


@pytest.mark.held("S4-75", "S4-78", "S4-84")
def test_half_yearly_reports_checks_without_a_period_and_meetings_as_needed(jiangmen: Pack) -> None:
    half, checks, meeting = (deadline(jiangmen, f"D-S4-{n}") for n in (18, 19, 20))
    assert (half.kind, half.months, half.inferred) == ("half_yearly", (6, 12), True)
    assert (checks.every_months, checks.set_by, meeting.kind) == (None, "市自然资源局", "as_needed")


# ------------------------------------------------------------------------------------------ Jiangmen: register and tools


@pytest.mark.held("S4-23", "S4-24", "S4-25", "S4-26", "S4-27", "S4-28")
def test_the_register_climbs_from_county_to_ministry_and_onto_the_one_map(jiangmen: Pack) -> None:
    record = chain(jiangmen, "record")
    road = [step(record, n)[1] for n in ("survey", "evaluate", "submit", "build", "check", "up", "file", "map")]
    assert road == ["surveyed", "evaluated", "submitted", "in_city", "expert", "province", "filed", "one_map"]
    who = {t.id: t.who for t in record.transitions}
    assert "zhuanye" in who["check"] and "shengting" in who["up"] and "bu" in who["file"]
    gate = jiangmen.standard.gate
    assert gate is not None and gate.inferred and gate.value == "in_upper_register"


@pytest.mark.held("S4-20")
def test_until_the_city_issues_its_standard_nothing_is_called_efficient(jiangmen: Pack) -> None:
    shop = {"is_idle_land": False, "is_industry_land": False, "construction_share": 1.0, "features": ["建筑危旧"]}
    verdicts = identify(facts_of([{"parcel_code": "铺1", **shop}]), jiangmen)
    assert verdicts.frame["outcome"].to_list() == ["unknown"], "an open list of features is unknown, not empty"
    assert "由市自然资源局确定" in explain(verdicts, "铺1")
    assert {u.set_by for u in unset_values(jiangmen) if u.what.startswith("standard.")} == {"市自然资源局"}


@pytest.mark.requirement("S4-33", "S4-40", "S4-70")
@pytest.mark.held("S4-41", "S4-55")
def test_control_line_legacy_situations_kinds_and_criteria_are_tables(jiangmen: Pack) -> None:
    assert "控制线内" in str(hit(jiangmen, "control-line", control_line_share=1.0)[0])
    assert "控制线外" in str(hit(jiangmen, "control-line", control_line_share=0.0)[0])
    assert "跨控制线" in str(hit(jiangmen, "control-line", control_line_share=0.4)[0])
    situations = jiangmen.parameter("legacy_situations")
    assert situations is not None and isinstance(situations.value, tuple)
    found = [hit(jiangmen, "legacy", legacy_situation=str(s)) for s in situations.value]
    assert found == [[("holds", f"H{n}")] for n in (1, 2, 3, 4)]
    all_four = {"concentrated": True, "typical": True, "feasible": True, "value_gain": True}
    assert "可纳入" in str(hit(jiangmen, "first-batch", **all_four)[0])
    assert "可纳入" not in str(hit(jiangmen, "first-batch", **{**all_four, "typical": False}))
    assert hit(jiangmen, "detailed-plan", covered=False, adjust=False) == [("holds", "同步编制详细规划")]
    kinds = jiangmen.parameter("project_kinds")
    assert kinds is not None and isinstance(kinds.value, tuple) and len(kinds.value) == 7


@pytest.mark.held("S4-47", "S4-48")
def test_tools_are_templates_whose_parameters_nobody_has_set(jiangmen: Pack) -> None:
    tools = {t.name.zh: t for t in jiangmen.modes.tools if t.clause == "jiangmen-2023#三(六)"}
    assert set(tools) == {
        "土地混合开发",
        "空间复合利用",
        "容积率奖励",
        "跨空间单元统筹",
        "多地块联动改造",
        "土地提质开发",
        "过渡期开发",
        "建设用地置换",
        "零星低效用地利用",
        "低效工业用地提升开发强度",
        "工业用地开、竣工监管",
    }
    assert all(p.value is None and p.set_by for t in tools.values() for p in t.parameters.values())


@pytest.mark.held("S4-19", "S4-32", "S4-35", "S4-36")
def test_plans_have_their_contents_and_the_city_government_approves_the_special_plan(jiangmen: Pack) -> None:
    counts = {}
    for name in ("detailed_plan_contents", "control_line_rules", "special_plan_contents"):
        one = jiangmen.parameter(name)
        assert one is not None and isinstance(one.value, tuple)
        counts[name] = len(one.value)
    assert counts == {"detailed_plan_contents": 6, "control_line_rules": 6, "special_plan_contents": 9}
    plan = chain(jiangmen, "special-plan")
    assert next(t.who for t in plan.transitions if t.id == "approve") == ("shizhengfu",)


@pytest.mark.held("S4-37", "S4-43", "S4-64", "S4-65", "S4-66", "S4-67")
def test_public_land_first_and_urban_villages_have_four_products(jiangmen: Pack) -> None:
    first = jiangmen.parameter("special_plan_priority")
    assert first is not None and first.value == ("基础设施用地", "公益设施用地")
    products = [d.zh for d in task(jiangmen, "T-09").deliverable]
    assert products == ["城中村调研成果", "城中村改造实施方案", "城中村改造专项规划", "城中村改造工作计划"]
    guided = [d.clause for d in jiangmen.organisation.duties if d.unit == "zrzy" and d.kind == "guide"]
    assert "jiangmen-2023#三(五)" in guided


@pytest.mark.held("S4-46", "S4-82", "S4-85", "S4-86", "S4-91")
def test_procedures_legality_review_and_circulars_are_steps(jiangmen: Pack) -> None:
    project, policy, checks = (chain(jiangmen, n) for n in ("project", "policy", "supervision"))
    assert [step(project, n)[1] for n in ("hear", "publish", "decide", "approve")] == [
        "heard",
        "public",
        "decided",
        "approved",
    ]
    assert step(policy, "review") == (("first_check",), "legality") and review(jiangmen, "legal").decides == ("sifa",)
    assert {"circular", "order", "accountable"} <= after(checks, "checked")


def test_two_names_of_one_bureau_mean_the_same(jiangmen: Pack) -> None:
    for one, other in (("市发展和改革局", "市发展改革局"), ("市住房和城乡建设局", "市住房城乡建设局")):
        found = jiangmen.unit(one)
        assert found is not None and found == jiangmen.unit(other)
