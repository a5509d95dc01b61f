"""Every entry of the catalogue has a story in which it, and only what it should, is found."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pyogrio
import pytest
import shapely
from small_layers import (
    HECTARE,
    X,
    Y,
    alone,
    at,
    block,
    boundary,
    bow_tie,
    of,
    parcels,
    patches,
    row_of,
    subject,
    together,
)

from panhuo.land.credit_codes import make_credit_codes
from panhuo.land.crs import Crs
from panhuo.land.identifiers import make_parcel_codes
from panhuo.messages import FINDINGS_SCHEMA, PanhuoError
from panhuo.quality import Settings, catalogue
from panhuo.quality.documents import coordinate_system
from panhuo.survey import check_delivery

#: code -> what happened and where: gives the findings and the rows that must be named (None: the layer as a whole).
Story = Callable[[Path], tuple[pl.DataFrame, list[int | None]]]
STORIES: dict[str, Story] = {}
CODES = make_parcel_codes(list(range(1, 10)))


def story(code: str) -> Callable[[Story], Story]:
    def keep(told: Story) -> Story:
        STORIES[code] = told
        return told

    return keep


@story("D01")
def a_table_without_rows(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(subject("disputes", None, {"宗地代码": pl.Series([], dtype=pl.String)})), [None]


@story("D02")
def a_shapefile_without_prj(folder: Path) -> tuple[pl.DataFrame, list[int | None]]:
    table = {"ZDDM": CODES[:2]}
    with warnings.catch_warnings():
        # that a file without a coordinate system is of little use is the point here
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            folder / "宗地.shp",
            geometry=shapely.to_wkb(row_of(2)),
            field_data=[pl.Series(v).to_numpy() for v in table.values()],
            fields=list(table),
            geometry_type="Polygon",
            crs=None,
            encoding="GBK",
        )
    (folder / "宗地.prj").unlink(missing_ok=True)
    return check_delivery(folder)[1], [None]


@story("D03")
def patches_in_the_next_zone(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    moved = [shapely.transform(s, lambda p: p - [1_000_000.0 - 270_000.0, 0.0]) for s in row_of(1)]
    other = subject("second_survey", moved, {"BSM": ["1"], "DLBM": ["20"]}, crs=Crs.gauss_kruger(38))
    return coordinate_system(other, Settings(), Crs.gauss_kruger(39)), [None]


@story("D04")
def a_parcel_half_outside_and_one_far_away(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    drawn = parcels([block(0, 0), block(1.5, 0), block(500, 500)])
    return together(drawn, boundary(block(0, 0, 2, 1))), [2, 3]


@story("A01")
def no_column_for_the_land_class(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(subject("patches", row_of(1), {"BSM": ["1"]})), [None]


@story("A02")
def a_parcel_without_code(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(parcels(row_of(3), ZDDM=[CODES[0], None, CODES[2]])), [2]


@story("A03")
def classes_and_names_that_do_not_exist_or_agree(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    names = ["工业用地", "工业用地", "果园"]
    return alone(patches(row_of(3), DLBM=["0601", "0699", "0601"], DLMC=names)), [2, 3]


@story("A04")
def a_code_of_eighteen_characters(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(parcels(row_of(3), ZDDM=[CODES[0], CODES[1][:-1], CODES[2]])), [2]


@story("A05")
def two_parcels_of_one_code(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(parcels(row_of(3), ZDDM=[CODES[0], CODES[1], CODES[0]])), [1]


@story("A06")
def a_declared_area_three_percent_off(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(parcels(row_of(3), ZDMJ=[HECTARE, HECTARE * 1.03, HECTARE])), [2]


@story("A07")
def impossible_figures_and_dates(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    drawn = parcels(
        row_of(4),
        JZMD=["0.4", "1.4", "0.4", "0.4"],
        SJKGSJ=["2015-03-01", "2015-03-01", "2019-01-01", "前年"],
        SJJGSJ=["2016-03-01", "2016-03-01", "2018-01-01", "2016-03-01"],
    )
    return alone(drawn), [2, 3, 4]


@story("A08")
def a_works_without_its_town_attribute(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    found = alone(patches(row_of(3), DLBM=["0601", "0601", "0602"], CZCSXM=["201", None, "201"]))
    return found, [2, 3]


@story("A09")
def a_pond_with_a_slope_grade(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    drawn = patches(
        row_of(4),
        DLBM=["0103", "1104", "0201", "0601"],
        KCXS=[0.07, 0.0, 0.0, 0.0],
        GDPDJB=["2", "1", None, None],
        ZZSXDM=["LS", None, "JKHF", "LS"],
    )
    return alone(drawn), [2, 4]


@story("G01")
def a_bow_tie_and_a_missing_shape(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(parcels([block(0, 0), bow_tie(3, 3), None])), [2, 3]


@story("G02")
def a_parcel_in_two_parts(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(parcels([block(0, 0), shapely.MultiPolygon([block(2, 0), block(4, 0)])])), [2]


@story("G03")
def two_parcels_over_one_another(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(parcels([block(0, 0), block(0.5, 0), block(3, 0)])), [1]


@story("G04")
def a_hole_in_the_land_survey(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    tiles = [block(i, j) for i in range(10) for j in range(10) if (i, j) != (6, 3)]
    return together(parcels([block(0, 0)]), patches(tiles), boundary(block(0, 0, 10, 10))), [None]


@story("G05")
def a_parcel_of_four_square_metres(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return alone(parcels([block(0, 0), block(2, 0, 0.02, 0.02)])), [2]


@story("G06")
def a_parcel_with_a_spike(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    tip = shapely.Polygon([at(2, 0), at(2, 1), at(3, 1), at(3, 0.52), at(5, 0.5), at(3, 0.48), at(3, 0)])
    return alone(parcels([block(0, 0), tip])), [2]


@story("G07")
def two_points_four_millimetres_apart(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    x, y = at(3, 0)
    near = shapely.Polygon([at(2, 0), at(2, 1), at(3, 1), (x, y + 0.004), (x, y)])
    return alone(parcels([block(0, 0), near])), [2]


@story("G08")
def a_parcel_that_names_another_township(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    drawn = parcels([block(0, 0), block(1, 0)], XZDM=["990112001", "990112001"])
    towns = [boundary(block(0, 0), "990112001", "东街道"), boundary(block(1, 0), "990112002", "西街道")]
    return together(drawn, *towns), [2]


@story("G09")
def a_parcel_that_no_patch_covers(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return together(parcels([block(0, 0), block(1.5, 0)]), patches([block(0, 0, 2, 1)])), [2]


@story("G10")
def a_parcel_on_an_orchard(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    return together(parcels(row_of(2)), patches(row_of(2), DLBM=["0601", "0201"])), [2]


@story("G11")
def a_parcel_on_basic_farmland(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    lines = subject("control_lines", [block(1.5, 0)], {"类型": ["永久基本农田"], "名称": ["甲"]})
    return together(parcels(row_of(2)), lines), [2]


@story("G12")
def a_parcel_reported_before_under_another_code(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    last = subject("reported", [block(0, 0), block(1, 0)], {"DKBH": [CODES[0], CODES[7]], "ND": [2025, 2025]})
    return together(parcels(row_of(2)), last), [2]


@story("C01")
def a_certificate_for_no_parcel(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    papers = subject("registration", None, {"宗地代码": [CODES[0], CODES[8]], "权利人": ["甲", "乙"]})
    return together(parcels(row_of(2)), papers), [2]


@story("C02")
def a_total_that_does_not_add_up(folder: Path) -> tuple[pl.DataFrame, list[int | None]]:
    book = openpyxl.Workbook()
    firms = make_credit_codes([1, 2]).to_list()
    for row in (
        ["统一社会信用代码", "年份", "税收(万元)"],
        [firms[0], 2025, 30],
        [firms[1], 2025, 12],
        ["合计", None, 52],
    ):
        book.active.append(row)
    book.save(folder / "经济指标.xlsx")
    return check_delivery(folder)[1], [4]


@story("C03")
def a_parcel_that_grew_without_a_word(_: Path) -> tuple[pl.DataFrame, list[int | None]]:
    before = [HECTARE, HECTARE * 0.8, HECTARE * 0.8]
    last = subject("reported", None, {"宗地代码": CODES[:3], "上报面积(平方米)": before}, year=2025)
    return together(parcels(row_of(3), BZ=[None, "面积大", "2026年分割重测"]), last), [2]


def test_every_entry_of_the_catalogue_has_a_story() -> None:
    assert set(STORIES) == set(catalogue())


@pytest.mark.parametrize("code", catalogue())
def test_a_story_is_found_where_it_happened(code: str, tmp_path: Path) -> None:
    findings, rows = STORIES[code](tmp_path)

    told = of(findings, code)
    assert sorted(told["row"].to_list(), key=lambda r: r or 0) == rows
    for finding in told.iter_rows(named=True):
        assert finding["layer"]
        assert finding["source"]
        assert finding["severity"] in ("error", "warning")
        assert finding["suggestion_zh"] and finding["suggestion_en"]
        assert re.search(r"[\u4e00-\u9fff]", finding["zh"])
        assert "{" not in finding["zh"] + finding["en"] + finding["suggestion_zh"] + finding["suggestion_en"]
        assert "None" not in finding["zh"] + finding["en"]
        if finding["row"] is not None and code not in ("C02",):
            assert finding["key"] or code in ("A02",)


@pytest.mark.parametrize("code", [c for c in catalogue() if c[0] == "G"])
def test_what_is_wrong_on_the_ground_has_a_place(code: str, tmp_path: Path) -> None:
    told = of(STORIES[code](tmp_path)[0], code)

    with_shape = told.filter(~pl.col("zh").str.contains("缺失"))
    assert with_shape.height
    assert with_shape["x"].is_not_null().all()
    assert with_shape["y"].is_not_null().all()
    assert (with_shape["x"] - X).abs().max() < 100_000
    assert (with_shape["y"] - Y).abs().max() < 100_000


def test_findings_always_have_the_same_columns(tmp_path: Path) -> None:
    for told in STORIES.values():
        findings = told(tmp_path)[0]
        assert dict(findings.schema) == {c: d() if isinstance(d, type) else d for c, d in FINDINGS_SCHEMA.items()}


def test_every_entry_speaks_both_languages_with_the_same_places() -> None:
    for check in catalogue().values():
        for text in (check.rule, check.suggestion, *check.notes.values()):
            assert re.search(r"[\u4e00-\u9fff]", text.zh) and not re.search(r"[\u4e00-\u9fff]", text.en)
        for text in (check.sentence, *(v.sentence for v in check.variants.values())):
            assert not re.search(r"[\u4e00-\u9fff]", text.en)
            places = {lang: set(re.findall(r"\{(\w+)\}", text(lang))) for lang in ("zh", "en")}
            assert places["zh"] and places["en"]
        assert set(check.parameters) == set(check.notes)
        assert check.source
        assert check.mender in {"sender", "registry", "survey", "planner", "office"}


@pytest.mark.parametrize(
    ("values", "skip", "names"),
    [({"A06.shares": 0.1}, (), "A06.share"), ({"Z99.share": 0.1}, (), "Z99.share"), ({}, ("Z99",), "Z99")],
)
def test_a_setting_that_does_not_exist_is_named(values: dict[str, float], skip: tuple[str, ...], names: str) -> None:
    with pytest.raises(PanhuoError, match=names):
        Settings(values, frozenset(skip))
