"""The thresholds of a frozen pack as a workbook that experts edit, and what they changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl

from panhuo.packs.problems import PackError, Place, Problems, hint
from panhuo.packs.settable import CONDITIONS, TABLES, NewValue, Setting, settings
from panhuo.packs.thresholds import Row, Sheet, write_sheet
from panhuo.packs.thresholds_read import read_thresholds

#: The sheet of the thresholds that stand inside conditions, with its two key columns.
INSIDE, _KEYS = "条件阈值", ("条件编号", "项")
_NOTES = (
    "条件阈值：写在条件里的阈值；其余每个工作表是一张阈值表。以 _ 开头的工作表不导入。",
    "黄色单元格尚未确定：填入数值即可；留空时须在 set_by 列写明由谁确定。阈值表可以增加行，* 表示其余全部。",
    "条件阈值: thresholds inside conditions; every other sheet is one table. Sheets starting with _ are not imported.",
    "Yellow cells are not set: fill in the number, or say in set_by who does. Rows may be added to tables.",
)


def write_settings(frozen: Mapping[str, Any], path: Path) -> Path:
    """Write every number that may be set; the column ``origin`` tells what a condition is about."""
    book = openpyxl.Workbook()
    notes = book.active
    notes.title = "_说明"
    for line in _NOTES:
        notes.append([line])
    notes.column_dimensions["A"].width = 100
    sheets: dict[str, Sheet] = {}
    for one in settings(frozen):
        if one.part == "readings":
            continue
        name, keys = _place(one)
        columns = _KEYS if name == INSIDE else next(t["keys"] for t in frozen["content"]["tables"] if t["id"] == name)
        row = Row(keys, {f: getattr(one, f) for f in ("value", "unit", "clause", "set_by", "note")}, one.text.zh)
        groups = dict(sheets[name].groups) if name in sheets else {}
        sheets[name] = Sheet(tuple(columns), {**groups, keys: (row,)})
    for name, sheet in sheets.items():
        write_sheet(book.create_sheet(name), sheet, None)
    book.active = 1 if sheets else 0
    book.save(path)
    return path


def read_settings(frozen: Mapping[str, Any], path: Path) -> list[NewValue]:
    """The values that differ from the pack's, in the order of the workbook. Rows that are not in it stay as they are.

    Raises PackError naming sheet and row for what cannot be read, an unknown condition, an unknown table.
    """
    known = {s.id: s for s in settings(frozen)}
    tables = {t["id"]: tuple(t["keys"]) for t in frozen["content"]["tables"]}
    place, problems = Place(str(frozen["id"]), path.name), Problems()
    tree = read_thresholds(path, place, problems)
    found: list[NewValue] = []
    for table in tree.plain()["tables"] if tree is not None else ():
        for number, row in enumerate(table["rows"], 2):
            here = Place(place.pack, place.file, number, table["id"])
            keys = [str(k) for k in row["keys"]]
            if table["id"] == INSIDE and tuple(table["keys"]) == _KEYS:
                entry, key = f"{CONDITIONS}.{keys[0]}", keys[1]
                if f"{entry}:{key}" not in known:
                    zh, en = hint(keys[0], [s.entry.rpartition(".")[2] for s in known.values()])
                    problems.add(
                        here, "condition", f"标准中没有可设定的条件“{keys[0]} {keys[1]}”{zh}",
                        f"the standard has nothing to set called '{keys[0]} {keys[1]}'{en}",
                    )  # fmt: skip
                    continue
            elif tables.get(table["id"]) == tuple(table["keys"]):
                entry, key = f"{TABLES}.{table['id']}.{'|'.join(keys)}", "value"
            else:
                zh, en = hint(table["id"], tables)
                problems.add(
                    here, "table", f"没有按这些字段查的阈值表“{table['id']}”{zh}",
                    f"there is no table '{table['id']}' with these keys{en}",
                )  # fmt: skip
                break
            new = NewValue(entry, key, *(row.get(f) for f in ("value", "unit", "clause", "set_by", "note")))
            if _differs(new, known.get(new.id)):
                found.append(new)
    if problems.errors() or tree is None:
        raise PackError(problems.errors(), place.pack)
    return found


def _place(one: Setting) -> tuple[str, tuple[str, ...]]:
    if one.part.startswith("table:"):
        name = one.part.removeprefix("table:")
        return name, tuple(one.entry.removeprefix(f"{TABLES}.{name}.").split("|"))
    return INSIDE, (one.entry.removeprefix(f"{CONDITIONS}."), one.key)


def _differs(new: NewValue, old: Setting | None) -> bool:
    return old is None or any(getattr(new, f) != getattr(old, f) for f in ("value", "unit", "clause", "set_by", "note"))
