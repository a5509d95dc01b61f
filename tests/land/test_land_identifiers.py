"""Credit codes, parcel codes, divisions and sheets."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from panhuo.land.credit_codes import (
    ALPHABET,
    FAULTS,
    check_credit_codes,
    credit_code_fault,
    is_credit_code,
    make_credit_codes,
)
from panhuo.land.identifiers import (
    PARCEL_FAULTS,
    check_parcel_codes,
    check_unit_codes,
    county_of,
    division,
    make_parcel_codes,
    make_unit_code,
    ownership_agrees,
    ownership_of_parcel,
    parcel_of_unit,
    township_of,
)
from panhuo.land.names import enterprise_stem, tidy_name, township_stem
from panhuo.land.sheets import SCALES, sheet_bounds, sheet_numbers
from panhuo.messages import PanhuoError


def column(expr: pl.Expr, values: list[str | None]) -> list[object]:
    return pl.DataFrame({"c": values}, schema={"c": pl.String}).select(expr).to_series().to_list()


C = pl.col("c")
NUMBERS = st.integers(0, 31**6 - 1)
KINDS = st.sampled_from(["91", "92", "93", "11", "12", "52", "N1", "N2", "N3", "Y1", "A1"])


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("91350100M000100Y43", None),
        ("91350100M000100Y44", "check"),
        ("91110000600037341L", None),
        ("N2370112MA3C0A1B79", None),
        (" 91350100m000100y43 ", None),
        ("９１３５０１００M000100Y43", None),
        ("9135O100M000100Y43", "character"),
        ("9135010OM000100Y43", "character"),
        ("91350100M000100Y4", "length"),
        ("98350100M000100Y43", "kind"),
        ("91AB0100M000100Y43", "region"),
    ],
)
def test_credit_codes(code: str, fault: str | None) -> None:
    assert credit_code_fault(code) == fault
    assert is_credit_code(code) == (fault is None)
    assert fault is None or FAULTS[fault].zh


def test_a_column_of_credit_codes_keeps_its_order_and_its_gaps() -> None:
    found = check_credit_codes(pl.Series(["91350100M000100Y43", None, "", "x", "91350100M000100Y44"]))
    assert found["valid"].to_list() == [True, None, None, False, False]
    assert found["fault"].to_list() == [None, None, None, "length", "check"]
    assert check_credit_codes(pl.Series([], dtype=pl.String)).height == 0


@settings(deadline=None, max_examples=50)
@given(NUMBERS, KINDS)
def test_what_is_made_is_sound(number: int, kind: str) -> None:
    assert is_credit_code(make_credit_codes([number], kind=kind)[0])


@settings(deadline=None, max_examples=50)
@given(NUMBERS, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(number: int, place: int, letter: str) -> None:
    code: str = make_credit_codes([number])[0]
    assume(code[place] != letter)
    assert not is_credit_code(code[:place] + letter + code[place + 1 :])


@settings(deadline=None, max_examples=50)
@given(NUMBERS, st.integers(0, 16))
def test_two_neighbours_exchanged_are_found(number: int, place: int) -> None:
    code: str = make_credit_codes([number])[0]
    assume(code[place] != code[place + 1])
    assert not is_credit_code(code[:place] + code[place + 1] + code[place] + code[place + 2 :])


def test_an_inner_code_that_is_wrong_under_a_right_check_character() -> None:
    good: str = make_credit_codes([12345])[0]
    wrong = pl.Series([good[:16] + a + b for a in ALPHABET if a != good[16] for b in ALPHABET])
    faults = check_credit_codes(wrong)["fault"].to_list()
    assert set(faults) == {"check", "body"}
    assert faults.count("body") == 30  # for each wrong inner character there is one outer character that fits


def test_made_codes_differ() -> None:
    made = make_credit_codes(np.arange(5000))
    assert made.n_unique() == 5000
    assert made.str.starts_with("91990112").all()
    with pytest.raises(PanhuoError, match="序号"):
        make_credit_codes([-1])
    with pytest.raises(PanhuoError, match="区划"):
        make_credit_codes([1], region="99")


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("370112001002GB00003", None),
        ("370112 001002 GB00003", None),
        ("370112001002zb00003", None),
        ("370112001002WB00003", "ownership"),
        ("370112001002G300003", "feature"),
        ("370112001002GB00000", "serial"),
        ("37011200100XGB00003", "digits"),
        ("370112001002GB0003", "length"),
    ],
)
def test_parcel_codes(code: str, fault: str | None) -> None:
    found = check_parcel_codes(pl.Series([code]))
    assert found["fault"].to_list() == [fault]
    assert found["valid"].to_list() == [fault is None]
    assert fault is None or PARCEL_FAULTS[fault].zh


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("370112 001002 GB00003 F00010001", None),
        ("370112001002GB00003W00000000", None),
        ("370112001002GB00003W00000001", "fixture_number"),
        ("370112001002GB00003F00000000", "fixture_number"),
        ("370112001002GB00003K00010001", "fixture"),
        ("370112001002GB00000F00010001", "serial"),
        ("370112001002GB00003", "length"),
    ],
)
def test_unit_codes(code: str, fault: str | None) -> None:
    assert check_unit_codes(pl.Series([code]))["fault"].to_list() == [fault]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 99_999), min_size=1, max_size=5),
    st.integers(0, 999),
    st.integers(0, 999),
    st.sampled_from(["GB", "JB", "JC", "ZW"]),
)
def test_made_parcels_and_units_belong_together(serials: list[int], district: int, sub: int, kind: str) -> None:
    parcels = make_parcel_codes(serials, district=district, subdistrict=sub, kind=kind)
    units = [make_unit_code(p, i) for i, p in enumerate(parcels)]
    assert check_parcel_codes(pl.Series(parcels))["valid"].all()
    assert check_unit_codes(pl.Series(units))["valid"].all()
    assert column(parcel_of_unit(C), list(units)) == parcels
    assert set(column(county_of(C), list(parcels))) == {"990112"}


def test_the_letter_of_the_code_against_the_register() -> None:
    frame = pl.DataFrame(
        {
            "code": ["370112001002GB00003", "370112001002JB00003", "370112001002GB00003", "370112001002ZB00003", None],
            "nature": ["20", "30", "34", "20", "20"],
        }
    )
    agrees = frame.select(ownership_agrees(pl.col("code"), pl.col("nature"))).to_series().to_list()
    assert agrees == [True, True, False, None, None]
    assert frame.select(ownership_of_parcel(pl.col("code"))).to_series().to_list() == [
        "国有",
        "集体",
        "国有",
        "争议",
        None,
    ]
    with pytest.raises(PanhuoError, match="37346"):
        make_parcel_codes([0])


@pytest.mark.parametrize(
    ("code", "level", "kind"),
    [
        ("370000", "province", "省级"),
        ("371500", "city", "地级"),
        ("370112", "county", "县级"),
        ("370112001", "township", "街道"),
        ("990112100", "township", "镇"),
        ("370112200000", "township", "乡"),
        ("370112001001", "village", "居民委员会"),
        ("370112001201", "village", "村民委员会"),
        ("3701120012010000000", "village", "村民委员会"),
        ("3701120012010000001", "group", "村民小组及以下"),
    ],
)
def test_divisions(code: str, level: str, kind: str) -> None:
    found = division(code)
    assert (found.level, found.kind) == (level, kind)
    assert found.county == code[:6]


def test_what_is_no_division() -> None:
    with pytest.raises(PanhuoError, match="6、9、12或19"):
        division("3701")
    assert division("370112").township is None
    seats = ["370112001", "370112001001", "3701120010010000000", "370112", "370112000000", "370112001002GB00003"]
    assert column(township_of(C), list(seats)) == ["370112001"] * 3 + [None] * 3


def test_sheets() -> None:
    assert sheet_numbers([117.8949], [36.6676]).to_list() == ["J50G080063"]
    assert sheet_numbers([117.8949], [36.6676], 2000).to_list()[0].startswith("J50I")
    assert sheet_numbers([np.nan, -5.0, 117.0], [36.0, 36.0, 36.0]).to_list() == [None, None, "J50G096049"]
    with pytest.raises(PanhuoError, match="分幅"):
        sheet_numbers([117.0], [36.0], 7000)
    for wrong in ("", "J50", "J50G080", "J50G097001", "J50G000001", "J50Z080063", "850G080063"):
        with pytest.raises(PanhuoError, match="图幅号"):
            sheet_bounds(wrong)


@given(st.floats(73, 135.9), st.floats(3, 53.9), st.sampled_from(sorted(SCALES)))
def test_a_point_lies_on_its_sheet(longitude: float, latitude: float, scale: int) -> None:
    west, south, east, north = sheet_bounds(sheet_numbers([longitude], [latitude], scale)[0])
    assert west - 1e-9 <= longitude <= east + 1e-9
    assert south - 1e-9 <= latitude <= north + 1e-9


def test_names_of_townships() -> None:
    values = ["望湖街道办事处", "望湖街道", "示例省青岚市澄湖区望湖镇", "望 湖 镇", "镇江", "乡镇", "㙍塘镇", None]
    assert column(township_stem(C), list(values)) == ["望湖"] * 4 + ["镇江", "乡镇", "㙍塘", None]


def test_names_keep_rare_characters_and_lose_only_spelling() -> None:
    assert column(tidy_name(C), ["Ａ座 １ 号(北区)", "𠅤镇 "]) == ["A座1号（北区）", "𠅤镇"]
    assert (
        column(enterprise_stem(C), ["澄湖机械有限责任公司（已搬迁）", "澄湖机械有限公司"]) == ["澄湖机械有限公司"] * 2
    )
