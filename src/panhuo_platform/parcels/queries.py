"""Reads of the register: what holds now and what held on a day, as query sets, frames and histories."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
import pyarrow as pa
from django.db.models import BinaryField, Func, QuerySet, TextField
from django.db.models.functions import Cast

from panhuo.messages import Text
from panhuo_platform.organisations import locality
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels import bulk
from panhuo_platform.parcels.attributes import from_json
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Change, LegacyParcel, LegacySeal, Lineage, Parcel, ParcelVersion
from panhuo_platform.parcels.models.register import Parcels, Versions


class AsWkb(Func):
    """A shape as bytes, as it is stored: quicker than an object for each row."""

    function = "ST_AsBinary"
    output_field = BinaryField()


def parcels(user: User) -> Parcels:
    """The living parcels that the user may see."""
    return Parcel.objects.visible_to(user).alive()


def seen(user: User) -> Parcels:
    """Every parcel that the user may see, the ended ones too."""
    return Parcel.objects.visible_to(user)


def as_of(user: User | None, day: date, known_on: datetime | None = None) -> Versions:
    """What held on ``day`` as the register knew it at ``known_on`` (None: knows it now): at most one version of each
    parcel, of those in the user's territory (None: everywhere, for the platform's own work)."""
    rows = ParcelVersion.objects.all() if user is None else ParcelVersion.objects.visible_to(user)
    return rows.on(day, known_on)


def changes(user: User) -> QuerySet[Change]:
    """What changed the register, newest first."""
    return Change.objects.visible_to(user)


def latest_change() -> int:
    """The number of the last change of shapes or attributes, 0 before the first: what was read before it may be old."""
    return Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


#: Column of a frame -> where it stands, seen from a parcel or from a version, and its type.
_PARCEL = {
    "parcel_id": ("id", pl.Int64), "number": ("number", pl.String), "outcome": ("outcome", pl.String),
    "main_class": ("main_class", pl.String), "stage": ("stage", pl.String),
    "in_upper_register": ("in_upper_register", pl.Boolean), "upper_number": ("upper_number", pl.String),
}  # fmt: skip
_VERSION = {
    "version_id": ("id", pl.Int64), "n": ("n", pl.Int64), "township_code": ("township_code", pl.String),
    "valid_from": ("valid_from", pl.Date), "area_m2": ("area_m2", pl.Float64),
    "planar_area_m2": ("planar_area_m2", pl.Float64), "change_id": ("change_id", pl.Int64),
    "delivery_id": ("delivery_id", pl.Int64),
}  # fmt: skip


def frames(
    user: User | None = None,
    chosen: ParcelFilter | None = None,
    *,
    known_on: datetime | None = None,
    attributes: bool = True,
    geometry: bool = True,
) -> Iterator[tuple[pl.DataFrame, pa.LargeBinaryArray]]:
    """The register in pieces of some tens of thousands of parcels, in the order of their numbers.

    user     : whose territory; None for all of it (the platform's own work)
    chosen   : which of them; its day, if it has one, makes these the versions of that day
    known_on : with a day: as the register knew it at that moment

    Each piece is a frame (number, parcel_id, version_id, n, township_code, valid_from, area_m2, planar_area_m2,
    outcome, main_class, classes, stage, in_upper_register, upper_number and the standard fields of the role
    ``parcels``) with WKB of EPSG:4490 beside it, null where a parcel has no shape or none was asked for.
    """
    chosen = chosen or ParcelFilter()
    rows: QuerySet[Any]
    if chosen.day is None:
        parcel, version = "", "current__"
        living = Parcel.objects.all() if user is None else Parcel.objects.visible_to(user)
        rows = chosen.parcels(living)
    else:
        parcel, version = "parcel__", ""
        rows = chosen.versions(as_of(user, chosen.day, known_on), known_on)
    yield from _stream(rows, parcel, version, attributes, geometry)


def frames_of(versions: QuerySet[ParcelVersion]) -> Iterator[tuple[pl.DataFrame, pa.LargeBinaryArray]]:
    """As :func:`frames`, of versions in hand: at most one of each parcel. The platform's own work."""
    yield from _stream(versions, "parcel__", "", True, True)


def _stream(
    rows: QuerySet[Any], parcel: str, version: str, attributes: bool, geometry: bool
) -> Iterator[tuple[pl.DataFrame, pa.LargeBinaryArray]]:
    columns = {name: parcel + way for name, (way, _kind) in _PARCEL.items()}
    columns |= {name: version + way for name, (way, _kind) in _VERSION.items()}
    texts = {"classes": f"{parcel}classes", **({"attributes": f"{version}attributes"} if attributes else {})}
    rows = rows.annotate(**{f"_{name}": Cast(way, TextField()) for name, way in texts.items()})
    if geometry:
        rows = rows.annotate(_wkb=AsWkb(f"{version}geometry"))
    asked = [*columns.values(), *(f"_{name}" for name in texts), *(["_wkb"] if geometry else [])]
    rows = rows.order_by(f"{parcel}number").values_list(*asked)
    last = ""
    while True:
        got = list(rows.filter(**{f"{parcel}number__gt": last})[: bulk.PIECE])
        if got or not last:
            yield _piece(got, [*columns, *texts], geometry)
        if len(got) < bulk.PIECE:
            return
        last = got[-1][1]


def attributes_of(version_ids: Sequence[int]) -> pl.DataFrame:
    """``version_id`` and the standard fields of some tens of thousands of versions: the platform's own work."""
    got: list[tuple[int, str]] = []
    for start in range(0, len(version_ids), 900):  # as many as a statement of SQLite takes
        rows = ParcelVersion.objects.filter(pk__in=version_ids[start : start + 900])
        got.extend(rows.annotate(_told=Cast("attributes", TextField())).values_list("pk", "_told"))
    told = pl.DataFrame(got, schema={"version_id": pl.Int64, "_told": pl.String}, orient="row")
    return told.select("version_id").hstack(from_json(told["_told"]))


def _piece(got: list[tuple[Any, ...]], names: list[str], geometry: bool) -> tuple[pl.DataFrame, pa.LargeBinaryArray]:
    kinds = {name: kind for name, (_way, kind) in (_PARCEL | _VERSION).items()}
    schema = {name: kinds.get(name, pl.String) for name in names}
    shapes = pa.array([None if r[-1] is None else bytes(r[-1]) for r in got] if geometry else [None] * len(got),
                      type=pa.large_binary())  # fmt: skip
    told = pl.DataFrame([r[: len(names)] for r in got], schema=schema, orient="row")
    told = told.with_columns(pl.col("classes").str.json_decode(pl.List(pl.String)))
    if "attributes" in told.columns:
        more = from_json(told["attributes"])
        told = told.drop("attributes").hstack(more.select(c for c in more.columns if c not in told.columns))
    return told, shapes


def frame(
    user: User | None = None,
    chosen: ParcelFilter | None = None,
    *,
    known_on: datetime | None = None,
    attributes: bool = True,
    geometry: bool = True,
) -> tuple[pl.DataFrame, pa.LargeBinaryArray]:
    """All of :func:`frames` at once."""
    pieces = list(frames(user, chosen, known_on=known_on, attributes=attributes, geometry=geometry))
    return pl.concat([p[0] for p in pieces], rechunk=True), pa.concat_arrays([p[1] for p in pieces])


def sealed(code: str) -> LegacySeal | None:
    """The seal that closes the legacy register of a division, its own or of a larger one; None while it is open."""
    for seal in LegacySeal.objects.filter(sealed_at__isnull=False).order_by("region_code"):
        if code.startswith(seal.region_code):
            return seal
    return None


def legacy_checksum(region_code: str, algorithm: str) -> tuple[str, int, float]:
    """Checksum, count and area of the legacy land of a division, in the order of its numbers."""
    digest = hashlib.new(algorithm)
    count, area = 0, 0.0
    rows = LegacyParcel.objects.filter(township_code__startswith=region_code).annotate(_wkb=AsWkb("geometry"))
    told = rows.order_by("number").values_list(
        "number", "township_code", "situation", "occurred_year", "penalty_no", "area_m2", "attributes", "_wkb"
    )
    for *values, wkb in told.iterator(chunk_size=5000):
        line = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest.update(line.encode())
        digest.update(b"" if wkb is None else bytes(wkb))
        count += 1
        area += values[5] or 0.0
    return digest.hexdigest(), count, area


def seal_holds(seal: LegacySeal) -> bool:
    """Do the sealed rows still say what they said when they were sealed?"""
    return legacy_checksum(seal.region_code, seal.algorithm)[:2] == (seal.checksum, seal.count)


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a parcel may use the policies, why, and by which clause."""

    allowed: bool
    reason: Text
    clause: str


def may_use_policies(parcel: Parcel) -> Permission:
    """Only parcels in the register of the province may use the policies; without a gate in the pack, all may."""
    pack = locality.frozen()
    condition = pack["content"]["standard"].get("gate") if pack else None
    if not condition:
        return Permission(True, Text("本地政策未设入库门槛", "The local policy knows no such gate"), "")
    clause = str(condition.get("clause") or "")
    if parcel.status == Parcel.Status.ENDED:
        return Permission(
            False, Text("宗地已终止，不能适用再开发政策", "The parcel has ended: no policy applies"), clause
        )
    if parcel.in_upper_register:
        number = parcel.upper_number or "—"
        return Permission(True, Text(f"已入上级库，编号 {number}", f"In the upper register as {number}"), clause)
    return Permission(
        False,
        Text(
            "未入上级低效用地数据库，不能适用再开发政策；请先完成认定、核实和报送，取得入库回执",
            "Not in the upper register: the policies do not apply. Have it identified, verified and submitted first",
        ),
        clause,
    )


@dataclass(frozen=True, slots=True)
class Relative:
    """A parcel that another came of, or that came of it."""

    parcel: Parcel
    kind: str
    day: date
    common_m2: float


def lineage(user: User, parcel: Parcel) -> tuple[list[Relative], list[Relative]]:
    """What the parcel came of, and what became of it; undone splits and mergers do not count."""
    links = Lineage.objects.visible_to(user).filter(undone_at=None).select_related("earlier__parcel", "later__parcel")
    came = links.filter(later__parcel=parcel).order_by("earlier__parcel__number")
    became = links.filter(earlier__parcel=parcel).order_by("later__parcel__number")
    return (
        [Relative(x.earlier.parcel, x.get_kind_display(), x.later.valid_from, x.common_m2) for x in came],
        [Relative(x.later.parcel, x.get_kind_display(), x.later.valid_from, x.common_m2) for x in became],
    )


def history(user: User, parcel: Parcel) -> list[ParcelVersion]:
    """Every version that the parcel has had, the latest first, with what was found wrong or undone."""
    rows = ParcelVersion.objects.visible_to(user).filter(parcel=parcel).order_by("-n")
    return list(rows.defer("geometry").select_related("actor", "delivery", "ended_by"))


def counted(rows: QuerySet[Any], most: int = 100_000) -> tuple[int, bool]:
    """How many rows there are, counted up to ``most``, and whether that is all of them."""
    count = rows.order_by().values("pk")[: most + 1].count()
    return min(count, most), count <= most
