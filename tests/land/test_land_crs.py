"""Which coordinate system a layer is in, and what is said about it."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from panhuo.land.crs import Crs, CrsGuess, datum_name, declared_crs, recognise, robust_bounds, zone_of_longitude
from panhuo.messages import PanhuoError

ZONE39 = (39_520_000.0, 4_050_000.0, 39_530_000.0, 4_060_000.0)
PLAIN = (520_000.0, 4_050_000.0, 530_000.0, 4_060_000.0)
DEGREES = (117.1, 36.5, 117.4, 36.8)
COUNTY = 117.3


def turned(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    return bounds[1], bounds[0], bounds[3], bounds[2]


def kinds(guess: CrsGuess) -> list[str]:
    return [p.kind for p in guess.problems]


@pytest.mark.parametrize("datum", ["CGCS2000", "西安80", "北京54"])
@pytest.mark.parametrize(("width", "zones"), [(3, range(25, 46, 2)), (6, range(13, 24, 2))])
@pytest.mark.parametrize("prefix", [True, False])
def test_every_zone_is_known_by_its_code_and_by_its_prj(datum: str, width: int, zones: range, prefix: bool) -> None:
    for zone in zones:
        crs = Crs.gauss_kruger(zone, width=width, prefix=prefix, datum=datum)  # type: ignore[arg-type]
        assert (crs.datum, crs.kind, crs.zone, crs.prefix) == (datum, f"gk{width}", zone, prefix)
        assert crs.central_meridian == (3 * zone if width == 3 else 6 * zone - 3)
        read = Crs.from_wkt(crs.esri_wkt())
        assert (read.epsg, read.zone, read.prefix, read.kind) == (crs.epsg, zone, prefix, f"gk{width}")


def test_the_rules_of_the_code_numbers() -> None:
    assert Crs.gauss_kruger(39).epsg == 4527
    assert Crs.gauss_kruger(39, prefix=False).epsg == 4548
    assert Crs.gauss_kruger(20, width=6).epsg == 4498
    assert Crs.from_epsg(4527).false_easting == 39_500_000
    with pytest.raises(PanhuoError, match="25–45"):
        Crs.gauss_kruger(46)


def test_the_names_that_esri_writes() -> None:
    crs = Crs.gauss_kruger(39)
    assert "CGCS2000_3_Degree_GK_Zone_39" in crs.esri_wkt()
    assert "CGCS2000_3_Degree_GK_CM_117E" in Crs.gauss_kruger(39, prefix=False).esri_wkt()


@pytest.mark.parametrize("said", ["4527", 4527, "EPSG:4527", "epsg:4527", "urn:ogc:def:crs:EPSG::4527"])
def test_people_name_a_system_in_several_ways(said: str | int) -> None:
    assert Crs.parse(said).epsg == 4527


def test_a_code_that_is_none_and_a_prj_that_is_none() -> None:
    with pytest.raises(PanhuoError, match="EPSG:999999"):
        Crs.from_epsg(999_999)
    with pytest.raises(PanhuoError, match=r"\.prj"):
        Crs.from_wkt("not a coordinate system")


def test_an_odd_meridian_without_a_code_is_still_gauss_kruger() -> None:
    wkt = Crs.gauss_kruger(39, prefix=False).esri_wkt().replace('"Central_Meridian",117.0', '"Central_Meridian",116.5')
    crs = Crs.from_wkt(wkt)
    assert (crs.epsg, crs.kind, crs.zone, crs.central_meridian) == (None, "gk3", None, 116.5)
    assert crs.is_gauss_kruger


@pytest.mark.parametrize(
    ("spelling", "datum"),
    [
        ("2000国家大地坐标系", "CGCS2000"),
        ("D_China_2000", "CGCS2000"),
        ("CGCS2000", "CGCS2000"),
        ("1980西安坐标系", "西安80"),
        ("80国家大地坐标系", "西安80"),
        ("1954北京坐标系", "北京54"),
        ("WGS 84", "WGS84"),
        ("济南城市坐标系", ""),
    ],
)
def test_spellings_of_a_datum(spelling: str, datum: str) -> None:
    assert datum_name(spelling) == datum


def test_the_header_of_a_boundary_file() -> None:
    crs = declared_crs("2000国家大地坐标系", width=3, zone=39)
    assert crs is not None and crs.epsg == 4527
    assert declared_crs("1980西安坐标系", width=3, zone=39, prefix=False).epsg == 2384  # type: ignore[union-attr]
    assert declared_crs("CGCS2000").epsg == 4490  # type: ignore[union-attr]
    assert declared_crs("CGCS2000", width=3).zone is None  # type: ignore[union-attr]
    assert declared_crs("独立坐标系", width=3, zone=39) is None
    assert declared_crs("CGCS2000", width=3, zone=7) is None


def test_zones_by_longitude() -> None:
    assert [zone_of_longitude(x) for x in (115.49, 115.51, 117, 118.49, 118.51)] == [38, 39, 39, 39, 40]
    assert [zone_of_longitude(x, 6) for x in (113.9, 114.1, 119.9)] == [19, 20, 20]


def test_a_sound_delivery_raises_no_word() -> None:
    guess = recognise(wkt=Crs.gauss_kruger(39).esri_wkt(), bounds=ZONE39, longitude=COUNTY)
    assert guess.crs.epsg == 4527
    assert guess.sure
    assert guess.problems == ()
    assert guess.crs.source == "prj"


@pytest.mark.parametrize(
    ("bounds", "epsg"),
    [(ZONE39, 4527), (PLAIN, 4548), (DEGREES, 4490), ((20_520_000, 4_050_000, 20_530_000, 4_060_000), 4498)],
    ids=["prefix", "plain", "degrees", "six degrees"],
)
def test_without_a_declaration_the_numbers_speak(bounds: tuple[float, float, float, float], epsg: int) -> None:
    guess = recognise(bounds=bounds, longitude=COUNTY)
    assert guess.crs.epsg == epsg
    assert not guess.swapped
    assert guess.crs.confidence < 1
    assert any("CGCS2000" in r.zh for r in guess.reasons)  # the assumed datum is said


@pytest.mark.parametrize(("bounds", "epsg"), [(ZONE39, 4527), (PLAIN, 4548), (DEGREES, 4490)])
def test_exchanged_axes_are_seen(bounds: tuple[float, float, float, float], epsg: int) -> None:
    guess = recognise(bounds=turned(bounds), longitude=COUNTY)
    assert guess.swapped
    assert guess.crs.epsg == epsg
    assert "swapped" in kinds(guess)
    assert not guess.sure
    declared = recognise(epsg=epsg, bounds=turned(bounds), longitude=COUNTY)
    assert declared.swapped and declared.crs.epsg == epsg


def test_without_a_county_six_digit_eastings_have_no_zone() -> None:
    guess = recognise(bounds=PLAIN)
    assert not guess.crs.known
    assert not guess.usable
    assert kinds(guess) == ["unknown"]


def test_metres_that_claim_to_be_degrees() -> None:
    guess = recognise(epsg=4326, bounds=ZONE39, longitude=COUNTY)
    assert guess.crs.epsg == 4527
    assert kinds(guess) == ["contradiction"]
    assert [a.epsg for a in guess.alternatives] == [4326]
    assert not guess.sure


def test_foreign_metres_that_claim_to_be_degrees_are_not_given_a_system() -> None:
    guess = recognise(epsg=4326, bounds=(765_000, 6_270_000, 775_000, 6_285_000))
    assert not guess.crs.known
    assert kinds(guess) == ["local"]


def test_a_prj_of_another_zone_than_the_eastings() -> None:
    guess = recognise(wkt=Crs.gauss_kruger(40).esri_wkt(), bounds=ZONE39, longitude=COUNTY)
    assert guess.crs.epsg == 4527
    assert kinds(guess) == ["zone"]
    assert "40" in guess.problems[0].text.zh and "39" in guess.problems[0].text.zh


@pytest.mark.parametrize(("said", "bounds", "found"), [(4548, ZONE39, 4527), (4527, PLAIN, 4548)])
def test_a_prj_that_is_wrong_about_the_zone_number(
    said: int, bounds: tuple[float, float, float, float], found: int
) -> None:
    guess = recognise(wkt=Crs.from_epsg(said).esri_wkt(), bounds=bounds, longitude=COUNTY)
    assert guess.crs.epsg == found
    assert kinds(guess) == ["prefix"]


def test_a_contradiction_keeps_the_declared_datum() -> None:
    guess = recognise(epsg=2364, bounds=ZONE39, longitude=COUNTY)  # 西安80 zone 40, eastings of zone 39
    assert guess.crs.datum == "西安80"
    assert guess.crs.zone == 39
    assert set(kinds(guess)) == {"zone", "datum"}


def test_an_old_datum_blocks() -> None:
    guess = recognise(epsg=2363, bounds=ZONE39, longitude=COUNTY)
    assert kinds(guess) == ["datum"]
    assert guess.crs.known and not guess.usable


def test_a_layer_far_from_its_county() -> None:
    guess = recognise(epsg=4527, bounds=ZONE39, longitude=113.1)
    assert kinds(guess) == ["place"]
    assert not guess.sure


def test_web_mercator_and_the_zone_it_could_be_taken_for() -> None:
    tiles = (13_040_000.0, 4_380_000.0, 13_060_000.0, 4_390_000.0)
    assert recognise(bounds=tiles, longitude=COUNTY).crs.epsg == 3857
    either = recognise(bounds=(13_340_000.0, 4_380_000.0, 13_360_000.0, 4_390_000.0))
    assert "ambiguous" in kinds(either)
    assert 3857 in {either.crs.epsg, *(a.epsg for a in either.alternatives)}


def test_a_city_of_its_own_system() -> None:
    guess = recognise(bounds=(12_000, 8_000, 15_000, 9_000), longitude=COUNTY)
    assert kinds(guess) == ["local"]
    assert "CGCS2000" in guess.problems[0].text.zh


def test_a_prj_nobody_can_read_is_named_and_the_numbers_are_used() -> None:
    guess = recognise(wkt="GARBAGE[", bounds=ZONE39, longitude=COUNTY)
    assert guess.crs.epsg == 4527
    assert kinds(guess) == ["unreadable"]
    assert guess.usable


def test_two_declarations_that_differ() -> None:
    guess = recognise(wkt=Crs.gauss_kruger(39).esri_wkt(), epsg=4610, bounds=ZONE39)
    assert "contradiction" in kinds(guess)


@pytest.mark.parametrize(
    ("epsg", "bounds"), [(2154, (765_000, 6_270_000, 775_000, 6_285_000)), (4326, (-44.1, -20.0, -44.0, -19.8))]
)
def test_other_countries_are_left_as_they_are(epsg: int, bounds: tuple[float, float, float, float]) -> None:
    guess = recognise(epsg=epsg, bounds=bounds)
    assert guess.crs.epsg == epsg
    assert guess.problems == ()


def test_the_demo_county_is_found_wherever_it_could_lie() -> None:
    """Every 3° zone of China: a county in the middle of it and at its edge, with and without zone number."""
    for zone in range(25, 46):
        for off in (0.0, 1.4, -1.4):
            longitude = 3 * zone + off
            for prefix in (True, False):
                crs = Crs.gauss_kruger(zone, prefix=prefix)
                project = pyproj.Transformer.from_crs(4490, crs.epsg, always_xy=True)
                x, y = project.transform([longitude - 0.1, longitude + 0.1], [36.5, 36.7])
                guess = recognise(bounds=(min(x), min(y), max(x), max(y)), longitude=longitude)
                assert guess.crs.epsg == crs.epsg
                assert guess.problems == () or kinds(guess) == ["ambiguous"]


def test_stray_points_do_not_decide() -> None:
    coords = np.full((1000, 2), (39_525_000.0, 4_055_000.0))
    coords[:3] = 0
    coords[3] = np.nan
    assert robust_bounds(coords) == (39_525_000.0, 4_055_000.0, 39_525_000.0, 4_055_000.0)
    assert robust_bounds(np.full((2, 2), np.nan)) is None


def test_a_system_is_told_in_both_languages() -> None:
    text = Crs.gauss_kruger(39).text
    assert text.zh == "CGCS2000高斯-克吕格3度带（第39带、中央经线117°，横坐标含带号） EPSG:4527"
    assert "zone 39" in text.en
    assert Crs.gauss_kruger(39) == Crs.gauss_kruger(39)


@pytest.mark.parametrize(
    ("words", "epsg"),
    [
        ("CGCS2000 39带", 4527),
        ("2000国家大地坐标系 3度带 第39带", 4527),
        ("2000国家大地坐标系 39带 不含带号", 4548),
        ("2000国家大地坐标系 中央经线117", 4548),
        ("CGCS2000 6度带 20带", 4498),
        ("西安80 6度带 20带", 2334),
        ("北京54 3度带 中央子午线 117°", 2436),
        ("CGCS2000 Gauss-Kruger zone 39", 4527),
        ("CGCS2000", 4490),
        ("WGS 84 / UTM zone 50N", 32650),
    ],
)
def test_a_system_may_be_named_in_words(words: str, epsg: int) -> None:
    assert Crs.parse(words).epsg == epsg


@pytest.mark.parametrize("words", ["foo", "39带", "国家2000 中央经线118", "CGCS2000 99带"])
def test_words_that_name_no_system_say_how_to_write_one(words: str) -> None:
    with pytest.raises(PanhuoError, match=r"EPSG|可用带号"):
        Crs.parse(words)
