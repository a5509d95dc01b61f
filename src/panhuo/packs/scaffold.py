"""A new pack: a folder in which every file is there, commented, and already valid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import openpyxl

from panhuo.messages import PanhuoError, Text
from panhuo.packs.finding import find_pack
from panhuo.packs.layers import THRESHOLDS

#: The files a new pack starts from.
_START = Path(__file__).resolve().parent / "data" / "new"
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def new_pack(
    pack_id: str,
    extends: str | Sequence[str],
    folder: Path,
    *,
    title: Text | None = None,
    level: str = "county",
    folders: Iterable[Path | str] | None = None,
) -> Path:
    """Write a complete, commented pack ``folder/pack_id`` and return its folder.

    The examples in it are comments, so that the new pack says what its parents say until somebody fills it in. Raises
    ``PanhuoError`` for an unusable id, an existing folder or a parent that cannot be found.
    """
    if not _ID.match(pack_id):
        raise PanhuoError(
            f"“{pack_id}”不能用作政策包编号：请用小写字母、数字和连字符，例如 liaocheng-2020",
            f"'{pack_id}' cannot be a pack's id: use a-z, 0-9 and hyphens, e.g. liaocheng-2020",
        )
    parents = [extends] if isinstance(extends, str) else list(extends)
    for parent in parents:
        find_pack(parent, [*(folders or ()), folder])
    target = folder / pack_id
    if target.exists():
        raise PanhuoError("文件夹已存在，未作改动", "the folder exists already; nothing was changed", where=str(target))
    named = title or Text(pack_id, pack_id)
    (target / "tests").mkdir(parents=True)
    (target / "documents").mkdir()
    values = {
        "ID": pack_id,
        "EXTENDS": "[" + ", ".join(parents) + "]",
        "TITLE_ZH": _quoted(named.zh),
        "TITLE_EN": _quoted(named.en),
        "LEVEL": level,
    }
    for source in sorted(_START.rglob("*.yaml")):
        content = source.read_text(encoding="utf-8")
        for key, value in values.items():
            content = content.replace(f"@{key}@", value)
        (target / source.relative_to(_START)).write_text(content, encoding="utf-8")
    _start_workbook(target / f"{THRESHOLDS}.xlsx")
    return target


def _start_workbook(path: Path) -> None:
    """A workbook with an example on a sheet that is not read (its name starts with ``_``)."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "_示例"
    sheet.append(["industry_division", "value", "unit", "clause", "from", "to", "set_by", "note"])
    sheet.append(["C26", 12, "万元/亩", "全文", None, None, None, "工作表名即阈值表名；复制本表并去掉名称前的 _"])
    sheet.append(["*", None, "万元/亩", "全文", None, None, "县（市、区）人民政府", "* 表示其余全部；留空须写 set_by"])
    book.save(path)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
