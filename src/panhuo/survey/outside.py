"""Questions to an opened delivery without a survey.yaml: check it, measure it, lay one layer over another."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from panhuo import overlay
from panhuo.exchange import Delivery, Layer
from panhuo.land.crs import Crs
from panhuo.land.schema import ROLES
from panhuo.messages import PanhuoError, join_findings
from panhuo.packs import Pack
from panhuo.progress import Progress, silent
from panhuo.quality import Settings, check_subject
from panhuo.survey import check as checks
from panhuo.survey.checking import check_layers, clear_role
from panhuo.survey.config import Input, SurveyConfig
from panhuo.survey.deliver import deliver, understand, working_crs_of
from panhuo.survey.gather import gather
from panhuo.survey.measure.run import measure as measure_sources
from panhuo.survey.measured import Measured
from panhuo.survey.mending import mend
from panhuo.survey.settings import check_settings


def check(
    delivery: Delivery,
    pack: Pack | None = None,
    *,
    roles: Mapping[str, str] | None = None,
    crs: Crs | str | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """What is wrong with a delivery: one row a finding (the columns of ``panhuo.messages.FINDINGS_SCHEMA``).

    Every layer is checked by itself, and where there are parcels also against the other layers and the land survey, as
    in a survey. ``pack`` may set the parameters of the checks. ``roles`` says what layers are (layer name or source ->
    role); the others are guessed, and a layer that nobody can tell is checked only for what any layer must be. ``crs``
    is the planar zone to work in (by default the zone of the parcels).
    """
    config = _config(delivery, pack, roles, crs)
    settings = check_settings(config, pack) if pack is not None else Settings()
    named = {(entry.path, entry.layer) for entry in config.inputs}
    parcels = any(
        e.role == "parcels" and x.geometry is not None and (_path(delivery, x), x.name) == (e.path, e.layer)
        for e in config.inputs
        for x in delivery.layers
    )
    zone = Crs.parse(crs) if isinstance(crs, str) else crs
    if not parcels:
        return check_layers(delivery, settings, crs=zone, progress=progress)
    delivered = deliver(config, settings, opened={delivery.path: delivery}, progress=progress)
    mended = mend(delivered, settings, progress=progress)
    gathered = gather(mended.sources, settings, faults=mended.faults, progress=progress)
    parts = [checks.check(mended, gathered, settings, progress=progress)]
    for layer in delivery.layers:
        if (_path(delivery, layer), layer.name) not in named:
            subject, found = understand(Input(layer.source, ""), layer, zone or working_crs_of(layer))
            parts += [found, check_subject(subject, settings, progress=progress)]
    return join_findings(parts)


def measure(
    delivery: Delivery,
    pack: Pack,
    *,
    roles: Mapping[str, str] | None = None,
    years: Mapping[str, int] | None = None,
    crs: Crs | str | None = None,
    progress: Progress = silent,
) -> Measured:
    """The facts of every parcel of a delivery: ``Measured.facts``, one row a parcel, null where a value is not known.

    ``pack`` sets the parameters of the indicators. ``roles`` and ``crs`` as in :func:`check`; ``years`` names the years
    of ``economy`` and ``yield`` (by default the newest delivered). Parcels that cannot be judged are in
    ``Measured.handed_back`` with their reason. Areas are ellipsoidal m² (``area_m2``) and planar m² of the zone.
    Raises PanhuoError when there is no usable layer of parcels.
    """
    config = _config(delivery, pack, roles, crs, years)
    settings = check_settings(config, pack)
    delivered = deliver(config, settings, opened={delivery.path: delivery}, progress=progress)
    gathered = gather(delivered.sources, settings, progress=progress)
    return measure_sources(delivered.sources, gathered, pack, config, progress=progress)


def shares(
    parcels: Layer,
    layer: Layer,
    *,
    by: str,
    key: str | None = None,
    crs: Crs | str | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """How much of each parcel lies in each class of another layer.

    ``by`` is the column of ``layer`` that names the class, ``key`` the column of ``parcels`` that is carried along (by
    default the parcel code where it is recognised). Both layers are brought to one planar zone (``crs``, by default the
    zone of the parcels). Returns one row per parcel and class that meet: ``row`` (from 0), the key, ``by``, ``area_m2``
    (ellipsoidal area of the parcel times the share), ``share`` (0 to 1). Raises PanhuoError for a layer without shapes
    or a column that is not there.
    """
    for one in (parcels, layer):
        if one.geometry is None:
            raise PanhuoError(
                f"“{one.name}”没有图形，不能叠加。",
                f"'{one.name}' has no shapes and cannot be laid over.",
                where=one.source,
            )
    _has(layer, by)
    if key is not None:
        _has(parcels, key)
    zone = Crs.parse(crs) if isinstance(crs, str) else crs or working_crs_of(parcels)
    role = "parcels" if key is None else ""
    below, _ = understand(Input(parcels.source, role), parcels, zone)
    above, _ = understand(Input(layer.source, ""), layer, zone)
    assert below.polygons is not None
    assert above.polygons is not None
    table = overlay.shares(
        below.polygons, above.polygons, layer.frame()[by], areas=below.area_m2, progress=progress
    )  # fmt: skip
    out = table.select("row", pl.col("class").alias(by), pl.col("area").alias("area_m2"), "share")
    if key is not None:
        codes = parcels.frame()[key]
    elif "parcel_code" in below.frame.columns:
        codes = below.frame["parcel_code"]
    else:
        return out
    return out.insert_column(1, codes.gather(out["row"]))


def _has(layer: Layer, column: str) -> None:
    if column in layer.fields:
        return
    near = difflib.get_close_matches(column, layer.fields, 3, 0.5) or list(layer.fields[:12])
    raise PanhuoError(
        f"“{layer.name}”没有“{column}”列，有：{'、'.join(near)}。",
        f"'{layer.name}' has no column '{column}'; there are: {', '.join(near)}.",
        where=layer.source,
    )


def _path(delivery: Delivery, layer: Layer) -> str:
    """The layer's source as ``deliver`` writes it: with the name of the folder in front."""
    return f"{delivery.path.name}/{layer.source}" if delivery.path.is_dir() else layer.source


def _config(
    delivery: Delivery,
    pack: Pack | None,
    roles: Mapping[str, str] | None,
    crs: Crs | str | None,
    years: Mapping[str, int] | None = None,
) -> SurveyConfig:
    """A survey of this delivery that stands in no file: every layer whose role is given or clear is an input."""
    given = dict(roles or {})
    for name, wanted in given.items():
        delivery.layer(name)
        if wanted not in ROLES:
            near = difflib.get_close_matches(wanted, list(ROLES), 1)
            raise PanhuoError(
                f"没有角色“{wanted}”" + (f"，是否“{near[0]}”？" if near else "。"),
                f"There is no role '{wanted}'" + (f"; did you mean '{near[0]}'?" if near else "."),
            )
    inputs: dict[tuple[str, str], Input] = {}
    for layer in delivery.layers:
        role = given.get(layer.source) or given.get(layer.name) or clear_role(layer)
        if role:
            path = _path(delivery, layer)
            inputs[path, layer.name] = Input(path, role, layer=layer.name)
    return SurveyConfig(
        file=Path(delivery.path).parent / "survey.yaml",
        title=delivery.path.name,
        pack=pack.id if pack is not None else "",
        on=pack.on if pack is not None else date.min,
        inputs=tuple(inputs.values()),
        crs=_named(crs),
        years=years or {},
    )


def _named(crs: Crs | str | None) -> str:
    if isinstance(crs, Crs):
        return f"EPSG:{crs.epsg}" if crs.epsg else crs.wkt or "auto"
    return crs or "auto"
