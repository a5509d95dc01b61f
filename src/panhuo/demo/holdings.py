"""Parcels as records: use, ownership, holder, codes, dates and what the field survey saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.demo import layout, names, uses
from panhuo.demo.ground import Ground, middle
from panhuo.demo.tiling import Floats, Ints, hash01

Flags = NDArray[np.bool_]

STATE, COLLECTIVE = 0, 1
FIRM, GOVERNMENT, VILLAGE_BODY, PERSON, NOBODY = range(5)
NO_AREA, OLD_TOWN_AREA, URBAN_VILLAGE_AREA, SHANTY_AREA, OLD_WORKS_AREA = range(5)
AREA_KINDS = np.array(["", "老城区", "城中村", "棚户区", "老工业区"])
AREA_NAMES = np.array(["", "鼓阳片区", "柳湾片区", "铁西片区", "北厂片区"])

#: How the story's parcels are called.
WORKS, MARKET, WORKS_NAME, MARKET_NAME = "chemical_works", "market", "原澄湖化工总厂地块", "鼓阳老商贸城地块"


@dataclass(frozen=True, slots=True)
class Parcels:
    """The parcels' hidden truth, (n,) each; ``health`` is 0 (wasted) to 1 (thriving), what all figures grow from."""

    use: Ints
    region: Ints
    town: Ints
    block: Ints
    x: Floats
    y: Floats
    area_m2: Floats
    built_year: Ints
    health: Floats
    holder: Ints
    collective: Flags
    renewal: Ints
    second_built: Flags
    story: dict[str, int]

    def __len__(self) -> int:
        return len(self.use)


def renewal_of_blocks(ground: Ground) -> Ints:
    """Which renewal area each block belongs to."""
    x, y = middle(ground.cells)
    u, v = x / ground.side, y / ground.side
    out = np.zeros(len(ground.cells), np.int64)
    old = ground.region == layout.OLD_TOWN
    out[old & (u < layout.HEART[0] + 0.012)] = OLD_TOWN_AREA
    near = np.hypot(u - layout.URBAN_VILLAGE[0], v - layout.URBAN_VILLAGE[1]) < layout.URBAN_VILLAGE_REACH * 1.1
    out[near & (ground.region == layout.VILLAGE)] = URBAN_VILLAGE_AREA
    near = np.hypot(u - layout.SHANTY[0], v - layout.SHANTY[1]) < layout.SHANTY_REACH
    out[near & np.isin(ground.region, (layout.NEW_TOWN, layout.OLD_TOWN))] = SHANTY_AREA
    out[ground.region == layout.OLD_WORKS] = OLD_WORKS_AREA
    return out


def settle(ground: Ground, area_m2: Floats, seed: int, on: date) -> Parcels:
    """Give every parcel its use, age, holder and health."""
    rng = np.random.default_rng([seed, 10])
    n = len(ground.parcels)
    block = ground.parcel_block
    region = ground.region[block]
    stage_use = uses.draw_uses(ground.region[ground.stage_block], rng)
    use = stage_use[ground.parcel_stage]
    own = rng.random(n) < 0.12
    use = np.where(own, uses.draw_uses(region, rng), use)
    x, y = middle(ground.parcels)
    u, v = x / ground.side, y / ground.side
    renewal = renewal_of_blocks(ground)[block]

    distance = np.hypot(u - layout.HEART[0], v - layout.HEART[1])
    centre = np.select(
        [region == layout.OLD_TOWN, region == layout.OLD_WORKS, region == layout.VILLAGE, region == layout.PARK],
        [1986, 1978, 1993, 2011],
        1994 + 90 * np.clip(distance - 0.06, 0, 0.25),
    )
    built = np.clip(np.round(centre + rng.normal(0, 7, n)), 1956, on.year - 1).astype(np.int64)
    health = np.clip(rng.beta(3.7, 1.9, n), 0.02, 0.99)
    health *= np.where(np.isin(region, (layout.OLD_WORKS,)), 0.62, 1.0)
    health *= np.where(renewal > 0, 0.85, 1.0)
    health *= np.where(built < 1985, 0.88, 1.0)

    collective = (region == layout.VILLAGE) | ((region == layout.TOWN_SEAT) & (rng.random(n) < 0.12))
    use = np.where((use == uses.HOMESTEAD) & ~collective, uses.HOUSING, use)
    use = np.where((use == uses.HOUSING) & (region == layout.VILLAGE), uses.HOMESTEAD, use)
    business = np.isin(use, (uses.INDUSTRY, uses.STORAGE, uses.SHOPS, uses.MARKET))
    holder = np.select(
        [use == uses.HOMESTEAD, business & collective, business, use == uses.HOUSING, use == uses.VACANT],
        [PERSON, VILLAGE_BODY, FIRM, np.where(area_m2 < 1200, PERSON, FIRM), GOVERNMENT],
        GOVERNMENT,
    )
    holder = np.where(business & collective & (rng.random(n) < 0.4), FIRM, holder)
    holder = np.where((holder == GOVERNMENT) & collective, VILLAGE_BODY, holder)
    second_built = ~(
        ((region == layout.PARK) & (hash01(block, block * 0, seed + 5) < 0.35))
        | ((region == layout.NEW_TOWN) & (distance > 0.15) & (hash01(block, block * 0, seed + 6) < 0.30))
    )
    story = _story(region, use, renewal, x, y, ground, area_m2)
    use, holder, built, health = use.copy(), holder.copy(), built.copy(), health.copy()
    for role, row in story.items():
        use[row] = uses.INDUSTRY if role == WORKS else uses.MARKET
        holder[row], built[row], health[row] = FIRM, (1968 if role == WORKS else 1994), 0.06
    return Parcels(
        use,
        region,
        ground.town[block],
        block,
        x,
        y,
        area_m2,
        built,
        health,
        holder,
        collective,
        renewal,
        second_built,
        story,
    )


def _story(
    region: Ints, use: Ints, renewal: Ints, x: Floats, y: Floats, ground: Ground, area: Floats
) -> dict[str, int]:
    """The two parcels everybody in the district talks about."""
    works = np.flatnonzero(region == layout.OLD_WORKS)
    if not len(works):
        works = np.flatnonzero(region == layout.OLD_TOWN)
    old = np.flatnonzero((region == layout.OLD_TOWN) & (renewal == OLD_TOWN_AREA))
    if not len(old):
        old = np.flatnonzero(region == layout.OLD_TOWN)
    return {WORKS: int(works[np.argmax(area[works])]), MARKET: int(old[np.argmax(area[old])])}


def _code(prefix: str, number: Ints, width: int) -> pl.Series:
    return pl.Series(number).cast(pl.String).str.zfill(width).alias(prefix)


def parcel_codes(parcels: Parcels) -> tuple[pl.Series, pl.Series]:
    """宗地代码 (19) and 不动产单元号 (28), GB/T 37346-2019: 地籍区 is not the township's code."""
    n = len(parcels)
    zone = parcels.town + 1
    # A 地籍子区 for every few blocks; numbers run within zone, sub-zone and kind.
    rank = np.zeros(n, np.int64)
    order = np.argsort(parcels.block, kind="stable")
    for town in range(len(layout.TOWNSHIPS)):
        rows = order[parcels.town[order] == town]
        _, inverse = np.unique(parcels.block[rows], return_inverse=True)
        many = max(1, int(inverse.max() + 1) // 990 + 1) if len(rows) else 1
        rank[rows] = inverse // max(many, 6) + 1
    kind = np.where(parcels.collective, np.where(parcels.use == uses.HOMESTEAD, 1, 2), 0)
    group = (zone * 1000 + rank) * 3 + kind
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1])
    start = np.repeat(first, np.diff(np.concatenate([first, [n]])))
    serial = np.empty(n, np.int64)
    serial[order] = np.arange(n) - start + 1
    frame = pl.DataFrame(
        {
            "z": zone,
            "s": rank,
            "k": np.array(["GB", "JC", "JB"])[kind],
            "n": serial,
            "built": parcels.use != uses.VACANT,
        }
    )
    out = frame.select(
        code=pl.concat_str(
            pl.lit(layout.DIVISION),
            pl.col("z").cast(pl.String).str.zfill(3),
            pl.col("s").cast(pl.String).str.zfill(3),
            pl.col("k"),
            pl.col("n").cast(pl.String).str.zfill(5),
        ),
        tail=pl.when("built").then(pl.lit("F00010001")).otherwise(pl.lit("W00000000")),
    ).with_columns(unit=pl.col("code") + pl.col("tail"))
    return out["code"], out["unit"]


def parcel_frame(parcels: Parcels, firms: pl.DataFrame, seed: int, on: date) -> pl.DataFrame:
    """The parcels' attributes under their standard names; blanks are unknown, never no.

    ``firms`` gives the holder of parcels whose holder is a firm: columns row, enterprise_name, credit_code.
    """
    rng = np.random.default_rng([seed, 11])
    n = len(parcels)
    code, unit = parcel_codes(parcels)
    towns = layout.TOWNSHIPS
    street = (hash01(parcels.block, parcels.block * 0, 77) * len(names.ROADS)).astype(np.int64)
    house = 1 + (hash01(np.arange(n), parcels.block, 78) * 180).astype(np.int64)
    village = names.village_names(parcels.block % 160)
    short = np.array([t.short for t in towns])[parcels.town]
    use_zh = np.array([u.zh for u in uses.USES])[parcels.use]
    rural = parcels.collective
    location = np.where(
        rural,
        np.char.add(np.char.add("澄湖区", np.array([t.name for t in towns])[parcels.town]), village),
        np.char.add(np.char.add(np.char.add("澄湖区", names.ROADS[street]), np.char.mod("%d", house)), "号"),
    )
    serial = np.char.mod("%d", 1 + np.arange(n))
    label = np.char.add(np.char.add(np.char.add(short, use_zh), serial), "号地")
    holder_name, credit = _holders(parcels, firms, short, village)

    state_right = np.where(parcels.holder == FIRM, "出让", "划拨")
    nature = np.where(rural, "批准拨用", state_right)
    right_type = np.select(
        [parcels.use == uses.HOMESTEAD, rural], ["宅基地使用权", "集体建设用地使用权"], "国有建设用地使用权"
    )
    granted = nature == "出让"
    method = np.where(
        granted, np.where(parcels.built_year > 2007, "挂牌出让", "协议出让"), np.where(rural, "批准拨用", "划拨")
    )
    approved = _date(parcels.built_year - 2, rng)
    contract = approved + rng.integers(60, 200, n).astype("timedelta64[D]")
    start = contract + rng.integers(90, 360, n).astype("timedelta64[D]")
    completed = start + rng.integers(300, 800, n).astype("timedelta64[D]")
    latest = np.datetime64(on) - np.timedelta64(30, "D")
    completed = np.minimum(completed, latest)
    start, contract, approved = (
        np.minimum(a, completed - np.timedelta64(d, "D")) for a, d in ((start, 200), (contract, 400), (approved, 600))
    )
    registered = np.minimum(completed + rng.integers(20, 900, n).astype("timedelta64[D]"), latest)
    unregistered = (rng.random(n) < np.where(rural, 0.10, 0.025)) & (parcels.holder != FIRM)

    registered_use = uses.REGISTERED[parcels.use]
    current = registered_use.copy()
    changed = (rng.random(n) < 0.035) & np.isin(parcels.use, (uses.INDUSTRY, uses.STORAGE, uses.OFFICE))
    current[changed] = np.where(parcels.use[changed] == uses.INDUSTRY, "0604", "0501")
    features, backward, vacancy, willing = survey_columns(parcels, changed, rng)
    remark = np.full(n, None, object)
    label = label.astype(object)
    for role, row in parcels.story.items():
        label[row] = WORKS_NAME if role == WORKS else MARKET_NAME
        remark[row] = "已停产，厂房封存" if role == WORKS else "半数以上摊位空置"
    blank_year = rng.random(n) < 0.06
    frame = pl.DataFrame(
        {
            "parcel_code": code,
            "unit_code": unit,
            "parcel_name": names.texts(label),
            "township_code": np.array([t.code for t in towns])[parcels.town],
            "township_name": np.array([t.name for t in towns])[parcels.town],
            "location": location,
            "declared_area_m2": np.round(parcels.area_m2, 2),
            "registered_use": registered_use,
            "approved_use": registered_use,
            "current_use": current,
            "ownership_nature": np.where(rural, "30", "20"),
            "right_type": right_type,
            "right_nature": nature,
            "holder_name": holder_name,
            "credit_code": credit,
            "registration_date": np.where(unregistered, np.datetime64("NaT"), registered),
            "approval_date": approved,
            "supply_method": method,
            "contract_start_date": contract,
            "actual_start_date": start,
            "completion_date": completed,
            "features": features,
            "facilities_backward": backward,
            "vacancy_rate": vacancy,
            "willing": willing,
            "built_year": np.where(blank_year, 0, parcels.built_year),
            "plot_ratio_declared": np.zeros(n),
            "density_declared": np.zeros(n),
            "remark": names.texts(remark),
            "serial": np.arange(1, n + 1),
        },
        strict=False,
    )
    return frame.with_columns(
        registration_no=pl.when(pl.col("registration_date").is_null())
        .then(None)
        .otherwise(
            pl.concat_str(
                pl.lit("示（"),
                pl.col("registration_date").dt.year(),
                pl.lit("）澄湖区不动产权第"),
                pl.col("serial").cast(pl.String).str.zfill(7),
                pl.lit("号"),
            )
        ),
        approval_no=pl.concat_str(
            pl.lit("澄政土〔"),
            pl.col("approval_date").dt.year(),
            pl.lit("〕"),
            pl.col("serial") % 900 + 1,
            pl.lit("号"),
        ),
        contract_no=pl.when(pl.col("right_nature") == "出让").then(
            pl.concat_str(
                pl.lit("澄湖-"),
                pl.col("approval_date").dt.year(),
                pl.lit("-"),
                pl.col("serial").cast(pl.String).str.zfill(7),
            )
        ),
        built_year=pl.when(pl.col("built_year") > 0).then(pl.col("built_year")),
    ).drop("serial")


def survey_columns(
    parcels: Parcels, changed: Flags, rng: np.random.Generator
) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """What the field survey wrote down: features, backward facilities, vacancy, wish to redevelop. About one in ten
    is blank."""
    n = len(parcels)
    poor = parcels.health < 0.42
    worst = parcels.health < 0.28
    scattered = (rng.random(n) < np.where(poor, 0.34, 0.03)) | ((parcels.renewal > 0) & (rng.random(n) < 0.45))
    extensive = (rng.random(n) < np.where(poor, 0.62, 0.05)) & np.isin(
        parcels.use, (uses.INDUSTRY, uses.STORAGE, uses.MARKET, uses.VACANT)
    )
    old = (parcels.built_year < 1988) & (rng.random(n) < np.where(worst, 0.8, 0.35))
    words = np.array(["布局散乱;", "利用粗放;", "用途不合理;", "建筑危旧;"])
    for row in parcels.story.values():
        scattered[row] = extensive[row] = old[row] = True
    joined = np.full(n, "")
    for flag, word in zip((scattered, extensive, changed, old), words, strict=True):
        joined = np.where(flag, np.char.add(joined, word), joined)
    joined = np.where(joined == "", "无", np.char.rstrip(joined, ";"))
    seen = rng.random(n) > 0.09
    seen[list(parcels.story.values())] = True
    features = pl.DataFrame({"v": joined, "k": seen}).select(pl.when("k").then("v"))["v"]
    backward = (parcels.renewal > 0) & (rng.random(n) < 0.5) | (rng.random(n) < np.where(poor, 0.2, 0.03))
    backward[list(parcels.story.values())] = True
    known = seen & (rng.random(n) > 0.05)
    rate = np.clip(rng.beta(1.4, 9, n) + np.where(poor, rng.beta(2, 3, n) * 0.7, 0), 0, 0.98)
    rate[list(parcels.story.values())] = [0.92, 0.55][: len(parcels.story)]
    rented = np.isin(parcels.use, (uses.INDUSTRY, uses.STORAGE, uses.SHOPS, uses.MARKET)) & known
    wish = rng.random(n) < np.where(poor, 0.6, 0.12)
    asked = rng.random(n) < 0.55
    return (
        features,
        _flag(backward, known),
        pl.Series(np.where(rented, np.round(rate, 2), np.nan)).fill_nan(None),
        _flag(wish, asked),
    )


def _flag(value: Flags, known: Flags) -> pl.Series:
    return pl.DataFrame({"v": value, "k": known}).select(pl.when("k").then("v"))["v"]


def _date(year: Ints, rng: np.random.Generator) -> NDArray[np.datetime64]:
    start = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    return np.asarray(start + rng.integers(0, 360, len(year)).astype("timedelta64[D]"))


def _holders(
    parcels: Parcels, firms: pl.DataFrame, short: NDArray[np.str_], village: NDArray[np.str_]
) -> tuple[pl.Series, pl.Series]:
    from panhuo.demo.credit import credit_codes

    n = len(parcels)
    bodies = np.array(["机关事务中心", "教育和体育局", "卫生健康局", "城市管理局", "住房保障中心", "土地储备中心"])
    index = (hash01(np.arange(n), parcels.town, 80) * len(bodies)).astype(np.int64)
    name = np.select(
        [parcels.holder == GOVERNMENT, parcels.holder == VILLAGE_BODY, parcels.holder == PERSON],
        [np.char.add("澄湖区", bodies[index]), np.char.add(village, "股份经济合作社"), "自然人"],
        "",
    ).astype(object)
    code = np.full(n, None, object)
    government = parcels.holder == GOVERNMENT
    code[government] = credit_codes(index[government] + 1, "12")
    body = parcels.holder == VILLAGE_BODY
    code[body] = credit_codes(parcels.block[body] % 160 + 1, "N2")
    rows = firms["row"].to_numpy()
    name[rows], code[rows] = firms["enterprise_name"].to_numpy(), firms["credit_code"].to_numpy()
    housing = np.flatnonzero((parcels.holder == FIRM) & (name == ""))
    for_sale = names.firm_names(housing, np.full(len(housing), 70))
    name[housing] = for_sale
    code[housing] = credit_codes(housing + 5_000_000, "91")
    return names.texts(name), names.texts(code)
