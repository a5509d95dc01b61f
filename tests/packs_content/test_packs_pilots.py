# ruff: noqa: E501 - a list of units or dates stays on one line
"""The pilots as data: all four packs, then Tianjin and Jinghai. What the texts say, what they leave open."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pilot_parts import after, chain, deadline, hit, review, step, task

from panhuo.identify import explain, identify, run_pack_tests
from panhuo.identify.examples import facts_of
from panhuo.messages import PanhuoError
from panhuo.packs import Pack, check_pack, compute, load_pack
from panhuo.packs.trials import run_formula_examples

ON = datetime.date(2026, 11, 21)
PILOTS = ("tianjin-2024", "jinghai-2024", "guangdong-2023", "jiangmen-2023")
POLICY = {
    "fagai",
    "toucu",
    "zhujian",
    "jiaoyu",
    "nongye",
    "guozi",
    "caizheng",
    "zhengwu",
    "keji",
    "gongxin",
    "shangwu",
    "shuiwu",
    "huanjing",
    "renshe",
    "wenlv",
}
CLAUSES = {
    "jinghai-2024": "序言 一(一) 一(二)1 一(二)2 一(二)3 一(三) 二(一) 二(二) 二(三) 二(四) 二(四)一 二(四)二 二(四)三 二(四)四 二(五) 二(六) 三(一) 三(二) 三(三) 四(一) 四(二) 四(三) 附件1 附件2",
    "jiangmen-2023": "印发通知 前言 一(一) 一(二)1 一(二)2 一(三) 二(一) 二(二) 二(三) 三(一) 三(二) 三(三) 三(四) 三(五) 三(六) 三(七) 三(八) 三(九) 三(十) 四(一) 四(二) 四(三) 四(四) 四(五) 五",
}


@pytest.fixture(scope="module")
def pack(packs_folder: Path) -> Callable[[str], Pack]:
    loaded = {name: load_pack(name, ON, [packs_folder]) for name in PILOTS}
    return loaded.__getitem__


@pytest.fixture(scope="module")
def jinghai(pack: Callable[[str], Pack]) -> Pack:
    return pack("jinghai-2024")


@pytest.fixture(scope="module")
def jiangmen(pack: Callable[[str], Pack]) -> Pack:
    return pack("jiangmen-2023")


def holders(pack: Pack, kind: str) -> set[str]:
    """Departments with a duty of this kind under 附件2; the leading branch and the townships do not count."""
    return {d.unit for d in pack.organisation.duties if d.kind == kind} - {"fenju", "xiangzhen"}


@pytest.mark.parametrize("name", PILOTS)
def test_a_pilots_pack_is_sound_and_its_own_examples_hold(
    name: str, pack: Callable[[str], Pack], packs_folder: Path
) -> None:
    assert [p.say() for p in check_pack(name, None, [packs_folder])] == []
    assert [r.say() for r in run_pack_tests(pack(name)) if not r.passed] == []
    assert [t for t in run_formula_examples(pack(name)) if not t.passed] == []


@pytest.mark.parametrize("name", CLAUSES)
def test_every_clause_of_the_document_is_listed(name: str, pack: Callable[[str], Pack]) -> None:
    assert {f"{name}#{c}" for c in CLAUSES[name].split()} <= set(pack(name).clauses)


@pytest.mark.held("S2-01", "S4-02")
def test_both_pilots_rest_on_the_same_national_notice(jinghai: Pack, jiangmen: Pack) -> None:
    assert jinghai.documents["jinghai-2024"].basis == ("mnr-2023-171", "tianjin-2024")
    assert jiangmen.documents["jiangmen-2023"].basis == ("mnr-2023-171",)
    assert jinghai.documents["mnr-2023-171"] == jiangmen.documents["mnr-2023-171"]


def test_a_province_of_which_little_is_known_does_not_pretend_to_have_a_standard(pack: Callable[[str], Pack]) -> None:
    guangdong = pack("guangdong-2023")
    assert guangdong.standard.classes == ()
    with pytest.raises(PanhuoError, match="没有认定标准"):
        identify(facts_of([{"parcel_code": "1", "is_idle_land": False}]), guangdong)


# ------------------------------------------------------------------------------------------- Jinghai: standard, survey


@pytest.mark.requirement("S2-11")
@pytest.mark.held("S2-09")
def test_the_classes_come_from_the_city_and_town_land_has_three_kinds(jinghai: Pack) -> None:
    tree = {c.id: (c.name.zh, c.parent) for c in jinghai.standard.classes}
    assert tree == {
        "IND": ("低效工业", None),
        "URB": ("低效城镇", None),
        "COM": ("低效商办", "URB"),
        "RES": ("低效住宅", "URB"),
        "FAC": ("低效设施", "URB"),
        "VIL": ("低效村庄", None),
    }
    assert "tianjin-2024" in jinghai.origin("standard.classes.COM")


@pytest.mark.requirement("S2-10", "S2-13")
def test_a_threshold_is_open_until_the_district_sets_it(jinghai: Pack, packs_folder: Path, tmp_path: Path) -> None:
    office = facts_of(
        [
            {
                "parcel_code": "楼1",
                "is_idle_land": False,
                "is_industry_land": False,
                "is_village_land": False,
                "land_group": "商服",
                "vacancy_rate": 0.6,
            }
        ]
    )
    verdicts = identify(office, jinghai)
    assert verdicts.frame["outcome"].to_list() == ["unknown"]
    assert "阈值尚未确定，由市规划资源局静海分局确定" in explain(verdicts, "楼1")

    trial = tmp_path / "jinghai-trial"
    trial.mkdir()
    (trial / "pack.yaml").write_text(
        "id: jinghai-trial\ntitle: {zh: 试算, en: Trial}\nlevel: county\nextends: [jinghai-2024]\n", "utf-8"
    )
    (trial / "standard.yaml").write_text("conditions:\n  - {id: com_vacant, ge: 0.5}\n", "utf-8")
    tried = identify(office, load_pack(trial, ON, [packs_folder]))
    assert tried.frame.select("outcome", "main_class").row(0) == ("identified", "COM")


@pytest.mark.held("S2-15", "S2-16")
def test_the_base_is_the_change_survey_of_2022_and_the_unit_the_parcel(jinghai: Pack) -> None:
    base = jinghai.standard.base
    assert base is not None and (base.survey, base.year, base.clause) == ("国土变更调查", 2022, "jinghai-2024#二(二)")
    assert jinghai.standard.unit == "parcel"


@pytest.mark.held("S2-22", "S2-23")
def test_two_registers_and_a_list_and_the_legacy_register_is_sealed_for_good(jinghai: Pack) -> None:
    files = jinghai.parameter("register_files")
    assert files is not None and files.value == ("低效用地数据库", "历史遗留用地数据库", "问题清单")
    legacy = chain(jinghai, "legacy")
    assert "entered" not in after(legacy, "sealed") and "found" not in after(legacy, "sealed")
    register = chain(jinghai, "legacy-register")
    assert after(register, "closed") == set()
    assert all(t.two_persons for c in (legacy, register) for t in c.transitions if t.to in ("sealed", "closed"))


@pytest.mark.held("S2-63", "S2-95")
def test_a_record_goes_up_from_township_to_branch_to_city(jinghai: Pack) -> None:
    record = chain(jinghai, "record")
    who = {t.id: t.who for t in record.transitions}
    assert who["propose"] == ("xiangzhen",) and who["identify"] == ("fenju",) and "shiju" in who["register"]
    assert step(record, "register") == (("in_district",), "registered")
    assert set(who["check"]) == holders(jinghai, "recognise")


# ------------------------------------------------------------------------------------------------ Jinghai: who does what


@pytest.mark.held("S2-85", "S2-86", "S2-87", "S2-88")
def test_annex_2_gives_fifteen_policy_and_review_duties_thirteen_data_fourteen_identification(jinghai: Pack) -> None:
    assert holders(jinghai, "policy") == holders(jinghai, "review") == POLICY and len(POLICY) == 15
    assert holders(jinghai, "provide_data") == POLICY - {"caizheng", "zhengwu", "shangwu"} | {"tongji"}
    assert holders(jinghai, "recognise") == POLICY - {"caizheng", "zhengwu"} | {"tongji"}
    assert [len(holders(jinghai, k)) for k in ("policy", "review", "provide_data", "recognise")] == [15, 15, 13, 14]
    assert {u.unit for u in review(jinghai, "departments").units} == POLICY
    assert {u.unit for u in review(jinghai, "assist").units} == holders(jinghai, "recognise")


@pytest.mark.held("S2-82", "S2-84", "S2-89", "S2-90", "S2-91", "S2-92", "S2-93", "S2-94", "S2-98", "S2-99")
def test_annex_2_gives_some_units_duties_of_their_own(jinghai: Pack) -> None:
    kinds: dict[str, list[str]] = {}
    for duty in jinghai.organisation.duties:
        kinds.setdefault(duty.unit, []).append(duty.kind)
    assert Counter(kinds["fenju"]) == {"lead": 7, "coordinate": 1, "guide": 1, "report": 1}
    assert "promote" in kinds["toucu"] and "procedures" in kinds["zhujian"] and "other" in kinds["guozi"]
    assert sorted(kinds["caizheng"]) == ["fund", "policy", "review"] and "procedures" in kinds["zhengwu"]
    assert "supervise" in kinds["shuiwu"] and sorted(kinds["tongji"]) == ["provide_data", "recognise"]
    assert "provide_data" not in kinds["shangwu"]


@pytest.mark.held("S2-14", "S2-24", "S2-31", "S2-43", "S2-50", "S2-58")
def test_each_clause_has_its_own_list_of_responsible_units(jinghai: Pack) -> None:
    lists = {t: set(task(jinghai, t).responsible) for t in ("T-01", "T-02", "T-03", "T-05", "T-08", "T-09", "T-10")}
    assert all("xiangzhen" in units and "fenju" in units for units in lists.values())
    assert {t: len(units) - 1 for t, units in lists.items()} == {
        "T-01": 13,
        "T-02": 13,
        "T-03": 2,
        "T-05": 10,
        "T-08": 10,
        "T-09": 14,
        "T-10": 8,
    }
    assert task(jinghai, "T-10").responsible[0] == "fagai" and "caizheng" not in lists["T-05"]


@pytest.mark.held("S2-73", "S2-79", "S2-81")
def test_the_task_force_has_posts_and_no_names(jinghai: Pack) -> None:
    force = jinghai.task_force("zhuanban")
    assert force is not None and force.head is not None and force.office == "fenju"
    assert (force.head.post, [d.post for d in force.deputies], len(force.seats)) == ("区长", ["副区长"], 17 + 1)
    assert {s.unit for s in force.seats} == {"fenju", "tongji", "xiangzhen"} | POLICY
    assert {s.post for s in force.seats} == {"局长", "主任", "主要负责同志"}


@pytest.mark.held("S2-96", "S2-97")
def test_townships_draft_and_review_first_then_departments(jinghai: Pack) -> None:
    plan = chain(jinghai, "project-plan")
    assert [step(plan, n) for n in ("submit", "pass", "approve")] == [
        (("draft",), "first"),
        (("first",), "departments"),
        (("departments",), "approved"),
    ]
    assert review(jinghai, "first").organiser == "xiangzhen" and review(jinghai, "first").kind == "first"
    assert {d.kind for d in jinghai.organisation.duties if d.unit == "xiangzhen"} >= {
        "survey",
        "recognise",
        "review",
        "plan",
    }


# ----------------------------------------------------------------------------------------------- Jinghai: dates and plans


@pytest.mark.held("S2-59", "S2-61", "S2-62", "S2-64", "S2-65", "S2-66", "S2-67", "S2-68", "S2-71", "S2-72")
def test_jinghais_dates_are_the_last_days_of_the_months_it_names(jinghai: Pack) -> None:
    dates = {d.id[5:]: d.date.isoformat() for d in jinghai.calendar.deadlines if d.date}
    assert dates == {
        "01": "2024-01-31",
        "02": "2024-01-31",
        "03": "2024-02-29",
        "04": "2024-03-31",
        "05": "2024-06-30",
        "06": "2024-12-31",
        "07": "2025-09-30",
        "08": "2025-12-31",
        "09": "2026-12-31",
        "10": "2027-06-30",
        "11": "2027-09-30",
    }
    inferred = {d.id for d in jinghai.calendar.deadlines if d.inferred}
    assert inferred == {"D-S2-05", "D-S2-06"}, "the year of these two follows from the context only"


@pytest.mark.held("S2-33", "S2-47", "S2-69", "S2-70", "S2-78")
def test_stages_yearly_plan_toolkit_and_checks_without_a_period(jinghai: Pack) -> None:
    yearly, toolkit, checks = (deadline(jinghai, f"D-S2-{n}") for n in (12, 13, 14))
    assert (yearly.kind, yearly.month, yearly.day, yearly.applies_to) == ("yearly", 12, "last", 1)
    assert (toolkit.kind, toolkit.event) == ("event", "city_toolkit_issued")
    assert checks.every_months is None and checks.set_by == "区级试点工作专班"
    stages = [(deadline(jinghai, f"D-S2-W{n}").start, deadline(jinghai, f"D-S2-W{n}").end) for n in (1, 2, 3)]
    assert stages[0] == (None, datetime.date(2024, 1, 31))
    assert stages[1:] == [
        (datetime.date(2024, 2, 1), datetime.date(2026, 12, 31)),
        (datetime.date(2027, 1, 1), datetime.date(2027, 9, 30)),
    ]


@pytest.mark.held("S2-34", "S2-35", "S2-71")
def test_the_government_passes_the_plan_and_agrees_to_the_report(jinghai: Pack) -> None:
    plan, report = chain(jinghai, "annual-plan"), chain(jinghai, "report")
    assert step(plan, "pass") == (("submitted",), "passed") and step(plan, "file") == (("passed",), "filed")
    assert next(t.who for t in plan.transitions if t.id == "pass") == ("quzhengfu",)
    assert jinghai.workflow.filing[0].filed_with == "市规划资源局" and jinghai.workflow.filing[0].limit.amount is None
    contents = jinghai.parameter("plan_contents")
    assert contents is not None and contents.value == ("项目数量", "空间位置", "实施主体", "进度时序")
    assert step(report, "agree") == (("draft",), "agreed") and step(report, "send") == (("agreed",), "sent")
    assert next(t.notifies for t in report.transitions if t.id == "send") == ("shi-zhuanban",)


@pytest.mark.held("S2-76", "S2-83")
def test_a_major_problem_climbs_to_the_district_and_the_city(jinghai: Pack) -> None:
    issue = chain(jinghai, "issue")
    assert step(issue, "to_city") == (("escalated",), "city") and "closed" in after(issue, "city")
    assert next(t.clause for t in issue.transitions if t.id == "escalate") == "jinghai-2024#四(二)"


@pytest.mark.requirement("S2-52")
@pytest.mark.held("S2-36", "S2-39", "S2-40", "S2-42")
def test_each_kind_of_resource_has_its_path_and_the_first_batch_its_test(jinghai: Pack) -> None:
    paths = {c: hit(jinghai, "path", main_class=c, in_legacy_register=False) for c in ("IND", "COM", "FAC", "VIL")}
    assert paths == {
        "IND": [("holds", "upgrade-industry")],
        "COM": [("holds", "revive-offices")],
        "FAC": [("holds", "improve-facilities")],
        "VIL": [("holds", "reclaim-rural")],
    }
    assert ("holds", "settle-legacy") in hit(jinghai, "path", main_class="IND", in_legacy_register=True)
    first = hit(jinghai, "first-batch", willing=True, feasible=True, in_first_area=True)
    assert first == [("holds", "列为重点项目，作为首批试点项目上报")]
    assert "首批" not in str(hit(jinghai, "first-batch", willing=True, feasible=False, in_first_area=True))


@pytest.mark.held("S2-91", "S2-94")
def test_land_of_state_enterprises_and_taxes_go_to_the_unit_that_is_asked(jinghai: Pack) -> None:
    asked = hit(jinghai, "referral", state_enterprise_land=True, closing=True, investor_needed=False)
    assert [says for _, says in asked] == ["处置前送区国资委参与", "销号前由区税务局核查税费"]


@pytest.mark.held("S2-17", "S2-77", "S2-100")
def test_order_of_the_survey_levels_of_cases_and_reading_the_policy(jinghai: Pack) -> None:
    order, levels = jinghai.parameter("survey_order"), jinghai.parameter("publish_levels")
    assert order is not None and order.value == ("先易后难", "由点到面")
    assert levels is not None and levels.value == ("全区", "全市", "全国")
    assert set(task(jinghai, "T-23").responsible) == POLICY | {"tongji", "fenju", "xiangzhen"}


@pytest.mark.held("S2-06", "S2-102")
def test_goals_have_formulas_without_targets_and_projects_can_be_tagged(jinghai: Pack) -> None:
    share = next(f for f in jinghai.incentives.formulas if f.id == "stock_share")
    assert compute(share, {"stock_supply": 30, "total_supply": 40}) == 75
    assert share.parameters["target"].value is None and share.inferred
    assert {"三个着力", "十项行动", "三新", "三量", "四区", "六个静海"} <= {t.id for t in jinghai.meta.tags}
