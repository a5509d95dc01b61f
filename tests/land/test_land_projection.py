"""Gauss-Krüger coordinates, held against PROJ."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from panhuo.land.crs import Crs
from panhuo.land.projection import gauss_forward, gauss_inverse, to_geographic, to_zone, transform
from panhuo.messages import PanhuoError

GEOGRAPHIC = Crs.from_epsg(4490)


def cloud(meridian: float, reach: float, count: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(7)
    return np.column_stack([meridian + rng.uniform(-reach, reach, count), rng.uniform(0, 56, count)])


@pytest.mark.parametrize("epsg", [4513, 4527, 4533, 4534, 4548, 4554, 4491, 4501, 4502, 4510])
def test_every_kind_of_zone_agrees_with_proj(epsg: int) -> None:
    crs = Crs.from_epsg(epsg)
    assert crs.central_meridian is not None
    lonlat = cloud(crs.central_meridian, 3.5)
    proj = pyproj.Transformer.from_crs(4490, epsg, always_xy=True)
    theirs = np.column_stack(proj.transform(lonlat[:, 0], lonlat[:, 1]))

    ours = transform(lonlat, GEOGRAPHIC, crs)

    assert np.abs(ours - theirs).max() < 1e-6
    back = to_geographic(theirs, crs)
    assert np.abs(back - lonlat).max() < 1e-11


def test_the_pole_the_equator_and_the_meridian_are_no_exceptions() -> None:
    points = np.array([[117.0, 0.0], [117.0, 90.0], [117.0, -90.0], [118.0, 0.0], [117.0, 45.0]])
    flat = gauss_forward(points, 117.0)
    assert np.isfinite(flat).all()
    assert flat[0] == pytest.approx([500_000, 0], abs=1e-9)
    assert flat[1, 1] == pytest.approx(10_001_965.729, abs=1e-3)  # the quarter meridian of the ellipsoid
    assert gauss_inverse(flat, 117.0)[[0, 3, 4]] == pytest.approx(points[[0, 3, 4]], abs=1e-12)


def test_a_missing_coordinate_stays_missing_and_harms_no_other() -> None:
    out = gauss_forward(np.array([[117.0, 36.0], [np.nan, 36.0], [117.5, 36.5]]), 117.0)
    assert np.isnan(out[1, 0])
    assert np.isfinite(out[[0, 2]]).all()


@settings(deadline=None, max_examples=60)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 40), st.just(2)),
        elements=st.floats(-1, 1, allow_nan=False),
    ),
    st.integers(25, 45),
    st.booleans(),
)
def test_there_and_back_again(unit: np.ndarray, zone: int, prefix: bool) -> None:
    lonlat = unit * [3.5, 27.0] + [3.0 * zone, 28.0]
    flat = to_zone(lonlat, zone, prefix=prefix)
    back = to_geographic(flat, Crs.gauss_kruger(zone, prefix=prefix))
    assert np.abs(back - lonlat).max() < 1e-11


def test_from_zone_to_zone_goes_over_longitude_and_latitude() -> None:
    lonlat = cloud(118.5, 0.5, 200)
    z39, z40 = Crs.gauss_kruger(39), Crs.gauss_kruger(40, prefix=False)
    over = transform(transform(lonlat, GEOGRAPHIC, z39), z39, z40)
    assert over == pytest.approx(transform(lonlat, GEOGRAPHIC, z40), abs=1e-6)


def test_the_answer_does_not_depend_on_the_number_of_threads() -> None:
    lonlat = np.tile(cloud(117, 1.5, 1000), (600, 1))
    assert np.array_equal(gauss_forward(lonlat, 117, threads=1), gauss_forward(lonlat, 117, threads=3))


def test_wgs84_numbers_are_taken_as_they_are() -> None:
    lonlat = cloud(117, 1, 10)
    assert np.array_equal(to_geographic(lonlat, Crs.from_epsg(4326)), lonlat)
    assert to_geographic(lonlat, Crs.from_epsg(4326)) is not lonlat


def test_x_is_east_whatever_the_register_says() -> None:
    # EPSG:4527 lists north first; a caller who forgets always_xy gets latitude for longitude
    flat = transform(np.array([[117.3, 36.6]]), GEOGRAPHIC, Crs.from_epsg(4527))
    assert 39_400_000 < flat[0, 0] < 39_600_000
    assert 4_000_000 < flat[0, 1] < 4_100_000


def test_other_systems_go_through_proj() -> None:
    mercator = transform(np.array([[117.3, 36.6]]), GEOGRAPHIC, Crs.from_epsg(3857))
    assert mercator[0, 0] == pytest.approx(117.3 * 111_319.490793, abs=1)
    assert to_geographic(mercator, Crs.from_epsg(3857))[0] == pytest.approx([117.3, 36.6], abs=1e-9)


@pytest.mark.parametrize("epsg", [2363, 4610, 2436, 4214])
def test_old_datums_are_never_converted_in_silence(epsg: int) -> None:
    with pytest.raises(PanhuoError, match="转换参数"):
        to_geographic(np.array([[117.0, 36.0]]), Crs.from_epsg(epsg))


def test_within_an_old_datum_the_zone_may_be_changed() -> None:
    xian = Crs.gauss_kruger(39, datum="西安80")
    lonlat = transform(np.array([[39_520_000.0, 4_050_000.0]]), xian, Crs.from_epsg(4610))
    assert lonlat[0] == pytest.approx([117.22, 36.58], abs=0.01)


def test_an_unknown_system_is_refused_with_advice() -> None:
    with pytest.raises(PanhuoError, match="EPSG:4527"):
        to_geographic(np.zeros((1, 2)), Crs())


def test_coordinates_must_come_in_pairs() -> None:
    with pytest.raises(PanhuoError, match=r"\(n, 2\)"):
        gauss_forward(np.zeros((3, 3)), 117.0)


def test_the_quick_way_in_a_zone_is_the_general_one() -> None:
    rng = np.random.default_rng(7)
    degrees = np.column_stack([117 + rng.uniform(-3.4, 3.4, 5_000), rng.uniform(-59.9, 59.9, 5_000)])
    far = np.array([[117.0, 89.0]])  # one point outside the bounds, and all go the general way
    metres, generally = gauss_forward(degrees, 117.0), gauss_forward(np.vstack([degrees, far]), 117.0)[:-1]
    assert np.abs(metres - generally).max() < 1e-8
    back = gauss_inverse(metres, 117.0)
    generally = gauss_inverse(np.vstack([metres, gauss_forward(far, 117.0)]), 117.0)[:-1]
    assert np.abs(back - generally).max() < 1e-13
    assert np.abs(back - degrees).max() < 1e-13


def test_a_corner_of_two_parcels_stays_one_point_wherever_it_stands() -> None:
    rng = np.random.default_rng(8)
    corner = np.array([[117.123456789, 36.987654321]])
    others = np.column_stack([rng.uniform(115, 119, 1_000), rng.uniform(30, 40, 1_000)])
    there = {tuple(gauss_forward(np.insert(others[:n], at, corner, axis=0), 117.0)[at])
             for n in (0, 1, 3, 7, 255, 256, 1_000) for at in {0, n // 2, n}}  # fmt: skip
    assert len(there) == 1
    metres = np.array(list(there))
    crowd = gauss_forward(others, 117.0)
    back = {tuple(gauss_inverse(np.insert(crowd[:n], n, metres, axis=0), 117.0)[n]) for n in (0, 5, 63, 300)}
    assert len(back) == 1
