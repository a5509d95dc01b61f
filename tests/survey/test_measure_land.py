"""Facts of land, plans, buildings and rights on a place made by hand."""

from __future__ import annotations

import polars as pl
import pytest
from scene import code, parcels, place, subject

from panhuo.survey.measure import buildings, land, plan, registration
from panhuo.survey.measure.facts import source_of
from panhuo.survey.measure.shares import lay_over

TWO = [(0, 0, 100, 100), (100, 0, 200, 100)]


def overlaid(layer: object, columns: tuple[str, ...], squares: object = TWO):  # type: ignore[no-untyped-def]
    sources, gathered = place(parcels(squares), layer)  # type: ignore[arg-type]
    return sources, gathered, lay_over(gathered.parcels, sources.subjects(layer.role.id), columns)  # type: ignore[attr-defined]


@pytest.mark.requirement("S1-04")
def test_construction_land_of_the_second_survey_by_share_and_unknown_where_nothing_was_mapped() -> None:
    layer = subject("second_survey", {"land_class": ["061", "011"]}, [(0, 0, 60, 100), (60, 0, 100, 100)])
    sources, _, laid = overlaid(layer, ("land_class",))

    facts = land.measure_second_survey(laid, source_of(sources.subjects("second_survey")), land.Rules()).frame

    assert facts["second_survey_construction_share"].to_list() == [pytest.approx(0.6), None]
    assert facts["second_survey_is_construction"].to_list() == [True, None]


def test_present_land_class_town_and_village() -> None:
    layer = subject(
        "patches",
        {"land_class": ["0601", "0103", "0702"], "town_attribute": ["201A", None, "203"]},
        [(0, 0, 70, 100), (70, 0, 100, 100), (100, 0, 200, 100)],
    )
    sources, _, laid = overlaid(layer, ("land_class", "town_attribute"))

    facts = land.measure_patches(laid, source_of(sources.subjects("patches")), land.Rules()).frame

    assert facts["main_land_class"].to_list() == ["0601", "0702"]
    assert facts["land_group"].to_list() == ["工业", "住宅"]
    assert facts["construction_share"].to_list() == pytest.approx([0.7, 1.0])
    assert facts["farmland_share"].to_list() == pytest.approx([0.3, 0.0])
    assert facts["is_urban_stock"].to_list() == [True, False]
    assert facts["is_village_land"].to_list() == [False, True]


def test_shares_over_a_tiling_add_up_to_the_parcel() -> None:
    layer = subject(
        "patches",
        {"land_class": ["0601", "0701", "1003"]},
        [(-10, -10, 33.3, 120), (33.3, -10, 150, 120), (150, -10, 300, 120)],
    )
    _, gathered, laid = overlaid(layer, ("land_class",))
    total = sum(laid.share(laid.frame["land_class"] == c) for c in ("0601", "0701", "1003"))

    assert list(total) == pytest.approx([1.0, 1.0], abs=1e-12)
    assert list(laid.share()) == pytest.approx([1.0] * len(gathered.parcels), abs=1e-12)


@pytest.mark.requirement("S1-10")
def test_a_parcel_mostly_in_a_renewal_area_is_marked_with_its_kind() -> None:
    layer = subject("renewal_areas", {"area_name": ["甲"], "area_kind": ["城中村"]}, [(0, 0, 130, 100)])
    sources, _, laid = overlaid(layer, ("area_kind",))

    facts = plan.measure_renewal(laid, source_of(sources.subjects("renewal_areas")), plan.Rules()).frame

    assert facts["renewal_share"].to_list() == pytest.approx([1.0, 0.3])
    assert facts["in_renewal_area"].to_list() == [True, False]
    assert facts["renewal_area_kind"].to_list() == ["城中村", "不在更新改造范围"]


def test_a_kind_of_line_that_was_not_delivered_is_unknown() -> None:
    layer = subject("control_lines", {"line_kind": ["永久基本农田"]}, [(0, 0, 10, 10)])
    sources, _, laid = overlaid(layer, ("line_kind",))

    facts = plan.measure_lines(laid, source_of(sources.subjects("control_lines"))).frame

    assert facts["basic_farmland_area_m2"].to_list() == pytest.approx([100.0, 0.0], rel=1e-3)
    assert "redline_area_m2" not in facts.columns


@pytest.mark.requirement("S1-09")
def test_the_exit_list_marks_by_code_and_by_place() -> None:
    by_code = subject("exit_list", {"parcel_code": [code(2)], "list_item": ["7"]})
    by_place = subject("exit_list", {"list_item": ["8"]}, [(0, 0, 90, 100)])
    sources, gathered = place(parcels([*TWO, (200, 0, 300, 100)]), by_code, by_place)

    facts = plan.measure_exit_list(sources, gathered.parcels, plan.Rules()).frame

    assert facts["in_exit_list"].to_list() == [True, True, False]


def test_a_house_over_an_edge_gives_each_parcel_its_part() -> None:
    layer = subject(
        "buildings",
        {"floors": [2, 1, None], "height_m": [6.0, 9.0, 3.0], "built_year": [1990, 2005, 2010]},
        [(80, 0, 110, 10), (0, 50, 10, 60), (150, 50, 160, 60)],
    )
    sources, _, laid = overlaid(layer, buildings.FIELDS)

    facts = buildings.measure_buildings(laid, source_of(sources.subjects("buildings")), buildings.Rules()).frame

    assert facts["building_count"].to_list() == [2, 1]
    assert facts["footprint_m2"].to_list() == pytest.approx([300.0, 200.0], rel=1e-3)
    # two floors on 200 m², and one hall of nine metres that counts twice
    assert facts["floor_area_m2"][0] == pytest.approx(2 * 200.0 + 2 * 100.0, rel=1e-3)
    assert facts["plot_ratio"][0] == pytest.approx(0.06, rel=1e-3)
    # a house whose floors nobody knows makes the sum unknown, not smaller
    assert facts["floor_area_m2"][1] is None
    assert facts["oldest_built_year"].to_list() == [1990, 1990]


def test_a_parcel_without_a_house_has_a_plot_ratio_of_zero() -> None:
    layer = subject("buildings", {"floors": [1]}, [(0, 0, 10, 10)])
    sources, _, laid = overlaid(layer, buildings.FIELDS)

    facts = buildings.measure_buildings(laid, source_of(sources.subjects("buildings")), buildings.Rules()).frame

    assert facts["plot_ratio"][1] == 0.0
    assert facts["building_count"][1] == 0


@pytest.mark.requirement("S1-06")
def test_clear_ownership_needs_a_registration_and_no_open_quarrel() -> None:
    squares = [(i * 100.0, 0.0, i * 100.0 + 100.0, 100.0) for i in range(5)]
    deeds = subject(
        "registration",
        {"parcel_code": [code(1), code(2), code(3), code(4)], "sealed": ["否", "是", "否", "否"]},
    )
    cases = subject("disputes", {"parcel_code": [code(3), code(4)], "state": ["未结", "已结"]})
    sources, gathered = place(parcels(squares), deeds, cases)
    form = registration.measure_form(gathered.parcels, source_of(sources.subjects("parcels")))

    facts = registration.measure_registration(sources, gathered.parcels, form).frame

    assert facts["is_registered"].to_list() == [True, True, True, True, False]
    assert facts["in_dispute"].to_list() == [False, False, True, False, False]
    # registered and quiet; sealed by a court; open dispute; closed dispute; not registered: nobody knows
    assert facts["ownership_clear"].to_list() == [True, False, False, True, None]


def test_without_a_list_of_disputes_nobody_is_said_to_be_free_of_them() -> None:
    sources, gathered = place(parcels(TWO), subject("registration", {"parcel_code": [code(1)]}))
    form = registration.measure_form(gathered.parcels, source_of(sources.subjects("parcels")))

    facts = registration.measure_registration(sources, gathered.parcels, form).frame

    assert "in_dispute" not in facts.columns
    assert facts["ownership_clear"].to_list() == [None, None]


def test_ownership_comes_from_what_there_is() -> None:
    squares = [(i * 100.0, 0.0, i * 100.0 + 100.0, 100.0) for i in range(2)]
    layer = subject("parcels", {"parcel_code": [code(1), code(1, "JB")]}, squares)
    sources, gathered = place(layer)
    form = registration.measure_form(gathered.parcels, source_of(sources.subjects("parcels")))

    facts = registration.measure_registration(sources, gathered.parcels, form).frame

    assert facts["ownership_kind"].to_list() == ["国有", "集体"]


def test_idle_land_is_on_its_list_or_not() -> None:
    sources, gathered = place(parcels(TWO), subject("idle_land", {"parcel_code": [code(2)]}))

    facts = registration.measure_idle(sources, gathered.parcels).frame

    assert facts["is_idle_land"].to_list() == [False, True]


def test_frames_keep_the_order_of_the_parcels() -> None:
    squares = [(i * 10.0, 0.0, i * 10.0 + 10.0, 10.0) for i in range(50)]
    layer = subject("zones", {"plan_use": [f"{700 + i:04d}" for i in range(50)]}, squares[::-1])
    sources, _, laid = overlaid(layer, ("plan_use", "max_plot_ratio"), squares)

    facts = plan.measure_zones(laid, source_of(sources.subjects("zones"))).frame

    assert facts["plan_use"].to_list() == [f"{700 + i:04d}" for i in range(50)][::-1]
    assert facts.schema["_row"] == pl.Int64
