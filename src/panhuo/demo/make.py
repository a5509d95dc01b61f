"""Make a fictitious district with its delivery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import shapely

from panhuo.demo import layout, uses
from panhuo.demo.boundary import Plot
from panhuo.demo.delivery import Draft, write_delivery, write_survey
from panhuo.demo.district import Truth, make_truth
from panhuo.demo.planting import plant_attributes, plant_patches, start
from panhuo.demo.planting_shapes import open_rings, plant_shapes, plant_systems
from panhuo.demo.planting_tables import plant_boundary_files, plant_tables
from panhuo.demo.shapes import to_polygons
from panhuo.progress import Progress, silent

#: The township whose late parcels come as a boundary file.
LATE_TOWN = 7
TITLE = "澄湖区低效用地调查（演示）"


@dataclass(frozen=True, slots=True)
class District:
    """A district that was made: where it lies, what is true in it, and what was planted.

    folder : holds survey.yaml, 交付/ and planted.json
    survey : the survey.yaml
    frames : the true attributes by role, standard field names (before anything was planted)
    planted : the list in planted.json
    counts : rows by file role as delivered
    """

    folder: Path
    survey: Path
    frames: Mapping[str, pl.DataFrame]
    planted: tuple[Mapping[str, Any], ...]
    counts: Mapping[str, int]


def make_district(
    folder: Path,
    *,
    parcels: int = 2000,
    seed: int = 1,
    errors: bool = True,
    on: date = date(2026, 11, 21),
    progress: Progress = silent,
) -> District:
    """Write a fictitious district of so many parcels as its bureaus would hand it over, ready for ``panhuo survey
    run``.

    The same arguments give the same content. ``errors`` plants a known set of mistakes and says them in planted.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    years = (on.year - 2, on.year - 1)
    truth = make_truth(parcels, seed, on, years, progress)
    draft = draft_of(truth)
    planted = plant(truth, draft, seed) if errors else []
    if not errors:
        draft.parcel_rings = to_polygons(draft.shapes["parcels"])
    del draft.shapes["parcels"]
    truth.flat.clear()
    truth.shapes.clear()  # the draft has what is written; a large district would hold everything twice
    inputs = write_delivery(folder, draft, on, years, progress)
    for item in planted:
        if "plot" in item:
            item["row"] = draft.lines[item["layer"]][item.pop("plot")]
    _write_planted(folder / "planted.json", planted)
    survey = write_survey(folder, inputs, TITLE, "demo", on, "EPSG:4527", layout.DIVISION, simulated=True)
    counts = {name: frame.height for name, frame in draft.frames.items()}
    return District(folder, survey, truth.frames, tuple(planted), counts)


def plant(truth: Truth, draft: Draft, seed: int) -> list[dict[str, Any]]:
    """Plant the known mistakes into the draft; returns the list for planted.json."""
    late = late_rows(truth)
    rows = np.delete(np.arange(len(truth.parcels)), late)
    planting = start(truth, draft, rows, seed)
    plant_attributes(planting)
    plant_patches(planting)
    open_rows = plant_shapes(planting, seed)
    planting.apply()
    plant_tables(planting)
    plant_boundary_files(planting)
    draft.parcel_rings = open_rings(to_polygons(draft.shapes["parcels"]), open_rows)
    plant_systems(planting)
    return planting.found


#: Families that no row outside planted.json breaks, in the parcels, patches, tables and boundary files of the delivery.
CLEAN = (
    "A02",
    "A03",
    "A04",
    "A05",
    "A06",
    "A07",
    "A08",
    "G01",
    "G02",
    "G03",
    "G05",
    "G06",
    "G07",
    "G08",
    "G09",
    "G10",
    "D04",
    "C01",
    "C02",
)


def _write_planted(path: Path, planted: list[dict[str, Any]]) -> None:
    totals: dict[str, int] = {}
    for item in planted:
        totals[item["code"]] = totals.get(item["code"], 0) + 1
    content = {
        "planted": planted,
        "totals": dict(sorted(totals.items())),
        "traps": [
            {
                "file": "交付/04房屋/房屋.shp",
                "zh": ".cpg 写作“OEM 936”，文字为 GBK，应正确读出“厂房”等用途，不必报告。",
                "en": "The .cpg says 'OEM 936', the texts are GBK: uses such as 厂房 must read right.",
            }
        ],
        "clean": {
            "codes": list(CLEAN),
            "zh": "除上列各行外，没有其他行违反这些检查；被植错误的行可以同时触发其他检查，重叠会同时涉及相邻行"
            "（other）。G11 只保证永久基本农田和生态保护红线，村庄地块在城镇开发边界外属正常。",
            "en": "No other row breaks these checks. A planted row may break further ones, and an overlap names its "
            "neighbour (other). G11 is promised for permanent basic farmland and the red line only: village parcels "
            "lie outside the urban boundary.",
        },
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


def late_rows(truth: Truth) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows of the parcels that come late, in the boundary file: a quarter of one township's, 5,000 at most."""
    rows = np.flatnonzero(truth.parcels.town == LATE_TOWN)
    rows = rows[rows % 4 == 1] if len(rows) > 40 else rows
    return rows[:5000]


def draft_of(truth: Truth) -> Draft:
    """The true district as a draft of its delivery, without any mistake."""
    frame = truth.frames["parcels"]
    late = late_rows(truth)
    shape = truth.shapes["parcels"]
    keep = np.ones(len(shape), np.bool_)
    keep[late] = False
    area = shapely.area(shape)
    codes, names = frame["parcel_code"], frame["parcel_name"]
    plots = [
        Plot(
            codes[k],
            names[k],
            uses.USES[u].registered_name,
            uses.USES[u].registered,
            shape[k],
            f"{area[k] / 10000:.4f}",
        )
        for k, u in zip(late.tolist(), truth.parcels.use[late].tolist(), strict=True)
    ]
    legacy = truth.frames["legacy"]
    legacy_plots = [
        Plot(
            r["legacy_code"],
            r["situation"],
            r["use"],
            r["dlbm"],
            s,
            f"{s.area / 10000:.4f}",
            remark=f"{r['occurred_year']}年",
        )
        for r, s in zip(legacy.iter_rows(named=True), truth.shapes["legacy"], strict=True)
    ]
    frames = dict(truth.frames)
    frames["parcels"] = frame.filter(pl.Series(keep))
    shapes = {**truth.shapes, "parcels": shape[keep]}
    return Draft(frames, shapes, dict(truth.flat), to_polygons(shape[:0]), plots, legacy_plots)
