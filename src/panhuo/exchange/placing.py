"""The coordinate system of a layer as it was read: what the file says, held against the size of the coordinates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from panhuo.exchange.codes import finding
from panhuo.exchange.delivery import Layer
from panhuo.land.crs import Bounds, Crs, CrsGuess, recognise, robust_bounds
from panhuo.messages import Finding, PanhuoError, Text

_SAMPLE = 5000
_STATE = (
    "请补充 .prj 或书面说明坐标系、带号与中央经线（应为 CGCS2000 3 度带）。",
    "Send the .prj or state the system, zone and central meridian (CGCS2000 3-degree zone is expected).",
)


def stated(text: str | None) -> Crs | None:
    """The CRS of a .prj file, WKT, PROJJSON or ``EPSG:…`` text; None when there is none or nobody knows it."""
    if not text or not text.strip():
        return None
    plain = text.strip()
    try:
        if plain.upper().startswith("EPSG:") and plain[5:].isdigit():
            return Crs.from_epsg(int(plain[5:]), source="epsg")
        if plain[0] == "{" or ":" in plain[:12]:
            crs = pyproj.CRS.from_user_input(plain)
            if crs.to_authority() == ("OGC", "CRS84"):
                return Crs.from_epsg(4326, source="epsg")
            plain = crs.to_wkt()
        return Crs.from_wkt(plain)
    except (PanhuoError, pyproj.exceptions.CRSError, ValueError):
        return None


def bounds(geometry: pa.LargeBinaryArray) -> Bounds | None:
    """Extent (x0, y0, x1, y1) of up to some thousand rows spread over the layer, without the outermost strays."""
    n = len(geometry)
    if n == geometry.null_count:
        return None
    some = geometry.take(pa.array(np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))))
    shapes = shapely.from_wkb(some.to_numpy(zero_copy_only=False), on_invalid="ignore")
    return robust_bounds(shapely.get_coordinates(shapes))


def placed(layer: Layer, findings: list[Finding]) -> Layer:
    """A layer as it goes out to the others: with attributes, and with a coordinate system where one can be told.

    A layer without attributes gets its feature numbers as column ``FID``, so that its table has as many rows as shapes.
    Without a statement the numbers decide (finding D02 says so). A statement that the numbers contradict is a finding
    (R19); it gives way only where the numbers point to one known system.
    """
    if layer.table.num_columns == 0:
        numbers = layer.rows if layer.rows is not None else pa.array(range(1, layer.count + 1), pa.int64())
        layer = layer.with_(table=pa.table({"FID": numbers}))
    if layer.geometry is None or (box := bounds(layer.geometry)) is None:
        return layer
    if layer.crs is None:
        return _recognised(layer, recognise(bounds=box), findings)
    guess = recognise(declared=layer.crs, bounds=box)
    if guess.problems or guess.swapped:
        findings.append(_doubt(layer, guess))
    if guess.crs.known and guess.crs.source == "magnitude":
        return layer.with_(crs=guess.crs)
    return layer


def _recognised(layer: Layer, guess: CrsGuess, findings: list[Finding]) -> Layer:
    said = any(f.code == "D02" and f.source == layer.source and f.layer in (layer.name, None) for f in findings)
    crs = guess.crs
    if crs.known:
        found = Text(f"，按坐标数值判断为{crs.text.zh}", f"; by its numbers it is {crs.text.en}")
    else:
        found = Text("，也无法由坐标数值判断", "; its numbers do not tell it either")
    more_zh, more_en = "".join(p.text.zh for p in guess.problems), " ".join(p.text.en for p in guess.problems)
    if not said:
        findings.append(
            finding(
                "D02",
                "warning" if crs.known else "error",
                f"图层没有坐标系说明{found.zh}。{more_zh}",
                f"The layer does not say its coordinate system{found.en}. {more_en}".strip(),
                layer.source,
                layer=layer.name,
                do=_STATE,
            )
        )
    note = f"坐标系{found.zh.lstrip('，')} / coordinate system{found.en}"
    return layer.with_(crs=crs if crs.known else None, notes=(*layer.notes, note))


def _doubt(layer: Layer, guess: CrsGuess) -> Finding:
    zh = "".join(p.text.zh for p in guess.problems) or "横纵坐标颠倒。"
    en = " ".join(p.text.en for p in guess.problems) or "x and y are exchanged."
    return finding("R19", "warning", zh, en, layer.source, layer=layer.name, do=_STATE)
