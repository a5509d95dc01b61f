"""What the checks must not say, and the finer points of what they say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import shapely
from small_layers import (
    HECTARE,
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
    tiling,
    together,
)

from panhuo.land.identifiers import make_parcel_codes
from panhuo.packs import load_pack
from panhuo.quality import Settings
from panhuo.survey.config import load_config
from panhuo.survey.settings import check_settings


@pytest.mark.parametrize("seed", range(3))
def test_a_clean_tiling_gives_no_finding(seed: int) -> None:
    shapes = tiling(12, seed)
    areas = [s.area for s in shapes]
    drawn = parcels(shapes, ZDMJ=areas)
    land = patches(tiling(12, seed + 100), DLMC=["工业用地"] * 144, CZCSXM=["201"] * 144)
    whole = block(0, 0, 12, 12)
    zones = subject("zones", shapes, {"GHYTDM": ["1001"] * 144})

    assert together(drawn, land, zones, boundary(whole)).is_empty()


def test_a_planar_declared_area_is_as_good_as_an_ellipsoidal_one() -> None:
    # 60 km off the central meridian the two differ by a few parts in ten thousand; the tolerance here is finer
    far = shapely.transform(block(0, 0, 10, 10), lambda p: p + np.array([60_000.0, 0.0]))
    planar, ellipsoidal = 100 * HECTARE, float(parcels([far]).area_m2[0])  # type: ignore[index]
    assert abs(planar - ellipsoidal) > 60

    found = alone(parcels([far, far, far], ZDMJ=[planar, ellipsoidal, planar * 1.001]), Settings({"A06.share": 1e-5}))

    assert of(found, "A06")["row"].to_list() == [3]


def test_the_area_of_a_bow_tie_is_not_held_against_it() -> None:
    found = alone(parcels([bow_tie(0, 0)], ZDMJ=[5000.0]))

    assert found["code"].to_list() == ["G01"]


def test_a_pack_sets_the_tolerance_of_a_check(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/pack.yaml").write_text(
        "id: pack\ntitle: {zh: 甲, en: A}\nlevel: city\ndocuments: []\nextends: demo\nparameters:\n"
        "  - {id: check-A06-share, title: {zh: 面积容差, en: tolerance of areas}, value: 0.05, inferred: true}\n",
        encoding="utf-8",
    )
    (tmp_path / "survey.yaml").write_text(
        "title: 甲\npack: pack\non: 2026-11-21\npacks: ['.']\nchecks: {G05.minimum_m2: 3}\ninputs: []\n",
        encoding="utf-8",
    )
    config = load_config(tmp_path)

    settings = check_settings(config, load_pack("pack", on=config.on, folders=[tmp_path]))

    assert (settings.get("A06", "share"), settings.get("G05", "minimum_m2")) == (0.05, 3.0)
    drawn = parcels([block(0, 0), block(2, 0, 0.02, 0.02)], ZDMJ=[HECTARE * 1.03, 4])
    assert of(alone(drawn), "A06").height == of(alone(drawn), "G05").height == 1
    assert alone(drawn, settings).is_empty()


def test_a_check_left_out_says_nothing() -> None:
    drawn = parcels([block(0, 0), block(0.5, 0)], ZDDM=["1", "1"])

    found = together(drawn, settings=Settings(skip=frozenset({"A05", "G03"})))

    assert found.is_empty()
    assert not together(drawn).is_empty()


def test_numbers_in_a_text_field_are_told_once() -> None:
    found = alone(parcels(row_of(3), ZDMJ=["10000", "10000", "10000"]))

    assert found.select("code", "severity", "field", "value").rows() == [
        ("A01", "warning", "declared_area_m2", "ZDMJ"),
    ]


def test_codes_in_an_irregular_form_are_told_once_and_read_all_the_same() -> None:
    codes = make_parcel_codes([1, 2, 3])
    written = [codes[0], f"{codes[1][:6]} {codes[1][6:]}", codes[2].lower()]

    drawn = parcels(row_of(3), ZDDM=written)
    found = alone(drawn)

    assert found.select("code", "severity", "row", "count").rows() == [("A04", "warning", 2, 2)]
    assert codes[1] in found["en"][0]
    assert drawn.frame["parcel_code"].to_list() == codes


def test_the_gap_is_shown_where_it_is_largest_and_a_doubled_patch_does_not_hide_it() -> None:
    tiles = [block(i, j) for i in range(10) for j in range(10) if (i, j) not in {(6, 3), (6, 4), (1, 1)}]
    doubled = [block(8, 8)] * 3

    found = of(together(parcels([block(0, 0)]), patches(tiles + doubled), boundary(block(0, 0, 10, 10))), "G04")

    assert found["value"].to_list() == ["30,000"]
    assert block(6, 3, 1, 2).contains(shapely.Point(found["x"][0], found["y"][0]))


def test_a_patch_beyond_the_county_covers_nothing_of_it() -> None:
    tiles = [block(i, j) for i in range(-3, 13) for j in range(10) if (i, j) != (6, 3)]

    found = of(together(parcels([block(0, 0)]), patches(tiles), boundary(block(0, 0, 10, 10))), "G04")

    assert found["value"].to_list() == ["10,000"]


def test_the_urban_boundary_is_a_warning_where_one_was_delivered() -> None:
    line = subject("control_lines", [block(0, 0, 2.5, 1)], {"类型": ["城镇开发边界"], "名称": ["甲"]})

    found = of(together(parcels(row_of(5)), line), "G11")

    assert found.select("severity", "row", "count", "value").rows() == [
        ("warning", 3, 1, "50.0%"),
        ("warning", 4, 2, None),
    ]
    assert of(together(parcels(row_of(5))), "G11").is_empty()


def test_a_parcel_reported_under_its_own_code_is_no_overlap() -> None:
    codes = make_parcel_codes(list(range(1, 5)))
    last = subject("reported", row_of(3), {"DKBH": codes[:3], "ND": [2025] * 3})

    assert together(parcels(row_of(4)), last).is_empty()


def test_flats_reported_before_are_one_overlap() -> None:
    codes = make_parcel_codes(list(range(1, 41)))
    last = subject("reported", [block(0, 0)] * 20, {"DKBH": codes[20:], "ND": [2025] * 20})
    drawn = parcels([block(0, 0)] * 20 + [block(3, 3)], ZDDM=[*codes[:20], codes[39]])

    found = of(together(drawn, last), "G12")

    assert found.select("row", "count", "value").rows() == [(1, 20, codes[20])]


def test_the_latest_year_of_a_reported_parcel_counts() -> None:
    codes = make_parcel_codes([1, 1])
    last = subject(
        "reported",
        [block(0, 0, 0.5, 1), block(0, 0)],
        {"DKBH": codes, "MJ": [HECTARE / 2, HECTARE], "ND": [2023, 2025]},
    )

    assert of(together(parcels(row_of(1)), last), "C03").is_empty()


def test_a_layer_of_points_is_said_once() -> None:
    found = alone(subject("buildings", [shapely.to_wkb(shapely.Point(at(0, 0)))] * 50, {"FWBH": list("a" * 50)}))

    assert of(found, "G01").is_empty()


def test_findings_are_the_same_in_every_run() -> None:
    drawn = parcels([block(0, 0), block(0.5, 0), bow_tie(3, 0), None], ZDDM=["1", "1", "2", None])

    assert together(drawn, patches(row_of(3))).equals(together(drawn, patches(row_of(3))), null_equal=True)
    assert isinstance(together(drawn), pl.DataFrame)
