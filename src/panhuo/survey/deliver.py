"""Deliver: open what came in, find each input's layer, bring it to standard names, types and one coordinate system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
from numpy.typing import NDArray

from panhuo import exchange
from panhuo.exchange import Delivery, FileRecord, Layer
from panhuo.exchange.memory import release
from panhuo.land.areas import areas_on_earth, planar_area
from panhuo.land.cells import over_unique
from panhuo.land.codes.lists import item_name
from panhuo.land.crs import ZONES, Crs, recognise, zone_of_longitude
from panhuo.land.polygons import Polygons
from panhuo.land.projection import same_numbers, to_geographic, transform
from panhuo.land.roles import Field, Role, role
from panhuo.land.schema import FieldMap, map_fields
from panhuo.land.threads import in_chunks
from panhuo.land.units import guess_area_unit
from panhuo.land.values import normalise, to_number
from panhuo.messages import Finding, PanhuoError, Text, findings_table, join_findings
from panhuo.progress import Progress, silent
from panhuo.quality.catalogue import Settings
from panhuo.quality.documents import coordinate_system
from panhuo.quality.subject import Subject, Texts
from panhuo.survey.config import Input, SurveyConfig
from panhuo.survey.sources import Sources

#: A layer that nobody has named: checked only for what any layer must be.
ANY = Role("", "其他图层", "another layer", None, "", ())


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came in, understood: the layers by role, everything found on the way, every file, and what was not used.

    ``missing`` are the inputs of survey.yaml of which no layer could be read.
    """

    sources: Sources
    findings: pl.DataFrame
    files: tuple[FileRecord, ...]
    layers: int
    rows: int
    unused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def roots(config: SurveyConfig) -> tuple[Path, ...]:
    """The folders and files that have to be opened, each once: beside survey.yaml the first part of every input's path,
    elsewhere only the file or folder that the input names.
    """
    return tuple(dict.fromkeys(_root(config, entry) for entry in config.inputs))


def _root(config: SurveyConfig, entry: Input) -> Path:
    path = Path(entry.path)
    if not path.is_absolute() and path.parts[:1] != ("..",):
        return config.folder / path.parts[0]
    whole = config.folder / path
    # a member of an archive stands below a file
    return next((p for p in (whole, *whole.parents) if p.is_file()), whole)


def deliver(
    config: SurveyConfig,
    settings: Settings,
    *,
    opened: Mapping[Path, Delivery] | None = None,
    progress: Progress = silent,
) -> Delivered:
    """Open the delivery of a survey; ``opened`` are deliveries that have been opened already, by their path.

    An input that is not there, a layer without a usable coordinate system, a layer that nobody named: each is a finding
    and the rest goes on; nothing that was delivered vanishes unseen.
    """
    deliveries = dict(opened or {})
    for root in roots(config) if opened is None else ():
        if not root.exists():
            continue
        deliveries[root] = exchange.open_delivery(root, progress=progress)
    # what the reader says of total rows is a note to the checks, which add them up (C02)
    findings = [
        _by_survey_path(root, d.findings.filter((pl.col("code") != "C02") | (pl.col("severity") != "note")))
        for root, d in deliveries.items()
    ]
    taken: list[tuple[Input, Layer]] = []
    used: set[str] = set()
    missing: list[str] = []
    for entry in config.inputs:
        hits = _layers_of(entry, deliveries, config)
        if not hits:
            missing.append(entry.path + (f"#{entry.layer}" if entry.layer else ""))
            findings.append(findings_table([_not_there(entry)]))
        for full, layer in hits:
            used.add(f"{full}#{layer.name}")
            taken.append((entry, layer.with_(source=full)))
    working = _working_crs(config, taken)
    by_role: dict[str, list[Subject]] = {}
    unused = [
        (full, layer)
        for root, delivery in deliveries.items()
        for layer in delivery.layers
        if f"{(full := _full(root, layer))}#{layer.name}" not in used
    ]
    findings.append(findings_table(_not_used(full, layer) for full, layer in unused))
    files = tuple(f for d in deliveries.values() for f in d.files)
    layers = sum(len(d.layers) for d in deliveries.values())
    rows = sum(layer.count for d in deliveries.values() for layer in d.layers)
    # from here on each delivered layer is let go as soon as it is understood
    deliveries.clear()
    waiting: list[tuple[Input, Layer] | None] = list(taken)
    roles = [entry.role for entry, _ in taken]
    taken.clear()

    def work(number: int, _: int) -> tuple[Subject, list[pl.DataFrame]]:
        one, waiting[number] = waiting[number], None
        assert one is not None
        subject, found = understand(*one, working)
        del one
        release()
        return subject, [found, coordinate_system(subject, settings, working)]

    done = in_chunks(work, len(waiting), chunk=1, threads=2, progress=progress, step="整理图层")
    for role_id, (subject, found) in zip(roles, done, strict=True):
        findings += found
        by_role.setdefault(role_id, []).append(subject)
    return Delivered(
        Sources({r: tuple(s) for r, s in by_role.items()}, working),
        join_findings(findings),
        files,
        layers=layers,
        rows=rows,
        unused=tuple(f"{full}#{layer.name}" for full, layer in unused),
        missing=tuple(missing),
    )


def _full(root: Path, layer: Layer) -> str:
    """The layer's source as a path from survey.yaml: the delivery's own name comes first where it is a folder."""
    return f"{root.name}/{layer.source}" if root.is_dir() else layer.source


def _by_survey_path(root: Path, findings: pl.DataFrame) -> pl.DataFrame:
    """What reading found, its files named as in survey.yaml like those of every other finding."""
    if not root.is_dir():
        return findings
    return findings.with_columns(pl.format("{}/{}", pl.lit(root.name), "source").alias("source"))


def _layers_of(
    entry: Input, deliveries: Mapping[Path, Delivery], config: SurveyConfig
) -> list[tuple[str, Layer]]:  # fmt: skip
    own = _root(config, entry)
    inside = (config.folder / entry.path).relative_to(own).as_posix()
    wanted = own.name if inside == "." else f"{own.name}/{inside}"
    hits = []
    for root, delivery in deliveries.items():
        if own in deliveries and root != own:
            continue
        for layer in delivery.layers:
            full = _full(root, layer)
            same = full == wanted or full.startswith(wanted + "/")
            if same and entry.layer in (None, layer.name):
                hits.append((full, layer))
    return hits


def _working_crs(config: SurveyConfig, taken: list[tuple[Input, Layer]]) -> Crs:
    """The planar zone that all shapes are brought to: as configured, else the zone of the parcels."""
    if config.crs != "auto":
        crs = Crs.parse(config.crs)
        if crs.is_geographic or not crs.known:
            raise PanhuoError(
                f"调查的坐标系应当是平面坐标系（如 EPSG:4527），不能是 {crs.text.zh}。",
                f"The survey needs a planar coordinate system (such as EPSG:4527), not {crs.text.en}.",
                where=str(config.file),
            )
        return crs
    for entry, layer in taken:
        if entry.role != "parcels" or layer.geometry is None:
            continue
        found = Crs.parse(entry.crs) if entry.crs else layer.crs or _by_numbers(layer)
        if found is None or not found.known:
            continue
        if found.kind == "gk3" and found.zone and found.same_as_cgcs2000:
            return Crs.gauss_kruger(found.zone)
        coords = Polygons.from_wkb(layer.geometry).coords
        if len(coords):
            longitude = float(np.median(to_geographic(coords[:: max(1, len(coords) // 1000)], found)[:, 0]))
            return _zone(longitude)
    raise PanhuoError(
        "无法从宗地图层判断坐标系；请在 survey.yaml 中写明 crs（如 EPSG:4527）。",
        "The coordinate system cannot be told from the parcels; write `crs:` into survey.yaml (such as EPSG:4527).",
        where=str(config.file),
    )


def working_crs_of(layer: Layer) -> Crs | None:
    """The planar zone in which one layer by itself can be checked; None for a table or a layer nobody can place."""
    if layer.geometry is None:
        return None
    found = layer.crs if layer.crs is not None and layer.crs.known else _by_numbers(layer)
    if found is None or not found.is_geographic:
        return found
    coords = Polygons.from_wkb(layer.geometry).coords
    if not len(coords):
        return found
    longitude = float(np.median(to_geographic(coords[:: max(1, len(coords) // 1000)], found)[:, 0]))
    return _zone(longitude)


def _zone(longitude: float) -> Crs:
    """The 3° zone of a longitude; outside China a projection on the place's own meridian."""
    zone = zone_of_longitude(longitude)
    return Crs.gauss_kruger(zone) if zone in ZONES["gk3"] else _local(longitude)


def _local(longitude: float) -> Crs:
    """A transverse Mercator projection on the place's own meridian, for layers outside China."""
    wkt = pyproj.CRS.from_proj4(f"+proj=tmerc +lon_0={longitude:.0f} +ellps=GRS80 +x_0=500000 +units=m").to_wkt()
    return Crs.from_wkt(wkt, source="magnitude", confidence=0.5)


def _by_numbers(layer: Layer) -> Crs | None:
    assert layer.geometry is not None
    box = Polygons.from_wkb(layer.geometry).bounds
    box = box[~np.isnan(box[:, 0])]
    if not len(box):
        return None
    guess = recognise(bounds=(box[:, 0].min(), box[:, 1].min(), box[:, 2].max(), box[:, 3].max()))
    return guess.crs if guess.usable else None


def understand(entry: Input, layer: Layer, working: Crs | None) -> tuple[Subject, pl.DataFrame]:
    """One layer under standard names: values typed, areas in m², shapes in the survey's zone.

    Returns the subject and what was found: units that had to be guessed, columns that could be two things.
    """
    the_role = role(entry.role) if entry.role else ANY
    mapped = map_fields(entry.role, layer.fields, given=entry.fields) if entry.role else FieldMap("", {})
    polygons = area = planar = None
    crs = Crs.parse(entry.crs) if entry.crs else layer.crs
    findings: list[Finding] = []
    if layer.geometry is not None:
        polygons = Polygons.from_wkb(layer.geometry)
        if crs is None or not crs.known:
            crs = _by_numbers(layer)
        if crs is None or working is None:
            polygons = Polygons.none(len(polygons))
        elif len(polygons.coords):
            area, misplaced = areas_on_earth(polygons, crs)
            if misplaced.any():
                findings.append(_misplaced(layer, crs, int(misplaced.sum())))
                usable = pc.if_else(pa.array(~misplaced), _one_array(layer.geometry), None)
                polygons = Polygons.from_wkb(usable)
            if not same_numbers(crs, working):
                polygons = polygons.with_coords(transform(polygons.coords, crs, working))
        if area is None:
            area = np.full(len(polygons), np.nan)
        planar = planar_area(polygons)
    values, bad, units = _values(entry, layer, mapped, the_role, area)
    findings += units
    subject = Subject(
        role=the_role,
        # the shapes are coordinates from here on; the delivered bytes are let go
        layer=layer.with_(geometry=None),
        frame=values,
        raw=Texts(layer.with_(geometry=None), mapped.columns),
        bad=bad,
        polygons=polygons,
        area_m2=area,
        planar_m2=planar,
        crs=working if polygons is not None else None,
        mapping=mapped.columns,
        year=entry.year,
        issued=entry.date,
    )
    findings += _doubts(layer, mapped)
    return subject, findings_table(findings)


def _one_array(geometry: pa.Array | pa.ChunkedArray) -> pa.Array:
    return geometry.combine_chunks() if isinstance(geometry, pa.ChunkedArray) else geometry


def _misplaced(layer: Layer, crs: Crs, count: int) -> Finding:
    return Finding(
        "D03",
        "error",
        Text(
            f"图层“{layer.name}”有 {count} 行的坐标与坐标系 {crs.text.zh} 不符"
            "（可能纵横坐标颠倒或坐标系写错），图形不能使用。",
            f"{count} rows of layer '{layer.name}' have coordinates that {crs.text.en} does not know (axes swapped, or "
            "another coordinate system); their shapes cannot be used.",
        ),
        source=layer.source,
        layer=layer.name,
        suggestion=Text(
            "请核对坐标顺序和坐标系后重新导出，或在 survey.yaml 该输入中写明 crs。",
            "Check the order of the axes and the coordinate system and export again, or write `crs` for this input.",
        ),
        count=count,
    )


def _values(
    entry: Input, layer: Layer, mapped: FieldMap, the_role: Role, area: NDArray[np.float64] | None
) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding]]:
    """Typed values, the mask of what was not understood, and what was found about units."""
    delivered = layer.frame()
    fields = {f.name: f for f in the_role.fields}
    values, bad, findings = [], [], []
    for name, match in mapped.matches.items():
        field = fields[name]
        column = delivered[match.column]
        unit = entry.units.get(name) or match.unit
        if field.kind == "area" and unit is None and area is not None:
            unit, found = _area_unit(layer, field, match.column, column, area)
            findings += found
        made = normalise(column, field.kind, unit=unit, to_unit=field.unit)
        # in one piece: everything after works on columns cut alike
        values.append(_official(made.values.alias(name), field.scheme).rechunk())
        bad.append(made.bad.alias(name).rechunk())
    empty = pl.DataFrame({"_": pl.Series([None] * layer.count, dtype=pl.Null)})
    frame = pl.DataFrame(values) if values else empty.drop("_") if layer.count == 0 else empty
    return frame, pl.DataFrame(bad) if bad else frame, findings


#: Lists whose entries are known by their names: a spelling or code of one is replaced by the official name.
_NAMED = frozenset(
    {"yield_class", "catalogue", "danger", "legacy_situation", "case_state", "control_line", "renewal_kind"}
)


def _official(values: pl.Series, scheme: str | None) -> pl.Series:
    """Official names for what the list knows (D, D类, 严格限制 -> 限制发展类); anything else stays as it was."""
    if scheme not in _NAMED or values.dtype != pl.String:
        return values
    official = over_unique(pl.col("v"), lambda v: pl.coalesce(item_name(v, str(scheme)), v))
    return values.to_frame("v").select(official)["v"].alias(values.name)


def _area_unit(
    layer: Layer, field: Field, column: str, delivered: pl.Series, area: NDArray[np.float64]
) -> tuple[str | None, list[Finding]]:
    """The unit of an area column that does not say it: told by the shapes, and said to people."""
    numbers = to_number(delivered).values.to_numpy()
    guess = guess_area_unit(numbers, area)
    if guess.unit in (None, "m2"):
        return None, []
    zh = {"mu": "亩", "hectare": "公顷", "km2": "平方千米"}[str(guess.unit)]
    en = {"mu": "mu", "hectare": "hectares", "km2": "square kilometres"}[str(guess.unit)]
    return guess.unit, [
        Finding(
            "A06",
            "note",
            Text(
                f"“{column}”没有写明单位；按图形面积判断为{zh}（{guess.share:.1%} 的行相符），已换算为平方米。",
                f"'{column}' does not state its unit; by the shapes it is in {en} "
                f"({guess.share:.1%} of the rows agree); converted to m².",
            ),
            source=layer.source,
            layer=layer.name,
            field=field.name,
            value=zh,
            suggestion=Text("请在表头写明单位。", "State the unit in the header."),
            count=layer.count,
        )
    ]


def _doubts(layer: Layer, mapped: FieldMap) -> list[Finding]:
    """Columns that could be two things: said once, so that a person can look."""
    out = []
    for name, match in mapped.matches.items():
        if match.doubtful and match.score < 1.0:
            rivals = "、".join(f"“{c}”" for c, _ in match.rivals[:3])
            out.append(
                Finding(
                    "A01",
                    "note",
                    Text(
                        f"字段“{name}”取自“{match.column}”列（把握 {match.score:.0%}）"
                        + (f"，也可能是{rivals}。" if rivals else "。"),
                        f"Field {name} was taken from column '{match.column}' ({match.score:.0%} sure)"
                        + (f"; it could also be {rivals}." if rivals else "."),
                    ),
                    source=layer.source,
                    layer=layer.name,
                    field=name,
                    value=match.column,
                    suggestion=Text(
                        "如不对，请在 survey.yaml 该输入的 fields 中写明。",
                        "If that is wrong, name the column under `fields` of the input in survey.yaml.",
                    ),
                    mender="survey",
                )
            )
    return out


def _not_there(entry: Input) -> Finding:
    what = entry.path + (f" 的图层“{entry.layer}”" if entry.layer else "")
    en = entry.path + (f", layer '{entry.layer}'" if entry.layer else "")
    return Finding(
        "D01",
        "error",
        Text(f"没有找到或无法读取 {what}。", f"{en} was not found or cannot be read."),
        source=entry.path,
        layer=entry.layer,
        suggestion=Text(
            f"请补交，或改正 survey.yaml 第 {entry.line} 行。",
            f"Deliver it, or correct line {entry.line} of survey.yaml.",
        ),
    )


def _not_used(full: str, layer: Layer) -> Finding:
    return Finding(
        "D01",
        "note",
        Text(
            f"图层“{layer.name}”（{layer.count} 行）没有用到：survey.yaml 没有写明它的角色。",
            f"Layer '{layer.name}' ({layer.count} rows) is not used: survey.yaml gives it no role.",
        ),
        source=full,
        layer=layer.name,
        suggestion=Text("如需使用，请在 survey.yaml 的 inputs 中写明。", "To use it, name it under `inputs`."),
        mender="survey",
    )
