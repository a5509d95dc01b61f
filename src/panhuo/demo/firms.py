"""Firms of the district, their figures of two years, their classes, and the records that authorities keep about
them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.demo import layout, names, uses
from panhuo.demo.credit import credit_codes
from panhuo.demo.holdings import FIRM, VILLAGE_BODY, WORKS, Parcels
from panhuo.demo.tiling import Ints

MU = 2000.0 / 3.0

#: Industry: division, four-digit class, share in factories, median yearly tax (万元/亩), output (万元/亩), investment
#: (万元/亩),
#: added value share, energy (吨标煤/万元 output), kWh per 万元 output, staff per 100 万元 output.
INDUSTRIES = (
    (13, "1371", 0.09, 5.0, 170.0, 150.0, 0.17, 0.06, 260.0, 1.2),
    (14, "1411", 0.05, 6.5, 160.0, 160.0, 0.21, 0.07, 300.0, 1.5),
    (17, "1711", 0.08, 4.0, 120.0, 150.0, 0.20, 0.12, 620.0, 2.2),
    (18, "1811", 0.04, 4.5, 110.0, 110.0, 0.24, 0.05, 240.0, 3.0),
    (20, "2021", 0.05, 3.0, 90.0, 100.0, 0.18, 0.08, 330.0, 1.8),
    (21, "2110", 0.04, 4.5, 110.0, 130.0, 0.22, 0.05, 240.0, 2.0),
    (22, "2221", 0.03, 4.8, 130.0, 190.0, 0.18, 0.25, 700.0, 1.1),
    (26, "2614", 0.08, 7.5, 210.0, 260.0, 0.19, 0.34, 690.0, 0.8),
    (27, "2710", 0.04, 19.0, 260.0, 330.0, 0.34, 0.10, 380.0, 1.2),
    (29, "2927", 0.07, 6.0, 150.0, 180.0, 0.21, 0.11, 640.0, 1.5),
    (30, "3021", 0.08, 3.8, 95.0, 140.0, 0.20, 0.40, 520.0, 1.2),
    (33, "3311", 0.09, 5.5, 140.0, 170.0, 0.20, 0.09, 420.0, 1.5),
    (34, "3451", 0.08, 7.5, 160.0, 210.0, 0.25, 0.06, 300.0, 1.6),
    (35, "3521", 0.06, 9.0, 180.0, 230.0, 0.26, 0.05, 280.0, 1.5),
    (36, "3670", 0.05, 11.0, 240.0, 300.0, 0.23, 0.06, 310.0, 1.3),
    (38, "3821", 0.04, 12.0, 250.0, 290.0, 0.23, 0.05, 280.0, 1.2),
    (39, "3982", 0.03, 15.0, 310.0, 400.0, 0.25, 0.05, 420.0, 1.4),
)
TRADES = (
    (51, "5137", 4.0, 260.0, 60.0, 0.08, 0.01, 40.0, 0.5),
    (52, "5211", 7.0, 210.0, 90.0, 0.11, 0.02, 90.0, 1.2),
    (59, "5930", 3.0, 70.0, 110.0, 0.25, 0.03, 120.0, 1.0),
    (61, "6110", 5.0, 60.0, 160.0, 0.35, 0.05, 300.0, 4.0),
    (62, "6210", 4.0, 60.0, 70.0, 0.35, 0.05, 260.0, 5.0),
    (72, "7212", 8.0, 90.0, 90.0, 0.40, 0.02, 110.0, 2.0),
)


def make_firms(parcels: Parcels, seed: int, on: date) -> pl.DataFrame:
    """Firms on industrial, storage and commercial land: one a parcel, now and then two or none.

    Hidden columns: row (the parcel), health, and the factors of the trade; the delivery takes the standard ones.
    """
    rng = np.random.default_rng([seed, 20])
    business = np.isin(parcels.use, (uses.INDUSTRY, uses.STORAGE, uses.SHOPS, uses.MARKET))
    rows = np.flatnonzero(business & (parcels.holder == FIRM))
    tenants = np.flatnonzero(business & (parcels.holder == VILLAGE_BODY) & (rng.random(len(parcels)) < 0.8))
    second = rows[rng.random(len(rows)) < 0.06]
    row = np.concatenate([rows, tenants, second])
    owner = np.arange(len(row)) < len(rows)
    n = len(row)
    use = parcels.use[row]
    factory = use == uses.INDUSTRY
    shares = np.array([i[2] for i in INDUSTRIES])
    pick = rng.choice(len(INDUSTRIES), n, p=shares / shares.sum())
    trade = rng.choice(len(TRADES), n, p=[0.12, 0.38, 0.0, 0.15, 0.2, 0.15])
    trade[use == uses.STORAGE] = 2
    trade[use == uses.MARKET] = 0
    works = row == parcels.story.get(WORKS, -1)
    pick[works] = [i[0] for i in INDUSTRIES].index(26)
    industry = np.array([(i[0], i[3], i[4], i[5], i[6], i[7], i[8], i[9]) for i in INDUSTRIES])
    other = np.array([(t[0], *t[2:]) for t in TRADES])
    factors = np.where(factory[:, None], industry[pick], other[trade])
    code = np.where(factory, np.array([i[1] for i in INDUSTRIES])[pick], np.array([t[1] for t in TRADES])[trade])
    division = factors[:, 0].astype(np.int64)
    name = names.firm_names(np.arange(n) * 5 + seed, division).astype(object)
    name[works & owner] = "青岚澄湖化工有限公司"
    area = parcels.area_m2[row]
    occupied = np.where(owner, area * np.where(np.isin(row, second), 0.7, 1.0), area * rng.uniform(0.2, 0.3, n))
    status = np.select(
        [works, rng.random(n) < 0.022, rng.random(n) < 0.05, rng.random(n) < 0.22],
        ["淘汰类", np.where(np.isin(division, (17, 22, 26, 30)), "淘汰类", "限制类"), "限制类", "鼓励类"],
        "允许类",
    )
    return pl.DataFrame(
        {
            "row": row,
            "owner": owner,
            "credit_code": credit_codes(np.arange(n) + seed % 1000, "91"),
            "enterprise_name": names.texts(name),
            "industry_code": code,
            "division": division,
            "catalogue_status": pl.DataFrame({"v": status, "k": rng.random(n) >= 0.04}).select(pl.when("k").then("v"))[
                "v"
            ],
            "occupied_area_m2": np.round(occupied, 2),
            "start_year": np.clip(parcels.built_year[row] + rng.integers(0, 9, n), 1958, on.year - 2),
            "health": parcels.health[row],
            "factory": factory,
            "f_tax": factors[:, 1],
            "f_output": factors[:, 2],
            "f_invest": factors[:, 3],
            "f_value": factors[:, 4],
            "f_energy": factors[:, 5],
            "f_power": factors[:, 6],
            "f_staff": factors[:, 7],
        },
        strict=False,
    )


def make_economy(firms: pl.DataFrame, years: tuple[int, int], seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Figures of two years (long table), and the firms with 规上 or 规下 added (industrial revenue of 2,000 万元 and
    more)."""
    rng = np.random.default_rng([seed, 21])
    n = firms.height
    health = firms["health"].to_numpy()
    mu = firms["occupied_area_m2"].to_numpy() / MU
    vigour = np.exp(2.6 * (health - 0.58))
    base_output = mu * firms["f_output"].to_numpy() * vigour * rng.lognormal(0, 0.45, n)
    base_tax = mu * firms["f_tax"].to_numpy() * vigour * rng.lognormal(0, 0.6, n)
    invested = mu * firms["f_invest"].to_numpy() * np.exp(1.3 * (health - 0.58)) * rng.lognormal(0, 0.35, n)
    idle = health < 0.14
    base_output[idle] *= 0.03
    base_tax[idle] *= 0.02
    above = (base_output >= 2000) & firms["factory"].to_numpy()
    parts = []
    for step, year in enumerate(years):
        growth = np.exp(rng.normal(0.03 * step, 0.12, n) + 0.25 * step * (health - 0.5))
        output = base_output * growth
        value = output * firms["f_value"].to_numpy() * rng.lognormal(0, 0.12, n)
        energy = output * firms["f_energy"].to_numpy() * rng.lognormal(0, 0.3, n)
        staff = np.maximum(np.round(output / 100 * firms["f_staff"].to_numpy() * rng.lognormal(0, 0.3, n)), 0)
        research = np.where(above, output * rng.beta(1.5, 45, n) * (0.4 + health), 0.0)
        # Small firms report fewer figures: energy, emission and research stay blank, not nought.
        small = ~above
        parts.append(
            pl.DataFrame(
                {
                    "firm": np.arange(n),
                    "credit_code": firms["credit_code"],
                    "year": np.full(n, year),
                    "tax_wan": np.round(base_tax * growth * rng.lognormal(0, 0.1, n), 2),
                    "output_wan": np.round(output, 2),
                    "revenue_wan": np.round(output * rng.uniform(0.9, 1.04, n), 2),
                    "added_value_wan": np.round(value, 2),
                    "fixed_investment_wan": np.round(invested * (1 + 0.02 * step), 2),
                    "energy_tce": _blank(np.round(energy, 2), small & (rng.random(n) < 0.7)),
                    "emission_t": _blank(
                        np.round(energy * rng.lognormal(-6.2, 0.6, n), 3), small | (rng.random(n) < 0.05)
                    ),
                    "staff": staff.astype(np.int64),
                    "rd_wan": _blank(np.round(research, 2), small),
                    "electricity_kwh": np.round(output * firms["f_power"].to_numpy() * rng.lognormal(0, 0.25, n)),
                    "keep": rng.random(n) > np.where(above, 0.01, 0.07),
                }
            )
        )
    economy = pl.concat(parts).filter("keep").drop("keep")
    return economy, firms.with_columns(above_scale=pl.Series(above))


def make_classes(firms: pl.DataFrame, economy: pl.DataFrame, year: int, seed: int) -> pl.DataFrame:
    """亩产效益评价 of one year: factories, 规上 and 规下 apart, by tax and added value per 亩; a few not evaluated."""
    rng = np.random.default_rng([seed, 22, year])
    frame = (
        economy.filter(pl.col("year") == year)
        .join(
            firms.with_row_index("firm")
            .with_columns(pl.col("firm").cast(pl.Int64))
            .select("firm", "factory", "above_scale", "occupied_area_m2", "start_year", "enterprise_name"),
            on="firm",
        )
        .filter(pl.col("factory") & (pl.col("occupied_area_m2") >= 3 * MU))
        .with_columns(score=pl.col("tax_wan") * 10 + pl.col("added_value_wan"))
        .with_columns(score=pl.col("score") / pl.col("occupied_area_m2"))
        .sort("firm")
    )
    score = frame["score"].to_numpy() * rng.lognormal(0, 0.08, frame.height)
    above = frame["above_scale"].to_numpy()
    grade = np.full(frame.height, "C", "<U4")
    for group in (True, False):
        rows = np.flatnonzero(above == group)
        rank = np.argsort(np.argsort(-score[rows])) / max(len(rows), 1)
        grade[rows] = np.select([rank < 0.2, rank < 0.6, rank < 0.92], ["A", "B", "C"], "D")
    new = (frame["start_year"].to_numpy() >= year - 2) | (rng.random(frame.height) < 0.02)
    word = {
        "A": "A类（优先发展）",
        "B": "B类（支持发展）",
        "C": "C类（提升发展）",
        "D": "D类（限制发展）",
        "T": "暂不评价",
    }
    grade = np.where(new, "T", grade)
    return frame.select("firm", "credit_code", "enterprise_name", "above_scale").with_columns(
        year=pl.lit(year), yield_class=pl.Series([word[g] for g in grade.tolist()], dtype=pl.String)
    )


def make_records(
    parcels: Parcels, firms: pl.DataFrame, codes: pl.Series, kind: str, seed: int, on: date
) -> pl.DataFrame:
    """Inspection records (安全生产 or 环境保护): some firms, some of them found wanting, the story's works among
    them."""
    rng = np.random.default_rng([seed, 23, len(kind)])
    n = firms.height
    factory = firms["factory"].to_numpy()
    row = firms["row"].to_numpy()
    works = row == parcels.story.get(WORKS, -1)
    chosen = np.flatnonzero((rng.random(n) < np.where(factory, 0.5, 0.12)) | works)
    health = firms["health"].to_numpy()[chosen]
    heavy = np.isin(firms["division"].to_numpy()[chosen], (22, 26, 27, 30))
    failed = rng.random(len(chosen)) < 0.015 + 0.10 * (health < 0.35) + (0.05 * heavy if kind == "环境" else 0.0)
    failed |= works[chosen]
    days = rng.integers(30, 700, len(chosen))
    when = np.datetime64(on) - days.astype("timedelta64[D]")
    issuer = "青岚市生态环境局澄湖分局" if kind == "环境" else "澄湖区应急管理局"
    prefix = "澄环查" if kind == "环境" else "澄应急检"
    numbers = np.char.add(np.char.add(prefix + "〔", when.astype("datetime64[Y]").astype(str)), "〕")
    numbers = np.char.add(np.char.add(numbers, np.char.mod("%d", np.arange(1, len(chosen) + 1))), "号")
    return pl.DataFrame(
        {
            "credit_code": firms["credit_code"].gather(chosen),
            "enterprise_name": firms["enterprise_name"].gather(chosen),
            "parcel_code": codes.gather(row[chosen]),
            "record_no": numbers,
            "record_date": when,
            "compliant": ~failed,
            "issuer": [issuer] * len(chosen),
        }
    )


def _blank(values: NDArray[Any], where: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(np.where(where, np.nan, values)).fill_nan(None)


def parcel_firms(firms: pl.DataFrame) -> Ints:
    """Rows of parcels that a firm owns."""
    return np.asarray(firms.filter("owner")["row"].to_numpy(), np.int64)


def idle_parks(parcels: Parcels) -> Ints:
    """Parcels of the parks whose works stand still: candidates for the list of idle land."""
    return np.flatnonzero((parcels.region == layout.PARK) & (parcels.health < 0.2))
