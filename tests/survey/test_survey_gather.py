"""Every delivered parcel is judged or handed back with one reason; none is lost."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scene import ZONE, X, Y, code, parcels, place, subject

from panhuo.exchange import Layer
from panhuo.land.polygons import Polygons
from panhuo.survey.config import Input
from panhuo.survey.deliver import understand
from panhuo.survey.gather import REASONS


def reasons(gathered) -> list[str | None]:  # type: ignore[no-untyped-def]
    return gathered.everything["reason"].to_list()


def test_each_thing_that_makes_a_parcel_impossible_to_judge_has_its_own_reason() -> None:
    squares = [
        (0, 0, 10, 10),
        None,
        (20, 0, 30, 10),
        (40, 0, 50, 10),
        (40, 0, 50, 10),
        (60, 0, 70, 10),
        (80, 0, 90, 10),
    ]
    codes = [code(1), code(2), None, code(4), code(4), code(6), code(6)]

    _, gathered = place(subject("parcels", {"parcel_code": codes}, squares))

    assert reasons(gathered) == [None, "no_shape", "no_code", None, "repeated", "same_code", "same_code"]
    assert gathered.parcels.frame["parcel_code"].to_list() == [code(1), code(4)]


def test_a_bow_tie_goes_back_because_its_area_cannot_be_trusted() -> None:
    bow = shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10), (X, Y)])
    layer = Layer(
        "宗地", "宗地.shp", "shapefile", pa.table({"parcel_code": [code(1)]}),
        pa.array([shapely.to_wkb(bow)], pa.large_binary()), ZONE,
    )  # fmt: skip
    found, _ = understand(Input("宗地.shp", "parcels"), layer, ZONE)

    _, gathered = place(found)

    assert reasons(gathered) == ["crossing"]
    assert "crossing" in REASONS


def test_a_parcel_drawn_in_another_county_goes_back() -> None:
    county = subject("boundaries", {"division_code": ["990112"], "division_name": ["某区"]}, [(0, 0, 1000, 1000)])

    _, gathered = place(parcels([(0, 0, 10, 10), (50_000, 0, 50_010, 10)]), county)

    assert reasons(gathered) == [None, "outside"]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 4)), min_size=1, max_size=30))
def test_judged_and_handed_back_are_everything_that_came_in(rows: list[tuple[int, bool, int]]) -> None:
    squares = [None if shapeless else (n * 20.0, 0.0, n * 20.0 + 10.0, 10.0) for n, shapeless, _ in rows]
    codes = [None if c == 0 else code(c) for _, _, c in rows]

    _, gathered = place(subject("parcels", {"parcel_code": codes}, squares))
    back = gathered.handed_back(lambda p: p.to_wkb())

    assert len(gathered.parcels) + back.frame.height == len(rows) == gathered.delivered
    assert set(reasons(gathered)) <= {None, *REASONS}
    assert gathered.parcels.frame["parcel_code"].is_unique().all()
    judged = float(np.nansum(gathered.parcels.area))
    assert judged + float(back.frame["area_m2"].sum()) == pytest.approx(gathered.delivered_m2)
    assert len(back.geometry) == back.frame.height


def test_what_goes_back_names_its_file_and_row_and_keeps_its_shape() -> None:
    layer = subject("parcels", {"parcel_code": [code(1), None]}, [(0, 0, 10, 10), (20, 0, 30, 10)], name="宗地")

    _, gathered = place(layer)
    back = gathered.handed_back(lambda p: p.to_wkb())

    assert back.frame.select("reason", "source", "row").rows() == [("no_code", "parcels.gpkg", 2)]
    assert Polygons.from_wkb(back.geometry).bounds[0, 0] == pytest.approx(X + 20)
    assert back.frame.schema["area_m2"] == pl.Float64
