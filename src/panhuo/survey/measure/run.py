"""Measure: every fact of every parcel, each with its source."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from panhuo.identify import YieldEvaluation
from panhuo.land.codes.landuse import land_group
from panhuo.land.facts import FACTS
from panhuo.land.projection import to_geographic
from panhuo.packs import Pack
from panhuo.progress import Progress, silent
from panhuo.survey.config import SurveyConfig
from panhuo.survey.gather import Gathered
from panhuo.survey.measure import buildings, firms, land, plan, registration
from panhuo.survey.measure.facts import Facts, Parcels, source_of
from panhuo.survey.measure.parameters import Parameters, parameters_of
from panhuo.survey.measure.shares import lay_over
from panhuo.survey.measured import Measured, Shapes
from panhuo.survey.sources import Sources
from panhuo.survey.yields import evaluate_firms


def measure(
    sources: Sources, gathered: Gathered, pack: Pack, config: SurveyConfig, *, progress: Progress = silent
) -> Measured:
    """One row of facts for every parcel that can be judged; handed-back parcels are kept beside them."""
    given = parameters_of(pack)
    sources = sources.spoken()
    parcels = gathered.parcels
    steps = 8
    progress("量算", 0, steps)
    facts = land.measure_areas(parcels)
    form = registration.measure_form(parcels, source_of(sources.subjects("parcels")))
    rights = registration.measure_registration(sources, parcels, form)
    facts = facts.merged(_codes(parcels, sources, gathered), rights, form, registration.measure_idle(sources, parcels))
    progress("量算", 1, steps)
    land_rules = land.Rules(
        construction=given.number("is_urban_stock", "minimum_construction_share"),
        second_survey=given.number("second_survey_is_construction", "minimum_share"),
        urban=given.number("is_urban_stock", "minimum_share"),
        village=given.number("is_village_land", "minimum_share"),
    )
    for role, columns in (("patches", ("land_class", "town_attribute")), ("second_survey", ("land_class",))):
        if sources.has(role):
            overlaid = gathered.laid_over(sources, role, columns, progress=progress)
            step = land.measure_patches if role == "patches" else land.measure_second_survey
            facts = facts.merged(step(overlaid, source_of(sources.subjects(role)), land_rules))
    progress("量算", 3, steps)
    plan_rules = plan.Rules(
        renewal=given.number("in_renewal_area", "minimum_share"),
        exit_list=given.number("in_exit_list", "minimum_share"),
        legacy=given.number("in_legacy_register", "minimum_share"),
    )
    if sources.has("zones"):
        zones = lay_over(parcels, sources.subjects("zones"), ("plan_use", "max_plot_ratio"), progress=progress)
        facts = facts.merged(plan.measure_zones(zones, source_of(sources.subjects("zones"))))
    if sources.has("renewal_areas"):
        areas = lay_over(parcels, sources.subjects("renewal_areas"), ("area_kind",), progress=progress)
        facts = facts.merged(plan.measure_renewal(areas, source_of(sources.subjects("renewal_areas")), plan_rules))
    if sources.has("control_lines"):
        lines = gathered.laid_over(sources, "control_lines", ("line_kind",), progress=progress)
        facts = facts.merged(plan.measure_lines(lines, source_of(sources.subjects("control_lines"))))
    if sources.has("exit_list"):
        facts = facts.merged(plan.measure_exit_list(sources, parcels, plan_rules))
    if sources.has("legacy"):
        old = lay_over(parcels, sources.subjects("legacy"), ("situation",), progress=progress)
        facts = facts.merged(plan.measure_legacy(old, source_of(sources.subjects("legacy")), plan_rules))
    progress("量算", 5, steps)
    if sources.has("buildings"):
        houses = lay_over(parcels, sources.subjects("buildings"), buildings.FIELDS, progress=progress)
        building_rules = buildings.Rules(given.number("plot_ratio", "double_height_over_m"))
        facts = facts.merged(
            buildings.measure_buildings(houses, source_of(sources.subjects("buildings")), building_rules)
        )
    progress("量算", 6, steps)
    firm_rules = firms.Rules(
        economy_year=config.years.get("economy"),
        yield_year=config.years.get("yield"),
        years=int(given.number("economy_year", "years")),
        silent_safety=given.flag("safety_compliant", "no_record_means_compliant"),
        silent_environment=given.flag("environment_compliant", "no_record_means_compliant"),
    )
    evaluation = evaluate_firms(sources, pack, config.years.get("economy"))
    elsewhere = gathered.everything.filter(
        pl.col("reason").is_in(["crossing", "same_code", "outside"]) & pl.col("parcel_code").is_not_null()
    ).select("parcel_code", pl.col("area_m2").alias("area"))
    facts = facts.merged(firms.measure_firms(sources, parcels, firm_rules, evaluation, elsewhere))
    facts = _industry_land(facts, given)
    progress("量算", 7, steps)
    measured = _measured(facts, sources, gathered, parcels, evaluation)
    progress("量算", 8, steps)
    return measured


def _codes(parcels: Parcels, sources: Sources, gathered: Gathered) -> Facts:
    """Code and township: as the parcel names it, else the township that most of it lies in."""
    facts = Facts.empty(len(parcels)).add(
        {"parcel_code": parcels.frame["parcel_code"]}, source_of(sources.subjects("parcels"))
    )
    given = [c for c in ("township_code", "township_name") if c in parcels.frame.columns]
    facts = facts.add({c: parcels.frame[c] for c in given}, source_of(sources.subjects("parcels")))
    layers = [s for s in sources.subjects("boundaries") if s.has("division_code", "division_name")]
    if not layers:
        return facts
    overlaid = gathered.laid_over(sources, "boundaries", ("division_code", "division_name"))
    length = overlaid.frame["division_code"].cast(pl.String).str.len_chars()
    towns = (
        pl.select(pl.when(length >= 9).then(pl.lit(overlaid.frame["division_code"]))).to_series().alias("township_code")
    )
    names = overlaid.frame["division_name"].alias("township_name")
    placed = land.overlaid_main(overlaid, towns).drop("share")
    by_code = pl.DataFrame([towns, names]).drop_nulls().unique("township_code", keep="first", maintain_order=True)
    placed = placed.join(by_code, on="township_code", how="left", maintain_order="left")
    from_map = Facts.empty(len(parcels)).join(placed, source_of(layers))
    if not given:
        return facts.merged(from_map)
    # What the file says stays; what it leaves out comes from the map. A wrong township is a finding (G08).
    frame = facts.frame
    for column in ("township_code", "township_name"):
        if column in frame.columns:
            frame = frame.with_columns(pl.col(column).fill_null(from_map.frame[column]))
    facts = Facts(frame, facts.sources)
    if "township_name" not in given:
        named = frame.select("township_code").join(by_code, on="township_code", how="left", maintain_order="left")
        facts = facts.add({"township_name": named["township_name"]}, source_of(layers))
    return facts.merged(from_map)


def _industry_land(facts: Facts, given: Parameters) -> Facts:
    """Industrial land: by the registered use, else by the present land class (groups as the pack says)."""
    wanted = given.words("is_industry_land", "groups")
    frame = facts.frame
    by_use = (
        land.of_codes(frame, "registered_use", land_group, "gbt21010") if "registered_use" in frame.columns else None
    )
    group = frame["land_group"] if "land_group" in frame.columns else None
    if by_use is None and group is None:
        return facts
    both = group if by_use is None else by_use if group is None else by_use.fill_null(group)
    assert both is not None
    source = facts.sources.get("registered_use") or facts.sources["land_group"]
    return facts.add({"is_industry_land": both.is_in(list(wanted))}, source)


def _measured(
    facts: Facts, sources: Sources, gathered: Gathered, parcels: Parcels, evaluation: YieldEvaluation | None
) -> Measured:
    working = gathered.crs

    def degrees(polygons: Any) -> pa.LargeBinaryArray:
        if not len(polygons.coords):
            return polygons.to_wkb()
        return polygons.with_coords(to_geographic(polygons.coords, working)).to_wkb()

    names = [n for n in FACTS if n in facts.frame.columns]
    extra = [c for c in facts.frame.columns if c not in FACTS and not c.startswith("_")]
    frame = facts.frame.select(*names, *extra)
    legacy_frames, legacy_shapes = [], []
    for subject in sources.subjects("legacy"):
        if subject.polygons is None:
            continue
        wanted = ("legacy_code", "situation", "occurred_year", "penalty_no")
        legacy_frames.append(
            subject.columns(*wanted)
            .cast(pl.String)
            .with_columns(area_m2=pl.Series(subject.area_m2).fill_nan(None), source=pl.lit(subject.layer.source))
        )
        legacy_shapes.append(degrees(subject.polygons))
    townships = [s for s in sources.subjects("boundaries") if s.polygons is not None]
    town_frames = [s.columns("division_code", "division_name", "level").cast(pl.String) for s in townships]
    obstacles = sources.table("obstacles", "parcel_code", "kind", "description", "wish", "unit", "due_date")
    return Measured(
        facts=frame,
        geometry=degrees(parcels.polygons),
        sources=facts.sources,
        handed_back=gathered.handed_back(degrees),
        legacy=Shapes(
            pl.concat(legacy_frames) if legacy_frames else pl.DataFrame(schema={"legacy_code": pl.String}),
            _together(legacy_shapes),
        ),
        obstacles=obstacles if obstacles is not None else pl.DataFrame(schema={"parcel_code": pl.String}),
        townships=Shapes(
            pl.concat(town_frames) if town_frames else pl.DataFrame(schema={"division_code": pl.String}),
            _together([degrees(s.polygons) for s in townships]),
        ),
        crs=working,
        yields=evaluation.frame if evaluation is not None else pl.DataFrame(),
        delivered=gathered.delivered,
        delivered_m2=gathered.delivered_m2,
    )


def _together(parts: list[pa.LargeBinaryArray]) -> pa.LargeBinaryArray:
    return pa.concat_arrays(parts) if parts else pa.array([], pa.large_binary())
