"""What is wrong with a delivery: every layer by itself, layers against each other, parcels against what is in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from django.db.models import Q

from panhuo.exchange import Layer
from panhuo.land.crs import ZONES, Crs, zone_of_longitude
from panhuo.land.polygons import Polygons
from panhuo.land.projection import to_geographic
from panhuo.messages import FINDINGS_SCHEMA, PanhuoError, join_findings
from panhuo.progress import Progress
from panhuo.quality import Settings, Subject, check_subject
from panhuo.quality.documents import coordinate_system
from panhuo.survey.check import check_each, check_together
from panhuo.survey.deliver import Delivered, understand, working_crs_of
from panhuo.survey.gather import gather
from panhuo.survey.mending import mend
from panhuo.survey.settings import PREFIX
from panhuo.survey.sources import Sources
from panhuo_platform.boxes import Box
from panhuo_platform.deliveries.kept import opened
from panhuo_platform.deliveries.models import DeliveredLayer, Delivery
from panhuo_platform.deliveries.understanding import as_input
from panhuo_platform.organisations import locality

#: Layers in force that parcels are checked against, and tables in force whose codes others name.
LAND, TABLES = ("boundaries", "patches", "control_lines", "reported"), ("enterprises", "parcels")
#: Before the source of a layer in force: what is found in it is not this delivery's.
_IN_FORCE = "在用数据："
#: Before the key of a layer, while it is its source: two layers of a delivery may have one name.
_OWN = "图层："
#: The library tells people to write into survey.yaml; here they press a button.
_WORDS = (
    ("或在 survey.yaml 该输入中写明 crs。", "或在“图层”页指定坐标系。"),
    ("请在 survey.yaml 该输入的 fields 中写明。", "请在“图层”页改正字段对应。"),
    ("or write `crs` for this input.", "or name the system on the layer's page."),
    ("name the column under `fields` of the input in survey.yaml.", "choose the column on the layer's page."),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check gives.

    findings : ``FINDINGS_SCHEMA`` and ``layer_id``, ``lon``, ``lat`` (EPSG:4490) instead of ``x``, ``y``
    back     : rows that cannot be judged: ``layer_id``, ``row``, ``reason``
    repairs  : the library's proposals (``REPAIRS_SCHEMA``) and ``layer_id``; shapes in ``crs``
    boxes    : key of each layer with polygons -> their west, south, east, north in degrees
    """

    findings: pl.DataFrame
    back: pl.DataFrame
    repairs: pl.DataFrame
    crs: Crs | None
    boxes: dict[int, Box]


def settings_of_locality() -> Settings:
    """The parameters of checks that the adopted pack sets."""
    frozen = locality.frozen()
    parameters = frozen["content"].get("meta", {}).get("parameters", []) if frozen else []
    values = {
        p["id"].removeprefix(PREFIX).replace("-", ".", 1): float(p["value"])
        for p in parameters
        if p["id"].startswith(PREFIX) and isinstance(p.get("value"), int | float)
    }
    return Settings(values)


def check(delivery: Delivery, reading: pl.DataFrame, *, progress: Progress) -> Checked:
    """Check all layers of a delivery as they are described and mended now; ``reading`` is what reading them found."""
    settings = settings_of_locality()
    rows = list(delivery.layers.exclude(state=DeliveredLayer.State.LEFT_OUT))
    layers = []
    for k, row in enumerate(rows):
        progress("打开图层", k, len(rows))
        layers.append(opened(row))
    working = working_of(zip(rows, layers, strict=True))
    zones: dict[int, Crs | None] = {}
    by_role: dict[str, tuple[Subject, ...]] = {}
    others: list[Subject] = []
    numbers: dict[int, int] = {}
    boxes: dict[int, Box] = {}
    parts = [reading.filter((pl.col("code") != "C02") | (pl.col("severity") != "note"))]
    for k, row in enumerate(rows):
        progress("整理图层", k, len(rows))
        layer = layers[k]
        zones[row.pk] = zone = working or working_crs_of(layer)
        subject, found = understand(as_input(row), layer.with_(source=f"{_OWN}{row.pk}"), zone)
        numbers[id(subject)] = row.pk
        parts.append(found)
        if (box := _box(subject)) is not None:
            boxes[row.pk] = box
        if not row.role:
            others.append(subject)
            continue
        if zone is not None:
            parts.append(coordinate_system(subject, settings, zone))
        by_role[row.role] = (*by_role.get(row.role, ()), subject)
    del layers
    delivered = Delivered(Sources(by_role, working or Crs.gauss_kruger(39)), join_findings(parts), (), 0, 0)
    mended = mend(delivered, settings, progress=progress)
    in_force = _in_force(delivery, by_role, working)
    known = Sources({**{r: s for r, s in in_force.items() if r in TABLES}, **by_role}, delivered.sources.crs)
    told = [check_each(replace(mended, sources=known), settings, progress=progress)]
    told += [check_subject(s, settings, progress=progress) for s in others]
    back = pl.DataFrame(schema={"layer_id": pl.Int64, "row": pl.Int64, "reason": pl.String})
    if working is not None and any(len(s) and s.polygons is not None for s in by_role.get("parcels", ())):
        own = Sources(by_role, working)
        gathered = gather(own, settings, faults=mended.faults, progress=progress)
        land = Sources({**{r: s for r, s in in_force.items() if r in LAND}, **by_role}, working)
        told.append(check_together(land, gathered, settings, progress=progress))
        back = _back(gathered.everything, gathered.subjects, by_role["parcels"], numbers)
    findings = _own(join_findings(told), {row.pk: row for row in rows}, zones)
    repairs = mended.repairs.with_columns(layer_id=pl.col("source").str.strip_prefix(_OWN).cast(pl.Int64))
    return Checked(findings, back, repairs, working, boxes)


def _box(subject: Subject) -> Box | None:
    """Where a layer's polygons lie: the box of its zone's box, whose sides are curves on the map."""
    if subject.polygons is None or subject.crs is None or not len(subject.polygons.coords):
        return None
    (west, south), (east, north) = subject.polygons.coords.min(axis=0), subject.polygons.coords.max(axis=0)
    x, y = np.meshgrid(np.linspace(west, east, 5), np.linspace(south, north, 5))
    degrees = to_geographic(np.column_stack((x.ravel(), y.ravel())), subject.crs)
    low, high = degrees.min(axis=0), degrees.max(axis=0)
    found = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return found if np.isfinite(found).all() else None


def working_of(layers: Iterable[tuple[DeliveredLayer, Layer]]) -> Crs | None:
    """The planar zone in which the parcels are checked; None where nothing of the delivery is a layer of parcels."""
    for row, layer in layers:
        if row.role != "parcels" or layer.geometry is None or layer.crs is None or not layer.crs.known:
            continue
        crs = layer.crs
        if crs.kind == "gk3" and crs.zone and crs.same_as_cgcs2000:
            return Crs.gauss_kruger(crs.zone)
        coords = Polygons.from_wkb(layer.geometry).coords
        if len(coords):
            try:
                longitude = float(np.median(to_geographic(coords[:: max(1, len(coords) // 1000)], crs)[:, 0]))
            except PanhuoError:  # another datum, without a known way to ours: as it is
                return crs if not crs.is_geographic else None
            zone = zone_of_longitude(longitude)
            return Crs.gauss_kruger(zone) if zone in ZONES["gk3"] else working_crs_of(layer)
    return None


def _in_force(
    delivery: Delivery, own: dict[str, tuple[Subject, ...]], working: Crs | None
) -> dict[str, tuple[Subject, ...]]:
    """Accepted layers of other deliveries that this one is checked against, for roles that it does not bring itself:
    those that speak of its division or of everywhere, for findings quote what they were found against."""
    found: dict[str, tuple[Subject, ...]] = {}
    wanted = {*TABLES, *(LAND if working is not None and "parcels" in own else ())} - own.keys()
    rows = DeliveredLayer.objects.in_force().filter(role__in=wanted).exclude(delivery=delivery)
    if town := delivery.township_code:
        above = [town[:n] for n in range(len(town) + 1)]
        rows = rows.filter(Q(delivery__township_code__in=above) | Q(delivery__township_code__startswith=town))
    for row in rows:
        layer = opened(row)
        subject, _ = understand(as_input(row), layer.with_(source=f"{_IN_FORCE}{row.pk}"), working)
        found[row.role] = (*found.get(row.role, ()), subject)
    return found


def _back(
    everything: pl.DataFrame, subjects: Sequence[Subject], own: Sequence[Subject], numbers: dict[int, int]
) -> pl.DataFrame:
    """Rows that go back, by the number that a person sees in the file."""
    parts = []
    for k, (subject, original) in enumerate(zip(subjects, own, strict=True)):
        rows = everything.filter((pl.col("subject") == k) & pl.col("reason").is_not_null())
        parts.append(
            rows.select(
                pl.lit(numbers[id(original)], pl.Int64).alias("layer_id"),
                subject.row_numbers().gather(rows["index"]).cast(pl.Int64).alias("row"),
                pl.col("reason").cast(pl.String),
            )
        )
    return pl.concat(parts)


def _own(findings: pl.DataFrame, rows: dict[int, DeliveredLayer], zones: dict[int, Crs | None]) -> pl.DataFrame:
    """The findings of this delivery's own layers, named by their files again, their places in EPSG:4490."""
    by_file = {(row.source, row.name): pk for pk, row in rows.items()}
    files = {pk: row.source for pk, row in rows.items()}
    parts = []
    for (source, layer), part in findings.group_by("source", "layer", maintain_order=True):
        if str(source).startswith(_IN_FORCE):
            continue
        by_key = int(str(source).removeprefix(_OWN)) if str(source).startswith(_OWN) else None
        pk = by_key if by_key is not None else by_file.get((str(source), str(layer)))
        # reading names places in the layer's own coordinates, checks in the zone
        crs = zones.get(pk) if by_key is not None and pk is not None else None
        parts.append(
            _placed(part, crs).with_columns(
                pl.lit(pk, pl.Int64).alias("layer_id"),
                pl.lit(files[pk] if pk is not None else source, pl.String).alias("source"),
            )
        )
    schema = {**FINDINGS_SCHEMA, "lon": pl.Float64, "lat": pl.Float64, "layer_id": pl.Int64}
    told = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
    for before, after in _WORDS:
        told = told.with_columns(pl.col("suggestion_zh", "suggestion_en").str.replace_all(before, after, literal=True))
    return told


def _placed(findings: pl.DataFrame, crs: Crs | None) -> pl.DataFrame:
    """Places as longitude and latitude; none where the system is not known."""
    none = findings.with_columns(pl.lit(None, pl.Float64).alias("lon"), pl.lit(None, pl.Float64).alias("lat"))
    if crs is None or not findings["x"].is_not_null().any():
        return none
    xy = findings.select(pl.col("x", "y").fill_null(float("nan"))).to_numpy()
    try:
        degrees = to_geographic(np.ascontiguousarray(xy), crs)
    except PanhuoError:
        return none
    inside = (np.abs(degrees[:, 0]) <= 180) & (np.abs(degrees[:, 1]) <= 90)
    degrees[~inside] = np.nan
    return findings.with_columns(
        pl.Series("lon", degrees[:, 0]).fill_nan(None), pl.Series("lat", degrees[:, 1]).fill_nan(None)
    )
