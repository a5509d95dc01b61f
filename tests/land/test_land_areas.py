"""Areas on the ellipsoid and in the plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.land.areas import area_m2, ellipsoidal_area, planar_area
from panhuo.land.crs import Crs
from panhuo.land.polygons import Polygons
from panhuo.land.projection import to_geographic, to_zone
from panhuo.messages import PanhuoError

#: GRS 80 is the ellipsoid of CGCS2000 to 1e-10 in flattening
GEOD = pyproj.Geod(ellps="GRS80")
CYLINDER = pyproj.Transformer.from_crs("EPSG:4490", "+proj=cea +lon_0=117 +ellps=GRS80", always_xy=True)
ORIGIN = np.array(CYLINDER.transform(117.3, 36.6))


def lonlat_polygon(shape: shapely.Geometry, longitude: float = 117.3, latitude: float = 36.6) -> shapely.Geometry:
    """A shape drawn in metres, laid on the earth around a place of zone 39."""
    x, y = to_zone(np.array([[longitude, latitude]]), 39)[0]
    crs = Crs.gauss_kruger(39, prefix=False)
    return shapely.transform(shape, lambda c: to_geographic(c + np.array([x, y]), crs))


def true_area(dense: shapely.Geometry) -> float:
    """Area by PROJ's equal-area cylinder; for edges so short that it does not matter in which plane they are
    straight."""
    return float(shapely.transform(dense, lambda c: np.column_stack(CYLINDER.transform(*c.T)) - ORIGIN).area)


def formula_allowance(shape: shapely.Geometry) -> float:
    """How far the survey's formula may be from the true area, m²: it takes the mean longitude of each edge as it is."""
    steps = np.abs(np.diff(np.radians(shapely.get_coordinates(shape)), axis=0))
    return float((steps[:, 0] * steps[:, 1] ** 2).sum() * 6.4e6**2 / 12) + 1e-4


def test_the_map_sheet_of_the_regulation() -> None:
    sheet = shapely.box(117, 36, 117 + 3.75 / 60, 36 + 2.5 / 60)
    assert ellipsoidal_area(Polygons.from_shapely([sheet]))[0] == pytest.approx(26_046_550.184, abs=5e-4)


def test_a_parcel_agrees_with_an_equal_area_projection() -> None:
    parcel = lonlat_polygon(shapely.Polygon([(0, 0), (200, 10), (210, 170), (90, 190), (-10, 120)]))
    dense = shapely.segmentize(parcel, 2e-5)
    plain, fine = ellipsoidal_area(Polygons.from_shapely([parcel, dense]))
    assert 30_000 < fine < 40_000
    assert fine == pytest.approx(true_area(dense), abs=1e-3)
    assert plain == pytest.approx(fine, abs=formula_allowance(parcel))
    assert plain == pytest.approx(fine, rel=3e-6)
    assert plain == pytest.approx(abs(GEOD.geometry_area_perimeter(parcel)[0]), rel=3e-6)


@pytest.mark.parametrize(
    ("off", "ppm", "within"), [(0.0, 0, 2), (0.5, 49, 3), (1.0, 197, 4), (1.5, 444, 6)], ids=["CM", "0.5", "1", "1.5"]
)
def test_the_plane_grows_towards_the_edge_of_the_zone(off: float, ppm: float, within: float) -> None:
    parcel = lonlat_polygon(shapely.box(-100, -100, 100, 100), 117 + off, 36.65)
    ground = Polygons.from_shapely([parcel])
    flat = ground.with_coords(to_zone(ground.coords, 39, prefix=True))
    gap = (planar_area(flat)[0] / ellipsoidal_area(ground)[0] - 1) * 1e6
    assert gap == pytest.approx(ppm, abs=within)


@st.composite
def rings(draw: st.DrawFn) -> shapely.Polygon:
    """Star-shaped parcels of 3 to 30 corners, up to 500 m across."""
    count = draw(st.integers(3, 30))
    radii = draw(st.lists(st.floats(5, 250), min_size=count, max_size=count))
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return shapely.Polygon(np.column_stack([radii * np.cos(turn), radii * np.sin(turn)]))


@settings(deadline=None, max_examples=80)
@given(rings(), st.integers(0, 40), st.booleans(), st.sampled_from([0.0, 39_500_000.0]))
def test_area_does_not_depend_on_where_a_ring_begins_or_which_way_it_runs(
    parcel: shapely.Polygon, start: int, reverse: bool, far: float
) -> None:
    corners = shapely.get_coordinates(parcel)[:-1]
    turned = np.roll(corners, start, axis=0)[:: -1 if reverse else 1]
    places = [shapely.Polygon(corners + np.array([far, 0])), shapely.Polygon(turned + np.array([far, 0]))]
    flat = planar_area(Polygons.from_shapely(places))
    assert flat[1] == pytest.approx(flat[0], rel=1e-9)
    assert flat[0] == pytest.approx(parcel.area, rel=1e-6)

    ground = [lonlat_polygon(shapely.Polygon(corners)), lonlat_polygon(shapely.Polygon(turned))]
    on_earth = ellipsoidal_area(Polygons.from_shapely(ground))
    assert on_earth[1] == pytest.approx(on_earth[0], rel=1e-9)
    dense = shapely.segmentize(ground[0], 1e-4)
    assert ellipsoidal_area(Polygons.from_shapely([dense]))[0] == pytest.approx(true_area(dense), abs=2e-3)
    assert on_earth[0] == pytest.approx(true_area(dense), abs=formula_allowance(ground[0]) + 2e-3)


@settings(deadline=None, max_examples=40)
@given(rings(), st.floats(0.2, 0.8), st.booleans())
def test_a_hole_is_taken_off_whichever_way_its_points_run(parcel: shapely.Polygon, size: float, reverse: bool) -> None:
    corners = shapely.get_coordinates(parcel)
    hole = (corners * size)[:: -1 if reverse else 1]
    pierced = shapely.Polygon(corners, [hole])
    whole, inner, rest = planar_area(Polygons.from_shapely([parcel, shapely.Polygon(hole), pierced]))
    assert rest == pytest.approx(whole - inner, rel=1e-9)
    ground = Polygons.from_shapely([lonlat_polygon(p) for p in (parcel, shapely.Polygon(hole), pierced)])
    whole, inner, rest = ellipsoidal_area(ground)
    assert rest == pytest.approx(whole - inner, rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(rings())
def test_cutting_a_parcel_along_corners_keeps_its_area(parcel: shapely.Polygon) -> None:
    corners = shapely.get_coordinates(parcel)[:-1]
    centre = np.zeros((1, 2))
    slices = [shapely.Polygon(np.vstack([centre, corners[[i, (i + 1) % len(corners)]]])) for i in range(len(corners))]
    ground = Polygons.from_shapely([lonlat_polygon(s) for s in (parcel, *slices)])
    areas = ellipsoidal_area(ground)
    # the slices share their edges, so they add up but for rounding
    assert areas[1:].sum() == pytest.approx(areas[0], rel=1e-8)


def test_rows_without_a_shape_have_no_area_and_parts_add_up() -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 25, 4)])
    areas = planar_area(Polygons.from_shapely([None, parts, shapely.Point(1, 1), shapely.Polygon()]))
    assert areas[1] == 120
    assert np.isnan(areas[[0, 2, 3]]).all()


def test_metres_are_not_taken_for_degrees() -> None:
    with pytest.raises(PanhuoError, match="经纬度"):
        ellipsoidal_area(Polygons.from_shapely([shapely.box(39_500_000, 4_000_000, 39_500_100, 4_000_100)]))


def test_from_any_zone_the_statutory_area_is_the_same() -> None:
    parcel = lonlat_polygon(shapely.box(0, 0, 300, 200), 118.4, 36.5)
    ground = Polygons.from_shapely([parcel])
    expected = ellipsoidal_area(ground)[0]
    for crs in (Crs.gauss_kruger(39), Crs.gauss_kruger(40, prefix=False), Crs.gauss_kruger(20, width=6)):
        moved = ground.with_coords(
            to_zone(ground.coords, crs.zone or 0, width=6 if crs.kind == "gk6" else 3, prefix=crs.prefix)
        )
        assert area_m2(moved, crs)[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.shared_data
def test_a_whole_city_agrees_with_the_geodesic_area(shared_data: Path) -> None:
    wkb = pq.read_table(shared_data / "contagem" / "parcels.parquet", columns=["geometry"])["geometry"].slice(0, 1000)
    polygons = Polygons.from_wkb(wkb)
    ours = ellipsoidal_area(polygons)
    shapes = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
    theirs = np.array([abs(GEOD.geometry_area_perimeter(g)[0]) for g in shapes])
    assert np.abs(ours / theirs - 1).max() < 3e-6
    assert ours.sum() == pytest.approx(theirs.sum(), rel=1e-7)
