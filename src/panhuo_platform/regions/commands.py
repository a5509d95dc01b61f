"""Writes of divisions: their boundaries, as a delivery has them."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import transaction

from panhuo_platform.regions.models import Region


@transaction.atomic
def set_boundaries(frame: pl.DataFrame, shapes: pa.LargeBinaryArray) -> int:
    """Give divisions in force the boundaries of a delivered layer; returns how many found theirs.

    frame  : ``division_code`` (several rows of one code make one division)
    shapes : WKB of EPSG:4490 beside it
    """
    delivered = outlines(frame, shapes)
    found = Region.objects.select_for_update().filter(code__in=delivered, ends_on=None)
    for region in found:
        made = GEOSGeometry(memoryview(delivered[region.code]), srid=4490)
        assert isinstance(made, MultiPolygon)
        region.boundary = made
        region.save(update_fields=["boundary"])
    return len(found)


def outlines(frame: pl.DataFrame, shapes: pa.LargeBinaryArray) -> dict[str, bytes]:
    """Code of each division in a delivered layer of boundaries -> its multipolygon, WKB of EPSG:4490."""
    if "division_code" not in frame.columns:
        return {}
    parts: dict[str, list[bytes]] = {}
    for code, shape in zip(frame["division_code"].cast(pl.String), shapes.to_pylist(), strict=True):
        if code and shape is not None:
            parts.setdefault(code.strip(), []).append(shape)
    return {code: _whole(pieces) for code, pieces in parts.items()}


def _whole(pieces: list[bytes]) -> bytes:
    whole = shapely.union_all(shapely.make_valid(shapely.from_wkb(pieces)))
    made: bytes = shapely.to_wkb(
        shapely.MultiPolygon([p for p in shapely.get_parts(whole) if p.geom_type == "Polygon"])
    )
    return made
