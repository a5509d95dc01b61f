# ruff: noqa: E501 - a sample stays on one line
"""A pack with mistakes: each is told with file, line and remedy, in both languages, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from packs_on_disk import CLAUSES, FILES, HEAD, ON, PACK, STANDARD, write_child, write_pack, write_workbook

from panhuo.messages import PanhuoError
from panhuo.packs import PackError, check_pack, load_pack


def test_the_sample_pack_is_sound(tmp_path: Path) -> None:
    assert check_pack(write_pack(tmp_path)) == ()


def swap(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


ORGANISATION = """\
units:
  - {id: office, name: {zh: 办公室, en: Office}, kind: department, clause: 一}
  - {id: town, name: {zh: 镇, en: Town}, kind: township, clause: 一}
"""
CALENDAR = """\
events:
  - {id: signed, text: {zh: 签订, en: Signed}, clause: 一}
deadlines:
  - {id: D1, kind: one_off, date: 2026-12-31, what: {zh: 完成, en: Done}, clause: 一}
"""
WORKFLOW = """\
chains:
  - id: k
    title: {zh: 流程, en: Chain}
    object: record
    clause: 一
    states:
      - {id: a, name: {zh: 甲, en: A}}
      - {id: b, name: {zh: 乙, en: B}, final: true}
    transitions:
      - {id: go, from: a, to: b, action: {zh: 办理, en: Go}, who: [office], clause: 一}
"""

#: (file, text to replace, replacement, line of the error, what the sentence says in zh and en)
MISTAKES = {
    "unknown key": ("standard.yaml", "{id: P1, clause: 一, text", "{id: P1, clausse: 一, text", 6, "是不是“clause”", "did you mean 'clause'"),
    "missing key": ("pack.yaml", "level: city\n", "", 1, "缺少“level”", "'level' is missing"),
    "text in one language": ("pack.yaml", "{zh: 河城, en: River city}", "河城", 2, "中英文", "both languages"),
    "text with a bare comma": ("standard.yaml", "en: Class D}", "en: Class D, the last}", 17, "逗号", "comma"),
    "text unquoted number": ("pack.yaml", "number: 河政发〔2025〕1号", "number: 2025", 5, "'2025'", "'2025'"),
    "literal": ("pack.yaml", "level: city\n", "level: citty\n", 3, "是不是“city”", "did you mean 'city'"),
    "wrong type": ("standard.yaml", "order: 1", "order: first", 11, "整数", "a whole number"),
    "list for one": ("standard.yaml", "order: 1", "order: [1]", 11, "整数", "a whole number"),
    "null without set_by": ("pack.yaml", ", set_by: 市人民政府", "", 7, "set_by", "set_by"),
    "null threshold without set_by": ("standard.yaml", ", set_by: 县人民政府", "", 16, "set_by", "set_by"),
    "no clause": ("standard.yaml", "{id: P1, clause: 一, text", "{id: P1, text", 6, "inferred: true", "inferred"),
    "unknown clause": ("standard.yaml", "{id: P1, clause: 一, text", "{id: P1, clause: 九, text", 6, "没有名为“九”", "no clause of"),
    "unknown document": ("standard.yaml", "{id: P1, clause: 一,", "{id: P1, clause: river-cty#一,", 6, "是不是“river-city”", "did you mean"),
    "unknown fact": ("standard.yaml", "value: ownership_clear", "value: ownership_clean", 6, "是不是“ownership_clear”", "did you mean"),
    "unknown condition": ("standard.yaml", "- industrial\n", "- industriel\n", 14, "是不是“industrial”", "no condition called"),
    "unknown table": ("standard.yaml", "table: ratio", "table: ration", 18, "是不是“ratio”", "no table"),
    "table keys": ("standard.yaml", "key: industry_division", "key: township_code", 18, "industry_division", "keyed by"),
    "text number mix": ("standard.yaml", "in: [限制发展类]", "in: [4]", 17, "'4'", "'4'"),
    "operator of wrong kind": ("standard.yaml", "value: yield_class, in: [限制发展类]", "value: yield_class, lt: 3", 17, "不能用 lt", "does not fit"),
    "list fact": ("standard.yaml", "value: yield_class, in: [限制发展类]", "value: features, in: [布局散乱]", 17, "多选", "does not fit"),
    "number against text": ("standard.yaml", "lt: null, set_by: 县人民政府", "eq: 高", 16, "是数值", "is a number"),
    "two tests": ("standard.yaml", "in: [限制发展类]}", "in: [限制发展类], ne: A}", 17, "只须有一个比较", "exactly one comparison"),
    "no test": ("standard.yaml", ", value: yield_class, in: [限制发展类]", "", 17, "一种判定", "exactly one of"),
    "average key": ("standard.yaml", "in: [限制发展类]}", "in: [限制发展类], factor: 0.5}", 17, "below_average", "below_average"),
    "not a condition": ("standard.yaml", "- industrial\n", "- 7\n", 14, "条件应为", "a condition is"),
    "empty list": ("standard.yaml", "- any:\n", "- any: []\n          of:\n", 15, "不能为空", "must not be empty"),
    "bad reading default": ("standard.yaml", "default: any}", "default: most}", 2, "options", "options"),
    "bad id": ("standard.yaml", "{id: P1,", "{id: 'P 1',", 6, "不合规则", "cannot be an id"),
    "two of one id": ("standard.yaml", "{id: C2,", "{id: C1,", 17, "第 16 行", "line 16"),
    "dates the wrong way": ("standard.yaml", "{id: P1,", "{id: P1, from: 2027-01-01, to: 2026-01-01,", 6, "晚于", "is after"),
    "quoted date": ("standard.yaml", "{id: P1,", "{id: P1, from: '2026-01-01',", 6, "日期", "a date"),
    "folder and id": ("pack.yaml", "id: river-city\n", "id: river-town\n", 1, "文件夹名", "folder"),
    "unknown basis": ("pack.yaml", "date: 2025-01-01}", "date: 2025-01-01, basis: [river-cit]}", 5, "是不是“river-city”", "did you mean"),
    "missing parent": ("pack.yaml", "level: city\n", "level: city\nextends: [no-such-pack]\n", 4, "找不到政策包", "no pack"),
    "list at the top": ("standard.yaml", STANDARD, "- a\n- b\n", 1, "最外层", "outermost"),
    "duplicate key": ("standard.yaml", "order: 1", "order: 1\n    order: 2", 12, "重复", "stands twice"),
    "class without condition": ("standard.yaml", STANDARD[STANDARD.index("    when:"):], "", 8, "没有认定条件", "no condition"),
    "unknown parent class": ("standard.yaml", "order: 1", "order: 1\n    parent: D", 12, "没有名为“D”的类别", "no class called 'D'"),
    "expression": ("standard.yaml", "value: yield_class, in: [限制发展类]", "test: open('x')", 17, "不允许", "not allowed"),
    "expression name": ("standard.yaml", "value: yield_class, in: [限制发展类]", "test: tax_per_moo < 3", 17, "是不是“tax_per_mu”", "did you mean"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(MISTAKES))
def test_a_mistake_is_told_with_its_line(name: str, tmp_path: Path) -> None:
    file, old, new, line, zh, en = MISTAKES[name]
    pack = write_pack(tmp_path, {file: swap(FILES[file], old, new)})
    problems = [p for p in check_pack(pack) if p.severity == "error"]
    told = [
        p for p in problems if p.place.file == file and p.place.line == line and zh in p.text.zh and en in p.text.en
    ]
    assert told, "\n".join(p.say("zh") + "\n" + p.say("en") for p in problems)
    assert len(problems) <= 2, "one mistake must not show as many:\n" + "\n".join(p.say() for p in problems)


OTHERS = {
    "unknown unit in a seat": (
        {"organisation.yaml": ORGANISATION + "task_forces:\n  - {id: f, name: {zh: 专班, en: F}, kind: task_force, clause: 一, head: {post: 主任, unit: offce}}\n"},
        "organisation.yaml", 5, "是不是“office”", "did you mean 'office'",
    ),
    "alias of two units": (
        {"organisation.yaml": swap(ORGANISATION, "kind: township", "aliases: [办公室], kind: township")},
        "organisation.yaml", 3, "既指", "means both",
    ),
    "rights": (
        {"organisation.yaml": ORGANISATION + "roles:\n  - {id: r, name: {zh: 角, en: R}, scope: whole, clause: 一, permissions: {database: {stated: X}}}\n"},
        "organisation.yaml", 5, "S 查看", "S sees",
    ),
    "object of rights": (
        {"organisation.yaml": ORGANISATION + "roles:\n  - {id: r, name: {zh: 角, en: R}, scope: whole, clause: 一, permissions: {databse: {stated: S}}}\n"},
        "organisation.yaml", 5, "是不是“database”", "did you mean 'database'",
    ),
    "kind of deadline": (
        {"calendar.yaml": swap(CALENDAR, "date: 2026-12-31, ", "")}, "calendar.yaml", 4, "须写 date", "needs date",
    ),
    "alien date key": (
        {"calendar.yaml": swap(CALENDAR, "date: 2026-12-31", "date: 2026-12-31, month: 3")},
        "calendar.yaml", 4, "不适用于 one_off", "does not belong",
    ),
    "31 April": (
        {"calendar.yaml": swap(CALENDAR, "kind: one_off, date: 2026-12-31", "kind: yearly, month: 4, day: 31")},
        "calendar.yaml", 4, "没有 31 日", "no day 31",
    ),
    "unknown event": (
        {"calendar.yaml": swap(CALENDAR, "kind: one_off, date: 2026-12-31", "kind: relative, after: {event: sined, days: 3}")},
        "calendar.yaml", 4, "是不是“signed”", "did you mean 'signed'",
    ),
    "unknown deadline": (
        {"calendar.yaml": CALENDAR, "programme.yaml": "tasks:\n  - {id: T, title: {zh: 任务, en: T}, deadline: D2, clause: 一}\n"},
        "programme.yaml", 2, "时间节点", "no deadline",
    ),
    "unknown state": (
        {"organisation.yaml": ORGANISATION, "workflow.yaml": swap(WORKFLOW, "to: b", "to: c")},
        "workflow.yaml", 10, "状态", "no state",
    ),
    "unreachable state": (
        {"organisation.yaml": ORGANISATION, "workflow.yaml": swap(WORKFLOW, "    transitions", "      - {id: c, name: {zh: 丙, en: C}, final: true}\n    transitions")},
        "workflow.yaml", 9, "到不了", "cannot be reached",
    ),
    "unknown actor": (
        {"organisation.yaml": ORGANISATION, "workflow.yaml": swap(WORKFLOW, "who: [office]", "who: [offices]")},
        "workflow.yaml", 10, "是不是“office”", "did you mean 'office'",
    ),
    "limit of two units": (
        {"organisation.yaml": ORGANISATION, "workflow.yaml": swap(WORKFLOW, "who: [office]", "limit: {days: 1, months: 1}, who: [office]")},
        "workflow.yaml", 10, "时限", "time limit",
    ),
    "unknown mode": (
        {"modes.yaml": "tables:\n  - id: t\n    title: {zh: 表, en: T}\n    hit: first\n    clause: 一\n    rows:\n      - {id: r, order: 1, result: own, clause: 一}\n"},
        "modes.yaml", 7, "再开发模式", "no mode",
    ),
    "formula name": (
        {"incentives.yaml": "formulas:\n  - {id: f, title: {zh: 算, en: F}, clause: 一, inputs: [{id: tax, text: {zh: 税, en: Tax}, kind: money}], expression: 2 * taxes}\n"},
        "incentives.yaml", 2, "是不是“tax”", "did you mean 'tax'",
    ),
    "indicator": (
        {"indicators.yaml": "indicators:\n  - {id: plot_ration, clause: 一}\n"}, "indicators.yaml", 2, "是不是“plot_ratio”", "did you mean",
    ),
    "circle of derived facts": (
        {"indicators.yaml": "indicators:\n  - {id: x, zh: 甲, en: X, clause: 一, expr: y + 1}\n  - {id: y, zh: 乙, en: Y, clause: 一, expr: x + 1}\n"},
        "indicators.yaml", 2, "循环", "circle",
    ),
    "yield classes in order": (
        {"indicators.yaml": "yield_evaluation:\n  clause: 一\n  groups: [{id: g, name: {zh: 组, en: G}, clause: 一, items: [{id: i, name: {zh: 项, en: I}, expr: tax_wan, weight: 1, clause: 一}]}]\n  classes: [{id: A, name: 甲, top: 0.9}, {id: B, name: 乙, top: 0.2}, {id: C, name: 丙}]\n"},
        "indicators.yaml", 2, "从最好到最差", "from best to worst",
    ),
    "test of an unknown class": (
        {"tests/a.yaml": "tests:\n  - {id: t, name: {zh: 例, en: T}, facts: {tax_per_mu: 1}, expect: {class: Z}}\n"},
        "tests/a.yaml", 2, "类别", "no class",
    ),
    "test with an unknown fact": (
        {"tests/a.yaml": "tests:\n  - {id: t, name: {zh: 例, en: T}, facts: {tax_permu: 1}, expect: {class: C}}\n"},
        "tests/a.yaml", 2, "是不是“tax_per_mu”", "did you mean",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OTHERS))
def test_the_other_files_too(name: str, tmp_path: Path) -> None:
    files, file, line, zh, en = OTHERS[name]
    problems = [p for p in check_pack(write_pack(tmp_path, files)) if p.severity == "error"]
    told = [
        p for p in problems if p.place.file == file and p.place.line == line and zh in p.text.zh and en in p.text.en
    ]
    assert told, "\n".join(p.say("zh") + "\n" + p.say("en") for p in problems)


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    pack = write_pack(
        tmp_path,
        {
            "pack.yaml": swap(PACK, "level: city", "level: town"),
            "clauses.yaml": swap(CLAUSES, "summary: {zh: 效益, en: Yield}", "summry: {zh: 效益, en: Yield}"),
            "standard.yaml": swap(STANDARD, "order: 1", "order: x"),
        },
    )
    with pytest.raises(PackError) as refused:
        load_pack(pack, ON)
    assert {p.place.file for p in refused.value.problems} == {"pack.yaml", "clauses.yaml", "standard.yaml"}
    assert "river-city/standard.yaml:11" in refused.value.say("zh")
    assert "river-city/standard.yaml:11" in refused.value.say("en")


def test_entries_that_overlap_in_time_name_both_lines(tmp_path: Path) -> None:
    dated = swap(
        STANDARD,
        "preconditions:\n",
        "preconditions:\n"
        "  - {id: P2, clause: 一, text: {zh: 面积, en: Area}, value: area_m2, ge: 500, to: 2026-06-30}\n"
        "  - {id: P2, clause: 一, text: {zh: 面积, en: Area}, value: area_m2, ge: 600, from: 2026-06-01}\n",
    )
    problems = check_pack(write_pack(tmp_path, {"standard.yaml": dated}))
    assert [(p.kind, p.place.line) for p in problems] == [("overlap", 7)]
    assert "第 6 行" in problems[0].text.zh and "line 6" in problems[0].text.en


def test_packs_that_extend_each_other_in_a_circle(tmp_path: Path) -> None:
    write_child(tmp_path, "a", "b")
    write_child(tmp_path, "b", "a")
    problems = check_pack("a", ON, [tmp_path])
    assert [p.kind for p in problems] == ["cycle"]
    assert "a → b → a" in problems[0].text.zh


def test_a_pack_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    write_pack(tmp_path)
    with pytest.raises(PanhuoError) as refused:
        load_pack("rivercity", ON, [tmp_path])
    assert "是不是“river-city”" in refused.value.say("zh")
    with pytest.raises(PanhuoError, match=r"pack\.yaml"):
        load_pack(tmp_path, ON)


def test_files_that_are_not_read_are_a_warning(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"standards.yaml": "a: 1\n"})
    problems = check_pack(pack)
    assert [(p.severity, p.place.file) for p in problems] == [("warning", "standards.yaml")]
    assert "standard.yaml" in problems[0].text.zh
    assert load_pack(pack, ON).warnings == problems


@pytest.mark.parametrize(
    ("rows", "row", "says"),
    [
        ([["C13", "高"]], 2, "B2 应为数字"),
        ([["C13", 1], ["C13", 2]], 3, "第 2 行"),
        ([[None, 1]], 2, "关键字段"),
        ([["C13", None]], 2, "set_by"),
        ([["C13", 1, None, "九"]], 2, "没有名为“九”"),
        ([["C13", 1, None, "一", "昨天"]], 2, "E2 应为日期"),
    ],
)
def test_mistakes_in_the_workbook_name_sheet_and_row(
    rows: list[list[object]], row: int, says: str, tmp_path: Path
) -> None:
    pack = write_pack(tmp_path)
    write_workbook(pack / "thresholds.xlsx", {"ratio": [HEAD, *rows]})
    problems = check_pack(pack)
    told = [p for p in problems if p.place.sheet == "ratio" and p.place.line == row and says in p.text.zh]
    assert told, [p.say() for p in problems]


def test_a_workbook_without_value_column_and_one_that_is_none(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    write_workbook(pack / "thresholds.xlsx", {"ratio": [["industry_division", "limit"], ["C13", 1]]})
    assert any("取值" in p.text.zh for p in check_pack(pack))
    (pack / "thresholds.xlsx").write_bytes(b"no workbook")
    assert any("打不开" in p.text.zh for p in check_pack(pack))
