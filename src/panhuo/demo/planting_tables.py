"""Mistakes in the tables and boundary files: C01, C02, damaged numbers, wrong codes, swapped axes, wrong units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import polars as pl

from panhuo.demo.columns import ECONOMY, ENTERPRISES, REGISTRATION
from panhuo.demo.credit import credit_codes
from panhuo.demo.planting import Planting
from panhuo.demo.sheets import CSV_FROM, Head

MU = 2000.0 / 3.0
REGISTRATION_FILE, FIRMS_FILE, ECONOMY_FILE = (
    "交付/05登记/不动产登记.xlsx",
    "交付/06企业/企业名录.xlsx",
    "交付/06企业/经济指标.xlsx",
)


def _line(heads: Sequence[Head], index: int, rows: int) -> int:
    """Line that a person sees for a data row: after title, units and header in Excel, after the header in a CSV."""
    if rows >= CSV_FROM:
        return index + 2
    return index + (5 if any(h.over for h in heads) else 4)


def _name(file: str, rows: int) -> str:
    return file if rows < CSV_FROM else file.replace(".xlsx", ".csv")


def _layer(file: str, sheet: str, rows: int) -> str:
    """Name of the table as it is read: the sheet's, or the CSV's own."""
    return sheet if rows < CSV_FROM else PurePosixPath(file).stem


def plant_tables(p: Planting) -> None:
    """Rows of tables that point at nothing, wrong totals, numbers that a spreadsheet has eaten."""
    frames = p.draft.frames
    k = p.each
    book = frames["registration"]
    extra = book[p.rng.permutation(book.height)[:k].tolist()]
    ghosts = [p.fresh_code(int(r)) for r in range(k)]
    extra = extra.with_columns(
        pl.Series("parcel_code", ghosts),
        pl.Series("unit_code", [g + "F00010001" for g in ghosts]),
        registration_no=pl.concat_str("registration_no", pl.lit("-1")),
    )
    frames["registration"] = pl.concat([book, extra])
    total = frames["registration"].height
    for n, ghost in enumerate(ghosts):
        row = _line(REGISTRATION, book.height + n, total)
        p.note(
            "C01",
            _name(REGISTRATION_FILE, total),
            _layer(REGISTRATION_FILE, "登记", total),
            row,
            ghost,
            "宗地代码",
            "登记的宗地在权籍图层中不存在",
            "no such parcel in the layer",
        )
    _damage(p, book, total)
    _firms(p, k)
    _totals(p)


def _damage(p: Planting, book: pl.DataFrame, total: int) -> None:
    """Codes of public bodies stored as numbers: a spreadsheet keeps fifteen digits of them."""
    if total >= CSV_FROM:
        return
    public = np.flatnonzero(book["credit_code"].str.starts_with("12").fill_null(False).to_numpy())
    rows = p.rng.permutation(public)[: p.each]
    numbers = {int(r): float(129901120000000000 + 3_000_000 * (n + 1)) for n, r in enumerate(rows)}
    p.draft.numbers["registration"] = {(row, "credit_code"): value for row, value in numbers.items()}
    for row in numbers:
        p.note(
            "R11",
            REGISTRATION_FILE,
            "登记",
            _line(REGISTRATION, row, total),
            str(book["parcel_code"][row]),
            "统一社会信用代码",
            "18 位代码存成了数值，后几位已丢失",
            "an 18-digit code stored as a number; its end is lost",
            also=["A04"],
        )


def _firms(p: Planting, k: int) -> None:
    """Firms on parcels that do not exist, with bad codes and unknown industries; figures of firms nobody knows."""
    frames = p.draft.frames
    firms = frames["enterprises"]
    n = firms.height
    file = _name(FIRMS_FILE, n)
    works = set(p.truth.parcels.story.values())
    calm = [int(r) for r in p.rng.permutation(n)[: 4000 * k] if int(firms["row"][int(r)]) not in works]
    cells: dict[str, dict[int, Any]] = {"parcel_code": {}, "credit_code": {}, "industry_code": {}}
    # Tenants and firms alike may name a parcel that does not exist; their own codes stay right.
    for row in calm[:k]:
        ghost = p.fresh_code(0)
        cells["parcel_code"][row] = ghost
        p.note(
            "C01",
            file,
            "企业名录",
            _line(ENTERPRISES, row, n),
            ghost,
            "宗地代码",
            "企业所在宗地不存在",
            "the firm's parcel does not exist",
        )
    for row in calm[k : 2 * k]:
        cells["industry_code"][row] = "9999"
        p.note(
            "A03",
            file,
            "企业名录",
            _line(ENTERPRISES, row, n),
            str(firms["credit_code"][row]),
            "行业代码",
            "行业代码 9999 不在 GB/T 4754 中",
            "9999 is no industry code",
        )
    spoilt = [str(firms["credit_code"][r]) for r in calm[2 * k : 3 * k]]
    for name, frame in frames.items():
        # A firm whose code is spoilt reports nothing elsewhere, so that no other table points at a code that is gone.
        if name in ("economy", "safety", "environment") or name.startswith("yield_"):
            frames[name] = frame.filter(~pl.col("credit_code").is_in(spoilt))
    for row in calm[2 * k : 3 * k]:
        bad = str(firms["credit_code"][row])[:-1] + ("3" if str(firms["credit_code"][row])[-1] != "3" else "4")
        cells["credit_code"][row] = bad
        p.note(
            "A04",
            file,
            "企业名录",
            _line(ENTERPRISES, row, n),
            bad,
            "统一社会信用代码",
            "统一社会信用代码校验码不符",
            "the check character is wrong",
            value=bad,
        )
    for column, changed in cells.items():
        values = firms[column].to_list()
        for row, value in changed.items():
            values[row] = value
        firms = firms.with_columns(pl.Series(column, values, dtype=pl.String))
    frames["enterprises"] = firms
    economy = frames["economy"]
    strangers = credit_codes(np.arange(k) + 700_000_001, "91").tolist()
    more = economy[p.rng.permutation(economy.height)[:k].tolist()].with_columns(pl.Series("credit_code", strangers))
    frames["economy"] = pl.concat([economy, more])
    total = frames["economy"].height
    for j, code in enumerate(strangers):
        p.note(
            "C01",
            _name(ECONOMY_FILE, total),
            "经济指标",
            _line(ECONOMY, economy.height + j, total),
            code,
            "统一社会信用代码",
            "企业名录中没有该企业",
            "no such firm in the list of firms",
        )


def _totals(p: Planting) -> None:
    frames = p.draft.frames
    for table, file, heads, name, factor in (
        ("enterprises", FIRMS_FILE, ENTERPRISES, "occupied_area_mu", 0.97),
        ("economy", ECONOMY_FILE, ECONOMY, "tax_wan", 1.05),
    ):
        frame = frames[table]
        if frame.height >= CSV_FROM:
            continue
        true = (frame["occupied_area_m2"] / MU).round(4).sum() if table == "enterprises" else frame[name].sum()
        wrong = round(float(true) * factor, 2)
        p.draft.totals[table] = {name: wrong}
        title = next(h.title for h in heads if h.name == name)
        p.note(
            "C02",
            file,
            "企业名录" if table == "enterprises" else "经济指标",
            _line(heads, frame.height, frame.height),
            "合计",
            title,
            "合计不等于各行之和",
            "the total is not the sum of the rows",
            value=wrong,
        )


def plant_boundary_files(p: Planting) -> None:
    """In the boundary files: two plots with X and Y swapped, two with their area in m² instead of 公顷."""
    late, legacy = p.draft.plots, p.draft.legacy_plots
    file = "交付/01权籍/补充宗地.txt"
    if len(late) >= 6:
        for k in (1, 3):
            late[k] = replace(late[k], swapped=True)
            p.note("TXT-06", file, "补充宗地", None, late[k].code, None, "X、Y 坐标写反", "X and Y are swapped", plot=k)
        for k in (2, 5):
            late[k] = replace(late[k], area_text=f"{late[k].shape.area:.2f}")
            p.note(
                "A06",
                file,
                "补充宗地",
                None,
                late[k].code,
                "地块面积",
                "面积单位是平方米，应为公顷",
                "area in m² instead of 公顷",
                plot=k,
                also=["TXT-10", "TXT-11"],
            )
    if len(legacy) >= 4:
        legacy[3] = replace(legacy[3], area_text=f"{legacy[3].shape.area * 1.3 / 10000:.4f}")
        p.note(
            "A06",
            "交付/08历史遗留/历史遗留用地.txt",
            "历史遗留用地",
            None,
            legacy[3].code,
            "地块面积",
            "所载面积与坐标不符",
            "the area does not fit the coordinates",
            plot=3,
            also=["TXT-11"],
        )
