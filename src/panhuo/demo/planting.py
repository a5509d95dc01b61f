"""Plant a known set of mistakes into the draft of a delivery, and remember every one of them.

The families are those of the catalogue of checks. Each mistake sits on rows that nothing else refers to, so that it
causes
no others; rows that were not planted keep every rule of those families.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from panhuo.demo.delivery import Draft
from panhuo.demo.district import Truth
from panhuo.demo.tiling import Ints

PARCEL_FILE = "交付/01权籍/宗地.shp"
PARCEL_LAYER = "宗地"


@dataclass
class Planting:
    """The mistakes planted so far, and the rows that are still free for more.

    ``free`` are rows of the delivered parcels that no table but the registration refers to, in random order.
    Changed cells (``cells``) and added parcels (``more``, ``more_shapes``) go into the draft all at once, by ``apply``.
    """

    truth: Truth
    draft: Draft
    rng: np.random.Generator
    rows: Ints  # delivered parcel -> row of the truth
    each: int
    found: list[dict[str, Any]] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)
    free: list[int] = field(default_factory=list)
    tree: Any = None
    new_codes: int = 0
    cells: dict[str, dict[int, Any]] = field(default_factory=dict)
    more: list[pl.DataFrame] = field(default_factory=list)
    more_shapes: list[Any] = field(default_factory=list)

    def note(
        self,
        code: str,
        file: str,
        layer: str | None,
        row: int | None,
        key: str | None,
        name: str | None,
        zh: str,
        en: str,
        **more: Any,
    ) -> None:
        """Remember one mistake; ``row`` counts as people count."""
        self.found.append(
            {
                "code": code,
                "file": file,
                "layer": layer,
                "row": row,
                "key": key,
                "field": name,
                "detail": {"zh": zh, "en": en},
                **more,
            }
        )

    def take(self, count: int, fit: NDArray[np.bool_] | None = None) -> list[int]:
        """Rows of delivered parcels for a mistake, never two neighbours, each row once."""
        out: list[int] = []
        shapes = self.draft.shapes["parcels"]
        for row in self.free:
            if len(out) == count:
                break
            if row in self.blocked or (fit is not None and not fit[row]):
                continue
            out.append(row)
            near = self.tree.query(shapely.buffer(shapes[row], 4.0))
            self.blocked.update(int(k) for k in near)
            self.blocked.add(row)
        return out

    def code_of(self, row: int) -> str:
        return str(self.draft.frames["parcels"]["parcel_code"][row])

    def fresh_code(self, row: int) -> str:
        """A parcel code that nothing uses: like that of ``row``, with a high running number."""
        self.new_codes += 1
        code = str(self.truth.frames["parcels"]["parcel_code"][int(self.rows[row])])
        return f"{code[:14]}{99000 - self.new_codes:05d}"

    def set(self, row: int, **values: Any) -> None:
        """Change cells of one parcel."""
        for name, value in values.items():
            self.cells.setdefault(name, {})[row] = value

    def apply(self) -> None:
        """Put the changed cells and the added parcels into the draft."""
        frame = self.draft.frames["parcels"]
        changed = []
        for name, cells in self.cells.items():
            values = pl.Series(list(cells.values()), dtype=frame.schema[name])
            changed.append(frame[name].clone().scatter(list(cells), values))
        self.draft.frames["parcels"] = pl.concat([frame.with_columns(changed), *self.more])
        shapes = np.empty(len(self.more_shapes), object)
        shapes[:] = self.more_shapes
        self.draft.shapes["parcels"] = np.concatenate([self.draft.shapes["parcels"], shapes])
        self.cells, self.more, self.more_shapes = {}, [], []

    def append(self, rows: list[int], shapes: list[Any], codes: list[str], **values: Any) -> int:
        """Add parcels like those of ``rows`` with new shapes and codes; returns the first new row's number (from 1)."""
        frame = self.draft.frames["parcels"]
        more = frame[rows].with_columns(
            pl.Series("parcel_code", codes),
            pl.Series("declared_area_m2", [round(float(s.area), 2) for s in shapes]),
            unit_code=pl.lit(None, pl.String),
            registration_no=pl.lit(None, pl.String),
            registration_date=pl.lit(None, pl.Date),
            contract_no=pl.lit(None, pl.String),
            **{k: pl.lit(v, dtype=frame.schema[k]) for k, v in values.items()},
        )
        number = frame.height + len(self.more_shapes) + 1
        self.more.append(more)
        self.more_shapes.extend(shapes)
        return number

    def forget_registration(self, codes: list[str]) -> None:
        """Take the registration rows of parcels whose code was spoilt, so that no table points at nothing by
        accident."""
        self.draft.frames["registration"] = self.draft.frames["registration"].filter(
            ~pl.col("parcel_code").is_in(codes)
        )


def start(truth: Truth, draft: Draft, rows: Ints, seed: int) -> Planting:
    """A planting with its free rows: no story parcel, nothing that a firm, a quarrel or a list refers to."""
    rng = np.random.default_rng([seed, 90])
    n = len(truth.parcels)
    each = int(np.clip(round(np.sqrt(n) / 20), 2, 50))
    frames = draft.frames
    codes = pl.concat(
        frames[name].select("parcel_code")
        for name in ("enterprises", "disputes", "obstacles", "idle_land", "exit_list")
    )["parcel_code"].unique()
    free = ~frames["parcels"]["parcel_code"].is_in(codes.implode()).to_numpy()
    story = np.isin(rows, list(truth.parcels.story.values()))
    candidates = rng.permutation(np.flatnonzero(free & ~story))[: each * 400].tolist()
    planting = Planting(truth, draft, rng, rows, each, free=candidates)
    planting.tree = shapely.STRtree(draft.shapes["parcels"])
    return planting


def plant_attributes(p: Planting) -> None:
    """Mistakes in the parcels' attributes: A02 to A07, G08."""
    k = p.each
    frame = p.draft.frames["parcels"]
    spoilt: list[str] = []
    for row in p.take(k):
        code = p.code_of(row)
        spoilt.append(code)
        p.set(row, parcel_code=None, unit_code=None)
        p.note("A02", PARCEL_FILE, PARCEL_LAYER, row + 1, None, "ZDDM", "宗地代码为空", "the parcel code is empty")
    for row in p.take(k):
        p.set(row, registered_use="0699")
        p.note(
            "A03",
            PARCEL_FILE,
            PARCEL_LAYER,
            row + 1,
            p.code_of(row),
            "YT",
            "用途代码 0699 不在 GB/T 21010 中",
            "0699 is not a use code",
        )
    for row in p.take(k):
        code = p.code_of(row)
        spoilt.append(code)
        p.set(row, parcel_code=code[:-1], unit_code=None)
        p.note(
            "A04",
            PARCEL_FILE,
            PARCEL_LAYER,
            row + 1,
            code[:-1],
            "ZDDM",
            "宗地代码只有 18 位",
            "the parcel code has 18 characters",
        )
    holders = frame["credit_code"].is_not_null().to_numpy()
    for row in p.take(k, holders):
        good = str(p.draft.frames["parcels"]["credit_code"][row])
        bad = good[:-1] + ("7" if good[-1] != "7" else "8")
        p.set(row, credit_code=bad)
        p.note(
            "A04",
            PARCEL_FILE,
            PARCEL_LAYER,
            row + 1,
            p.code_of(row),
            "TYSHXYDM",
            "统一社会信用代码校验码不符",
            "the check character is wrong",
            value=bad,
        )
    pair = p.take(2 * k)
    for first, second in zip(pair[::2], pair[1::2], strict=False):
        spoilt.append(p.code_of(second))
        code = p.code_of(first)
        p.set(second, parcel_code=code, unit_code=None)
        p.note(
            "A05",
            PARCEL_FILE,
            PARCEL_LAYER,
            second + 1,
            code,
            "ZDDM",
            f"与第 {first + 1} 行宗地代码重复",
            f"same code as row {first + 1}",
            rows=sorted([first + 1, second + 1]),
        )
    for n, row in enumerate(p.take(k + 1)):
        area = float(p.draft.frames["parcels"]["declared_area_m2"][row])
        wrong = area * 2000 / 3 if n == k else area * (1.15 if n % 2 else 0.88)
        p.set(row, declared_area_m2=round(wrong, 2))
        zh, en = (
            ("该行面积填成了平方米，全层为亩", "this row is in m², the layer in 亩")
            if n == k
            else ("所载面积与图形面积不符", "declared area wrong")
        )
        p.note("A06", PARCEL_FILE, PARCEL_LAYER, row + 1, p.code_of(row), "ZDMJ", zh, en)
    for row in p.take(k):
        p.set(row, density_declared=1.35)
        p.note(
            "A07",
            PARCEL_FILE,
            PARCEL_LAYER,
            row + 1,
            p.code_of(row),
            "JZMD",
            "建筑密度大于 1",
            "building density above 1",
        )
    for row in p.take(k):
        done = p.draft.frames["parcels"]["completion_date"][row]
        p.set(row, actual_start_date=done.replace(year=done.year + 2, day=1))
        p.note(
            "A07",
            PARCEL_FILE,
            PARCEL_LAYER,
            row + 1,
            p.code_of(row),
            "SJKGSJ",
            "实际开工晚于竣工",
            "started after completion",
        )
    for row in p.take(k):
        p.set(row, vacancy_rate=1.7)
        p.note("A07", PARCEL_FILE, PARCEL_LAYER, row + 1, p.code_of(row), "KZL", "空置率大于 1", "vacancy rate above 1")
    towns = p.truth.frames["townships"]
    for row in p.take(k):
        now = p.draft.frames["parcels"]["township_code"][row]
        other = towns.filter(pl.col("division_code") != now).row(int(p.rng.integers(0, towns.height - 1)), named=True)
        p.set(row, township_code=other["division_code"], township_name=other["division_name"])
        p.note(
            "G08",
            PARCEL_FILE,
            PARCEL_LAYER,
            row + 1,
            p.code_of(row),
            "XZDM",
            "所填乡镇（街道）与位置不符",
            "lies in another township than it names",
        )
    p.forget_registration(spoilt)


def plant_patches(p: Planting) -> None:
    """Mistakes in the survey patches, far from any parcel: A02, A03, A06 on fields, A08 on a town street."""
    frame = p.draft.frames["patches"]
    file, layer = "交付/02三调/三调.gpkg", "DLTB"
    fields = p.rng.permutation(np.flatnonzero(frame["land_class"].is_in(["0102", "0103"]).to_numpy())).tolist()
    roads = p.rng.permutation(np.flatnonzero((frame["land_class"] == "1004").to_numpy())).tolist()
    changes: dict[str, dict[int, Any]] = {
        "land_class": {},
        "land_class_name": {},
        "patch_area_m2": {},
        "town_attribute": {},
    }
    k = min(p.each, len(fields) // 4, len(roads))
    for n in range(k):
        row = fields.pop()
        changes["land_class"][row] = None
        p.note("A02", file, layer, row + 1, frame["patch_code"][row], "DLBM", "地类编码为空", "the land class is empty")
        row = fields.pop()
        changes["land_class_name"][row] = "采矿用地"
        p.note(
            "A03",
            file,
            layer,
            row + 1,
            frame["patch_code"][row],
            "DLMC",
            "地类名称与地类编码不符",
            "name and code disagree",
        )
        row = fields.pop()
        changes["patch_area_m2"][row] = round(float(frame["patch_area_m2"][row]) * 1.2, 2)
        p.note(
            "A06",
            file,
            layer,
            row + 1,
            frame["patch_code"][row],
            "TBMJ",
            "图斑面积与图形面积不符",
            "declared area wrong",
        )
        row = roads[n]
        changes["town_attribute"][row] = None
        p.note(
            "A08",
            file,
            layer,
            row + 1,
            frame["patch_code"][row],
            "CZCSXM",
            "城镇村道路用地没有城镇村属性码",
            "street without its town attribute",
        )
    for column, cells in changes.items():
        values = frame[column].to_list()
        for row, value in cells.items():
            values[row] = value
        frame = frame.with_columns(pl.Series(column, values, dtype=frame.schema[column]))
    p.draft.frames["patches"] = frame
