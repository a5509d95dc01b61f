"""Repairs are proposals: nothing is changed unasked, and what is changed is recorded."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import shapely
from small_layers import CRS, HECTARE, X, Y, at, block, bow_tie, gathered, of, parcels, patches, row_of

from panhuo.land.identifiers import make_parcel_codes
from panhuo.messages import PanhuoError
from panhuo.quality import Settings
from panhuo.quality.repairs import REPAIRABLE, REPAIRS_SCHEMA, apply_repairs, propose, repairs_table
from panhuo.quality.shapes import shape_faults
from panhuo.quality.subject import Subject
from panhuo.survey.check import check
from panhuo.survey.config import load_config

CODES = make_parcel_codes(list(range(1, 6)))


def proposals(subject: Subject) -> pl.DataFrame:
    faults = shape_faults(subject, Settings()) if subject.polygons is not None else None
    return propose(subject, Settings(), faults).table


def doubled_point() -> shapely.Polygon:
    return shapely.Polygon([at(5, 0), at(5, 1), at(5, 1), at(6, 1), at(6, 0)])


def unclosed_ring() -> bytes:
    """A square of five points whose last is not the first."""
    blob = bytearray(shapely.to_wkb(shapely.Polygon([at(8, 0), at(8, 1), at(9, 1), at(9, 0)])))
    blob[-16:] = shapely.to_wkb(shapely.Point(*at(8.5, -0.5)))[-16:]
    return bytes(blob)


def test_sound_data_have_nothing_to_repair() -> None:
    found = proposals(parcels(row_of(4), ZDMJ=[HECTARE] * 4))

    assert found.is_empty()
    assert dict(found.schema) == dict(repairs_table().schema)
    assert list(found.columns) == list(REPAIRS_SCHEMA)


def test_a_bow_tie_becomes_its_two_triangles() -> None:
    drawn = parcels([block(0, 0), bow_tie(3, 0)])

    found = proposals(drawn)

    assert found.select("code", "layer", "row", "key").rows() == [("G01", "宗地", 2, CODES[1])]
    shape = shapely.from_wkb(found["geometry"][0])
    assert shape.is_valid
    assert len(shapely.get_parts(shape)) == 2
    assert found["area_after"][0] == pytest.approx(HECTARE / 2)
    assert "自相交" in found["before"][0]
    assert "2 个部分" in found["zh"][0] and "2 part" in found["en"][0]
    assert found["leaves"].to_list() == ["G02"]


def test_a_proposal_says_what_it_leaves_wrong() -> None:
    """Whatever it says nothing of is mended: no error of the shape is left once it is applied."""
    shapes = [
        bow_tie(0, 0),
        doubled_point(),
        shapely.Polygon([at(10, 0), at(10, 1), at(11, 1), at(11, 2), at(11, 0)]),  # a spike
        shapely.Polygon([at(20, 0), at(21, 0), at(21, 1), at(20.5, 0), at(20, 1)]),  # pinched in the middle
        shapely.MultiPolygon([block(30, 0), shapely.box(*at(30.5, 0.5), *at(31.5, 1.5))]),  # two parts become one
        shapely.Polygon([at(40, 0), at(41, 0), at(41, 1), at(40, 1)], [[at(42, 0), at(43, 0), at(43, 1)]]),
    ]
    drawn = parcels(shapes)
    offered = propose(drawn, Settings(), shape_faults(drawn, Settings()))

    mended = apply_repairs(drawn, offered)

    assert offered.table["row"].to_list() == [1, 2, 3, 4, 5, 6]
    assert offered.table["leaves"].to_list() == ["G02", None, None, "G02", None, "G02"]
    left = shape_faults(mended, Settings()).findings.filter(pl.col("severity") == "error")
    assert left.select("code", "row").rows() == [("G02", 1), ("G02", 4), ("G02", 6)]


def test_a_repeated_point_and_an_open_ring_keep_their_boundary() -> None:
    found = proposals(parcels([doubled_point(), unclosed_ring()]))

    assert found["row"].to_list() == [1, 2]
    assert found["area_before"].to_list() == pytest.approx(found["area_after"].to_list())
    doubled = shapely.from_wkb(found["geometry"][0])
    assert shapely.get_num_coordinates(doubled) == 5
    assert doubled.equals(block(5, 0))


def test_codes_get_their_regular_form_where_that_is_right() -> None:
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in CODES[1])
    written = [CODES[0], full_width, f"{CODES[2][:12]}-{CODES[2][12:]}", "99 0112"]

    found = proposals(parcels(row_of(4), ZDDM=written))

    assert found.select("code", "row", "field", "before", "after").rows() == [
        ("A04", 2, "parcel_code", full_width, CODES[1]),
        ("A04", 3, "parcel_code", f"{CODES[2][:12]}-{CODES[2][12:]}", CODES[2]),
    ]


@pytest.mark.parametrize("factor", [3 / 2000, 1e-4, 1e4])
def test_a_row_in_another_unit_is_converted(factor: float) -> None:
    found = proposals(parcels(row_of(3), ZDMJ=[HECTARE, HECTARE * factor, HECTARE * 1.2]))

    assert found.select("code", "row", "field").rows() == [("A06", 2, "declared_area_m2")]
    assert found["area_after"][0] == pytest.approx(HECTARE)


def spoiled() -> Subject:
    codes = [CODES[0], CODES[1], f"{CODES[2][:12]}-{CODES[2][12:]}", CODES[3]]
    shapes = [block(0, 0), bow_tie(3, 0), block(5, 0), block(7, 0)]
    return parcels(shapes, ZDDM=codes, ZDMJ=[HECTARE, HECTARE / 2, HECTARE, HECTARE / 10_000])


def test_nothing_is_applied_unasked() -> None:
    drawn = spoiled()

    mended, judged = gathered(drawn)

    assert mended.repairs["code"].to_list() == ["G01", "A04", "A06"]
    assert not mended.repairs["applied"].any()
    assert mended.sources.subjects("parcels")[0] is drawn
    assert judged.everything["reason"].to_list() == [None, "crossing", None, None]


def test_what_is_asked_for_is_applied_and_recorded_and_still_told() -> None:
    drawn = spoiled()
    before, _ = gathered(drawn)

    mended, judged = gathered(drawn, repairs=["G01", "A04", "A06"])

    assert mended.repairs["applied"].all()
    assert judged.everything["reason"].null_count() == 4
    assert judged.parcels.area[1] == pytest.approx(HECTARE / 2, rel=1e-3)
    assert judged.parcels.frame["parcel_code"].to_list() == CODES[:4]
    assert judged.parcels.frame["declared_area_m2"].to_list() == pytest.approx([HECTARE, HECTARE / 2, HECTARE, HECTARE])
    # the delivery itself is as it was, and so is what was found in it
    assert mended.delivered.sources.subjects("parcels")[0] is drawn
    assert drawn.frame["declared_area_m2"].to_list()[3] == 1.0
    found = check(mended, judged, Settings())
    assert set(found["code"]) == {"G01", "A04", "A06"}
    assert found.equals(check(before, gathered(drawn)[1], Settings()), null_equal=True)


def test_one_check_may_be_repaired_and_another_not() -> None:
    mended, judged = gathered(spoiled(), repairs=["A04"])

    assert mended.repairs.filter("applied")["code"].to_list() == ["A04"]
    assert judged.everything["reason"].to_list() == [None, "crossing", None, None]


def test_a_repaired_parcel_is_laid_over_the_land_survey_by_its_new_shape() -> None:
    land = patches([block(3, 0)])
    mended, judged = gathered(parcels([bow_tie(3, 0)]), land, repairs=["G01"])

    found = check(mended, judged, Settings())

    assert judged.parcels.planar[0] == pytest.approx(HECTARE / 2)
    assert of(found, "G09").is_empty()
    assert of(found, "G01").height == 1


def test_applying_a_repair_makes_the_shape_valid() -> None:
    drawn = parcels([bow_tie(0, 0), doubled_point(), block(9, 9)])

    mended = apply_repairs(drawn, propose(drawn, Settings(), shape_faults(drawn, Settings())))

    assert shape_faults(mended, Settings()).findings["code"].to_list() == ["G02"]
    assert mended.polygons is not None
    assert mended.polygons.bounds[2].tolist() == list(block(9, 9).bounds)
    assert mended.crs == CRS
    assert at(0, 0) == (X, Y)


def test_a_repair_that_does_not_exist_is_named_with_its_line(tmp_path: Path) -> None:
    text = "title: 甲\npack: demo\non: 2026-11-21\nrepairs: [G01, G03]\ninputs: []\n"
    (tmp_path / "survey.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(PanhuoError, match=r"survey\.yaml:4.*G03"):
        load_config(tmp_path)
    with pytest.raises(PanhuoError, match="G03"):
        gathered(spoiled(), repairs=["G03"])
    assert set(REPAIRABLE) == {"G01", "A04", "A06"}
