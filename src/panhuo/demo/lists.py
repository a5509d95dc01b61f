"""The lists that come with a delivery: registration, exit list, legacy land, idle land, disputes, obstacles."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from panhuo.demo import layout, uses
from panhuo.demo.ground import Ground, middle
from panhuo.demo.holdings import WORKS, Parcels
from panhuo.demo.tiling import polygons_of

Geometries = NDArray[Any]
SITUATIONS = ("没有合法用地手续", "未完成用地备案", "未完成转用征收手续", "未完成土地供应手续")


def make_registration(frame: pl.DataFrame, disputed: NDArray[np.int64], seed: int) -> pl.DataFrame:
    """不动产登记: one row for every registered parcel, areas of the certificate close to the ground's."""
    rng = np.random.default_rng([seed, 50])
    n = frame.height
    off = np.where(rng.random(n) < 0.04, rng.normal(0, 0.01, n), 0.0)
    quarrel = np.zeros(n, np.bool_)
    quarrel[disputed[::3]] = True
    flags = {
        "mortgage": rng.random(n) < np.where(frame["right_nature"].to_numpy() == "出让", 0.22, 0.01),
        "sealed": rng.random(n) < 0.012,
        "disputed": quarrel,
    }
    return frame.select(
        "parcel_code",
        "unit_code",
        "holder_name",
        "credit_code",
        "registered_use",
        "right_type",
        "right_nature",
        registered_area_m2=(pl.col("declared_area_m2") * (1 + pl.Series(off))).round(2),
        registration_no="registration_no",
        registration_date="registration_date",
        **{k: pl.Series(np.where(v, "是", "否")) for k, v in flags.items()},
    ).filter(pl.col("registration_no").is_not_null())


def make_exit_list(parcels: Parcels, codes: pl.Series, names: pl.Series) -> pl.DataFrame:
    """退二进三: works inside the old town and the old industrial area."""
    inner = np.isin(parcels.region, (layout.OLD_WORKS, layout.OLD_TOWN)) & (parcels.use == uses.INDUSTRY)
    rows = np.flatnonzero(inner & (parcels.health < 0.45))
    works = parcels.story.get(WORKS, -1)
    rows = np.concatenate([[works] if works >= 0 else [], rows[rows != works]]).astype(np.int64)
    return pl.DataFrame(
        {
            "list_item": np.arange(1, len(rows) + 1),
            "parcel_code": codes.gather(rows),
            "parcel_name": names.gather(rows),
        }
    )


def make_disputes(parcels: Parcels, codes: pl.Series, seed: int) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """权属争议: about one parcel in a hundred, more in villages; some settled."""
    rng = np.random.default_rng([seed, 51])
    rows = np.flatnonzero(rng.random(len(parcels)) < np.where(parcels.collective, 0.016, 0.006))
    kinds = np.array(["界址争议", "权属继承待定", "征收补偿争议", "租赁合同纠纷"])
    open_ = rng.random(len(rows)) < 0.65
    frame = pl.DataFrame(
        {
            "parcel_code": codes.gather(rows),
            "kind": kinds[rng.integers(0, len(kinds), len(rows))],
            "state": np.where(open_, "未结", "已结"),
        }
    )
    return frame, rows


def make_obstacles(parcels: Parcels, codes: pl.Series, seed: int, on: date) -> pl.DataFrame:
    """问题诉求: what stands in the way at poor parcels, who is to clear it, until when; some dates not agreed yet."""
    rng = np.random.default_rng([seed, 52])
    poor = (parcels.health < 0.3) & (parcels.use != uses.HOMESTEAD)
    rows = np.flatnonzero(poor & (rng.random(len(parcels)) < 0.3))
    rows = np.unique(np.concatenate([rows, list(parcels.story.values())])).astype(np.int64)
    kinds = (
        ("规划调整", "现行规划用途与拟改造方向不一致", "希望尽快调整详细规划", "自然资源局"),
        ("历史手续", "部分建筑未办理规划和不动产登记手续", "希望分类补办手续", "自然资源局"),
        ("资金", "改造资金缺口较大，融资困难", "希望给予贷款贴息", "财政局"),
        ("拆迁安置", "涉及住户意见尚未统一", "希望明确安置补偿标准", "住房和城乡建设局"),
        ("土壤污染", "地块曾从事化工生产，需调查评估", "希望统筹土壤修复费用", "生态环境分局"),
        ("债权债务", "土地已抵押或者被查封", "希望协调债权人", "属地街道（镇）"),
    )
    pick = rng.integers(0, len(kinds), len(rows))
    pick[rows == parcels.story.get(WORKS, -1)] = 4
    due = [on + timedelta(days=int(d)) for d in rng.integers(20, 400, len(rows))]
    known = rng.random(len(rows)) > 0.25
    return pl.DataFrame(
        {
            "parcel_code": codes.gather(rows),
            "kind": [kinds[k][0] for k in pick],
            "description": [kinds[k][1] for k in pick],
            "wish": [kinds[k][2] for k in pick],
            "unit": [kinds[k][3] for k in pick],
            "due_date": pl.Series([d if ok else None for d, ok in zip(due, known, strict=True)], dtype=pl.Date),
        }
    )


def make_idle_land(parcels: Parcels, codes: pl.Series, seed: int, on: date) -> pl.DataFrame:
    """闲置土地: granted in the parks and the new town and never or hardly built upon (another law than inefficient
    land)."""
    rng = np.random.default_rng([seed, 53])
    chance = np.where(np.isin(parcels.region, (layout.PARK, layout.NEW_TOWN)) & (parcels.health < 0.3), 0.12, 0.0)
    chance = np.where(parcels.use == uses.VACANT, 0.5, chance)
    chance[list(parcels.story.values())] = 0
    rows = np.flatnonzero(rng.random(len(parcels)) < chance)
    when = np.datetime64(on) - rng.integers(60, 1500, len(rows)).astype("timedelta64[D]")
    return pl.DataFrame({"parcel_code": codes.gather(rows), "identified_date": when})


def make_legacy(ground: Ground, parcels: Parcels, seed: int) -> tuple[pl.DataFrame, Geometries]:
    """历史遗留用地 in the four situations: village and town ground used without (all) formalities; some plots have a
    hole."""
    rng = np.random.default_rng([seed, 54])
    fit = np.flatnonzero(
        np.isin(parcels.region, (layout.VILLAGE, layout.TOWN_SEAT))
        & np.isin(parcels.use, (uses.INDUSTRY, uses.STORAGE, uses.SHOPS, uses.HOMESTEAD))
        & (parcels.area_m2 > 600)
    )
    count = max(8, len(parcels) // 120)
    rows = np.sort(rng.permutation(fit)[: min(count, len(fit))])
    tiles = polygons_of(ground.parcels[rows], ground.bend, step=16, keep=0.6, salt=1)
    shapes = np.empty(len(rows), object)
    x, y = middle(ground.parcels[rows])
    for k in range(len(rows)):
        ring = tiles.coords[tiles.rings[k] : tiles.rings[k + 1]]
        holes = []
        if k % 9 == 4:
            d = 4.0
            hole = ground.bend(x[k] + np.array([-d, -d, d, d, -d]), y[k] + np.array([-d, d, d, -d, -d]))
            holes = [hole]
        shapes[k] = shapely.Polygon(ring, holes)
    year = rng.integers(1992, 2019, len(rows))
    frame = pl.DataFrame(
        {
            "row": rows,
            "legacy_code": np.char.add("LS", np.char.zfill(np.char.mod("%d", np.arange(1, len(rows) + 1)), 5)),
            "situation": np.array(SITUATIONS)[np.arange(len(rows)) % 4],
            "occurred_year": year,
            "penalty_no": [
                f"澄自然资罚〔{y + 1}〕{i + 1}号" if i % 3 == 0 else None for i, y in enumerate(year.tolist())
            ],
            "dlbm": uses.DLBM[parcels.use[rows]],
            "use": [uses.USES[u].registered_name for u in parcels.use[rows]],
        }
    )
    return frame, shapes
