# ruff: noqa: E501 - a sample stays on one line
"""A small pack written to disk, for tests to spoil, extend and edit."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl

ON = datetime.date(2026, 11, 21)

PACK = """\
id: river-city
title: {zh: 河城, en: River city}
level: city
documents:
  - {id: river-city, number: 河政发〔2025〕1号, title: {zh: 河城办法, en: Rules of River city}, level: city, date: 2025-01-01}
parameters:
  - {id: notice_days, title: {zh: 公示天数, en: Days made public}, value: null, set_by: 市人民政府, clause: 三}
"""
CLAUSES = """\
document: river-city
clauses:
  - {id: 一, summary: {zh: 范围, en: Scope}}
  - {id: 一(三), summary: {zh: 效益, en: Yield}}
  - {id: 三, summary: {zh: 公示, en: Publicity}}
"""
STANDARD = """\
readings:
  - {id: how_many, clause: 一(三), text: {zh: 任一还是全部, en: Any or all}, options: [any, all], default: any}
conditions:
  - {id: industrial, clause: 一, text: {zh: 产业用地, en: Industrial}, value: is_industry_land, is: true}
preconditions:
  - {id: P1, clause: 一, text: {zh: 权属清晰, en: Clear title}, value: ownership_clear, is: true}
classes:
  - id: C
    name: {zh: 效益提升类, en: Low yield}
    clause: 一(三)
    order: 1
    when:
      all:
        - industrial
        - any:
            - {id: C1, clause: 一(三), text: {zh: 税收低, en: Low tax}, value: tax_per_mu, lt: null, set_by: 县人民政府}
            - {id: C2, clause: 一(三), text: {zh: 限制发展类, en: Class D}, value: yield_class, in: [限制发展类]}
            - {id: C3, clause: 一(三), text: {zh: 分行业, en: By industry}, value: plot_ratio, lt: {table: ratio, key: industry_division}}
"""
FILES = {"pack.yaml": PACK, "clauses.yaml": CLAUSES, "standard.yaml": STANDARD}
HEAD = ["industry_division", "value", "unit", "clause", "from", "to", "set_by", "note"]
ROWS = [["C13", 0.8, None, "一(三)"], ["*", None, None, "一(三)", None, None, "县人民政府"]]
CHILD = """\
id: {id}
title: {{zh: 下级, en: Child}}
level: county
extends: [{parent}]
"""


def write_pack(folder: Path, files: dict[str, str] | None = None, *, name: str = "river-city") -> Path:
    """The sample pack under ``folder``, with some files replaced; returns the pack's folder."""
    target = folder / name
    for file, text in {**FILES, **(files or {})}.items():
        path = target / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    write_workbook(target / "thresholds.xlsx", {"ratio": [HEAD, *ROWS]})
    return target


def write_child(folder: Path, name: str = "lake-county", parent: str = "river-city", **files: str) -> Path:
    """A pack that extends another; ``files`` by stem: ``standard="…"``."""
    target = folder / name
    target.mkdir(parents=True)
    (target / "pack.yaml").write_text(CHILD.format(id=name, parent=parent), encoding="utf-8")
    for stem, text in files.items():
        (target / f"{stem}.yaml").write_text(text, encoding="utf-8")
    return target


def write_workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """A workbook as somebody's Excel would save it."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path
