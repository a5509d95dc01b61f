"""Thresholds out to Excel and back: an expert edits the workbook, the pack takes over what changed."""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from panhuo.land.facts import FACTS
from panhuo.packs.diff import Change
from panhuo.packs.layers import THRESHOLDS, RawLayer, read_layers
from panhuo.packs.load import check_pack
from panhuo.packs.pack import Layer, Pack
from panhuo.packs.problems import PackError, Place, Problems
from panhuo.packs.references import complete
from panhuo.packs.thresholds_read import read_thresholds
from panhuo.packs.unset import unset_values
from panhuo.packs.yamlfile import Located

_FIELDS = ("value", "unit", "clause", "from", "to", "set_by", "note")
_NOTES = "_说明"
_OPEN = "_待定"
_FILLS = {
    "head": PatternFill("solid", start_color="DDEBF7"),
    "unset": PatternFill("solid", start_color="FFF2CC"),
    "inherited": PatternFill("solid", start_color="EDEDED"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what is written in it, and which pack wrote it."""

    keys: tuple[str, ...]
    fields: Mapping[str, Any]
    origin: str

    def same(self, other: Row) -> bool:
        return all(self.fields.get(f) == other.fields.get(f) for f in _FIELDS)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its key columns, and for each key combination its rows (several when they are dated)."""

    keys: tuple[str, ...]
    groups: Mapping[tuple[str, ...], tuple[Row, ...]]


def export_thresholds(pack: Pack, path: Path) -> Path:
    """Write every threshold table of a pack, also the inherited rows, for editing in Excel.

    Yellow cells are not set (``set_by`` says by whom); grey rows are inherited: changing one makes it the pack's own.
    All dated rows are written, not only those that hold on ``pack.on``. Sheets whose name starts with ``_`` are notes.
    """
    sheets = _effective([_reread(layer) for layer in pack.layers])
    book = openpyxl.Workbook()
    notes = book.active
    notes.title = _NOTES
    for line in _explanation(pack):
        notes.append([line])
    notes.column_dimensions["A"].width = 100
    for name, sheet in sheets.items():
        write_sheet(book.create_sheet(name), sheet, pack.id)
    _write_open(book.create_sheet(_OPEN), pack)
    book.active = 1 if sheets else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def import_thresholds(
    pack_folder: Path, path: Path, folders: Iterable[Path | str] | None = None, *, dry_run: bool = False
) -> list[Change]:
    """Take an edited workbook into a pack: validate it, say which cells changed, write ``thresholds.xlsx``.

    Rows that equal the inherited ones stay inherited; a row that is gone is no longer the pack's own. Nothing is
    written when the workbook, or the pack with it, has errors (``PackError`` names sheet and row), when nothing
    changed, or with ``dry_run``.
    """
    problems = Problems()
    layers = read_layers(pack_folder, folders, problems)
    own = layers[-1]
    incoming = read_thresholds(path, Place(own.id, path.name), problems)
    if problems.errors() or incoming is None:
        raise PackError(problems.errors(), own.id)
    documents = {layer.id: layer.document for layer in layers}
    before = _effective(layers)
    inherited = _effective(layers[:-1])
    mine = _sheets(own.trees.get(THRESHOLDS), own, documents)
    asked = _sheets(incoming, own, documents)
    changes = _changes(before, asked, mine)
    keep = _own_rows(asked, inherited, mine)
    with tempfile.TemporaryDirectory() as scratch:
        trial = Path(scratch) / own.id
        shutil.copytree(own.folder, trial)
        _write_own(trial / f"{THRESHOLDS}.xlsx", keep, own.id)
        found = check_pack(trial, None, [*(folders or ()), own.folder.parent])
        errors = [p for p in found if p.severity == "error"]
        if errors:
            raise PackError(errors, own.id)
        if changes and not dry_run:
            target = own.folder / f"{THRESHOLDS}.xlsx"
            if not keep:
                target.unlink(missing_ok=True)
            else:
                beside = target.with_suffix(".xlsx.part")
                shutil.copyfile(trial / target.name, beside)
                beside.replace(target)
    return changes


def _reread(layer: Layer) -> RawLayer:
    """A loaded pack's layer read again: a loaded pack has only the rows of its day."""
    place = Place(layer.id, f"{THRESHOLDS}.xlsx")
    file = layer.folder / place.file
    trees: dict[str, Located] = {}
    if file.is_file() and (tree := read_thresholds(file, place, Problems())) is not None:
        trees[THRESHOLDS] = tree
    if layer.document is not None:
        trees["clauses"] = Located({"document": Located(layer.document, place)}, place)
    return RawLayer(layer.id, layer.folder, trees)


def _effective(layers: Iterable[RawLayer]) -> dict[str, Sheet]:
    """The tables of several layers laid over one another: a layer's rows for some keys replace its parents'."""
    layers = list(layers)
    documents = {layer.id: layer.document for layer in layers}
    laid: dict[str, Sheet] = {}
    for layer in layers:
        for name, sheet in _sheets(layer.trees.get(THRESHOLDS), layer, documents).items():
            before = laid.get(name)
            if before is None or before.keys != sheet.keys:
                laid[name] = sheet
                continue
            laid[name] = Sheet(sheet.keys, {**before.groups, **_completed(sheet.groups, before.groups)})
    return laid


def _completed(
    groups: Mapping[tuple[str, ...], tuple[Row, ...]], before: Mapping[tuple[str, ...], tuple[Row, ...]]
) -> dict[tuple[str, ...], tuple[Row, ...]]:
    """Cells that a child leaves empty keep the parent's text, as loading does (the value itself is never kept)."""
    done = {}
    for keys, rows in groups.items():
        above = before.get(keys, ())
        if len(rows) == len(above) == 1:
            kept = {k: v for k, v in above[0].fields.items() if k != "value"}
            rows = (Row(keys, {**kept, **rows[0].fields}, rows[0].origin),)
        done[keys] = rows
    return done


def _sheets(tree: Located | None, layer: RawLayer, documents: Mapping[str, str | None]) -> dict[str, Sheet]:
    if tree is None:
        return {}
    plain = complete(tree, layer, documents, Problems()).plain()
    sheets = {}
    for table in plain["tables"]:
        groups: dict[tuple[str, ...], tuple[Row, ...]] = {}
        for row in table["rows"]:
            fields = {k: v for k, v in row.items() if k in _FIELDS}
            groups[row["keys"]] = (*groups.get(row["keys"], ()), Row(row["keys"], fields, layer.id))
        sheets[table["id"]] = Sheet(table["keys"], groups)
    return sheets


def _changes(
    before: Mapping[str, Sheet],
    asked: Mapping[str, Sheet],
    mine: Mapping[str, Sheet],
) -> list[Change]:
    file, changes = f"{THRESHOLDS}.xlsx", []
    for name, sheet in asked.items():
        old = before.get(name)
        for keys, rows in sheet.groups.items():
            was = old.groups.get(keys, ()) if old is not None and old.keys == sheet.keys else ()
            entry = f"{name}.{'|'.join(keys)}"
            if not was:
                changes += [Change(file, entry, "", "added", None, r.fields, r.fields.get("clause")) for r in rows]
                continue
            changes += _row_changes(file, entry, was, rows)
    for name, sheet in mine.items():
        for keys, rows in sheet.groups.items():
            if keys not in (asked[name].groups if name in asked else {}):
                entry = f"{name}.{'|'.join(keys)}"
                changes += [Change(file, entry, "", "removed", r.fields, None, r.fields.get("clause")) for r in rows]
    return changes


def _row_changes(file: str, entry: str, was: tuple[Row, ...], rows: tuple[Row, ...]) -> list[Change]:
    changes = []
    for number in range(max(len(was), len(rows))):
        if number >= len(rows):
            changes.append(Change(file, entry, "", "removed", was[number].fields, None))
        elif number >= len(was):
            changes.append(Change(file, entry, "", "added", None, rows[number].fields))
        else:
            a, b = was[number].fields, rows[number].fields
            for key in _FIELDS:
                if a.get(key) != b.get(key):
                    changes.append(Change(file, entry, key, "changed", a.get(key), b.get(key), b.get("clause")))
    return changes


def _own_rows(
    asked: Mapping[str, Sheet], inherited: Mapping[str, Sheet], mine: Mapping[str, Sheet]
) -> dict[str, Sheet]:
    """What the pack writes itself: rows it had, and rows that differ from the inherited ones."""
    kept = {}
    for name, sheet in asked.items():
        above = inherited.get(name)
        own = mine[name].groups if name in mine else {}
        groups = {
            keys: rows
            for keys, rows in sheet.groups.items()
            if above is None or above.keys != sheet.keys or keys in own or not _equal(rows, above.groups.get(keys, ()))
        }
        if groups:
            kept[name] = Sheet(sheet.keys, groups)
    return kept


def _equal(a: tuple[Row, ...], b: tuple[Row, ...]) -> bool:
    return len(a) == len(b) and all(x.same(y) for x, y in zip(a, b, strict=True))


def _write_own(path: Path, sheets: Mapping[str, Sheet], pack_id: str) -> None:
    if not sheets:
        path.unlink(missing_ok=True)
        return
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, sheet in sheets.items():
        write_sheet(book.create_sheet(name), sheet, pack_id)
    book.save(path)


def write_sheet(target: Any, sheet: Sheet, pack_id: str | None) -> None:
    """One table into an empty worksheet: yellow where nobody has set the value, grey where another pack wrote it."""
    headings = [*sheet.keys, *_FIELDS, "origin"]
    target.append(headings)
    for cell in target[1]:
        cell.font, cell.fill = Font(bold=True), _FILLS["head"]
    for keys, rows in sheet.groups.items():
        for row in rows:
            target.append([*keys, *(row.fields.get(f) for f in _FIELDS), row.origin])
            number = target.max_row
            if pack_id is not None and row.origin != pack_id:
                for cell in target[number]:
                    cell.fill = _FILLS["inherited"]
            if row.fields.get("value") is None:
                target.cell(number, len(sheet.keys) + 1).fill = _FILLS["unset"]
            for column in range(1, len(keys) + 1):
                target.cell(number, column).number_format = "@"
            for cell in target[number]:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # a text that starts with = is still a text
            for column, field in enumerate(_FIELDS, start=len(sheet.keys) + 1):
                if isinstance(row.fields.get(field), datetime.date):
                    target.cell(number, column).number_format = "yyyy-mm-dd"
    target.freeze_panes = target.cell(2, len(sheet.keys) + 1)
    for column, heading in enumerate(headings, start=1):
        target.column_dimensions[get_column_letter(column)].width = (
            30 if heading in ("clause", "set_by", "note") else 16
        )


def _write_open(target: Any, pack: Pack) -> None:
    target.append(["待定项 open value", "由谁确定 set by", "位置 where"])
    for cell in target[1]:
        cell.font, cell.fill = Font(bold=True), _FILLS["head"]
    for one in unset_values(pack):
        target.append([one.what, one.set_by, str(one.place or "")])
    for column in "ABC":
        target.column_dimensions[column].width = 50


def _explanation(pack: Pack) -> Iterable[str]:
    yield f"{pack.title.zh}（{pack.id}）阈值表 / thresholds of {pack.title.en}"
    yield "每个工作表是一张阈值表；以 _ 开头的工作表只供说明，不会导入。"
    yield "黄色单元格尚未确定，填入数值即可；留空时须在 set_by 列写明由谁确定。"
    yield "灰色行继承自上级包，修改后即成为本包的规定。"
    yield "同一关键字段可有多行，用 from、to 分开有效期，不得重叠。关键字段写 * 表示其余全部。origin 列只供参考。"
    yield "One sheet is one table; sheets starting with _ are notes and are not imported."
    yield "Yellow cells are not set: fill in the number, or name who does. Grey rows are inherited: change to own."
    yield "Rows with the same key must not overlap in time (from, to). * is all other keys. origin is only shown."
    keys = sorted({key for table in pack.tables.values() for key in table.keys})
    for key in keys:
        if key in FACTS:
            yield f"{key}: {FACTS[key].zh} / {FACTS[key].en}"
