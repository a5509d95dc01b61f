"""Find out which coordinate system a layer is in, and say why.

Three witnesses are heard: what the file declares (.prj, EPSG code, header of a boundary TXT), the size of the
numbers, and where the county lies. Where they contradict
each other the numbers win, the confidence falls, and the contradiction is named. A datum cannot be read from numbers;
it is assumed to be CGCS2000, the only one
permitted since 2019, and the assumption is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import pyproj

from panhuo.land.magnitude import FAR, Bounds, Shape, rough_longitude, shapes_of
from panhuo.land.systems import BEIJING54, CGCS2000, XIAN80, ZONES, Crs, CrsKind, datum_name
from panhuo.messages import PanhuoError, Text

ProblemKind = Literal[
    "contradiction", "swapped", "zone", "prefix", "datum", "place", "unknown", "local", "ambiguous", "unreadable"
]


#: The problems that make a layer unusable until somebody decides.
BLOCKING = frozenset({"datum", "unknown", "local"})


@dataclass(frozen=True, slots=True)
class CrsProblem:
    """Something about the coordinate system that a person has to know or decide."""

    kind: ProblemKind
    text: Text


@dataclass(frozen=True, slots=True)
class CrsGuess:
    """The coordinate system found, why, what is wrong, whether x and y are exchanged, and what else it could be."""

    crs: Crs
    reasons: tuple[Text, ...] = ()
    problems: tuple[CrsProblem, ...] = ()
    swapped: bool = False
    alternatives: tuple[Crs, ...] = ()

    @property
    def sure(self) -> bool:
        """True where the layer can be used without asking."""
        return self.usable and not self.swapped and self.crs.confidence >= 0.75

    @property
    def usable(self) -> bool:
        """True where coordinates can be brought to CGCS2000 at all (asking may still be wise)."""
        return self.crs.known and not any(p.kind in BLOCKING for p in self.problems)


def declared_crs(datum: str, *, width: int | None = None, zone: int | None = None, prefix: bool = True) -> Crs | None:
    """The CRS that words declare, as in a boundary TXT or VCT header (坐标系, 几度分带, 带号); None if they do not
    name one.

    Without a zone the system is longitude and latitude only if no width is given either.
    """
    name = datum_name(datum)
    if not name or name == "WGS84":
        return Crs.from_epsg(4326, source="declared") if name and zone is None and width is None else None
    if zone is None:
        if width is None:
            return Crs.from_epsg({CGCS2000: 4490, XIAN80: 4610, BEIJING54: 4214}[name], source="declared")
        kind: CrsKind = "gk6" if width == 6 else "gk3"
        return Crs(datum=name, kind=kind, prefix=prefix, source="declared", confidence=0.5)
    w: Literal[3, 6] = 6 if width == 6 or (width is None and zone <= 23) else 3
    if zone not in ZONES["gk6" if w == 6 else "gk3"]:
        return None
    return Crs.gauss_kruger(zone, width=w, prefix=prefix, datum=name, source="declared")


def recognise(
    *,
    wkt: str | None = None,
    epsg: int | None = None,
    declared: Crs | None = None,
    bounds: Bounds | None = None,
    longitude: float | None = None,
) -> CrsGuess:
    """Which coordinate system a layer is in.

    wkt, epsg, declared : what the file says of itself (.prj text, EPSG code, a header read by :func:`declared_crs`)
    bounds : (min x, min y, max x, max y) of the layer's numbers as delivered; see :func:`robust_bounds`
    longitude : of the county's centre, degrees; needed to find the zone of eastings without zone number
    """
    said, reasons, problems = _declarations(wkt, epsg, declared)
    if bounds is None or not all(math.isfinite(b) for b in bounds):
        if said is None:
            return _unknown(reasons, problems)
        return _finish(said, reasons, problems, False, ())
    shapes = shapes_of(bounds, longitude)
    if said is None:
        return _from_shapes(shapes, bounds, longitude, reasons, problems)
    turned = any(_fits(said, s.crs) and s.swapped for s in shapes)
    if any(_fits(said, s.crs) and not s.swapped for s in shapes) or (not turned and _plausible(said, bounds)):
        reasons.append(Text("坐标数值与说明相符", "the numbers fit the declaration"))
        if said.is_gauss_kruger or said.is_geographic:
            _check_place(said, bounds, longitude, problems)
        return _finish(said, reasons, problems, False, ())
    if turned:
        problems.append(_swap_problem())
        return _finish(replace(said, confidence=min(said.confidence, 0.8)), reasons, problems, True, ())
    return _contradiction(said, shapes, bounds, longitude, reasons, problems)


def _declarations(
    wkt: str | None, epsg: int | None, declared: Crs | None
) -> tuple[Crs | None, list[Text], list[CrsProblem]]:
    reasons: list[Text] = []
    problems: list[CrsProblem] = []
    found: list[Crs] = []
    if wkt and wkt.strip():
        try:
            found.append(Crs.from_wkt(wkt))
        except PanhuoError as error:
            problems.append(CrsProblem("unreadable", error.text))
        else:
            reasons.append(Text(f"坐标系说明（.prj）：{found[-1].text.zh}", f".prj: {found[-1].text.en}"))
    if epsg is not None:
        found.append(Crs.from_epsg(epsg))
        reasons.append(Text(f"文件标明 {found[-1].text.zh}", f"the file says {found[-1].text.en}"))
    if declared is not None:
        found.append(declared)
        reasons.append(Text(f"文件头写明：{declared.text.zh}", f"the header says: {declared.text.en}"))
    for other in found[1:]:
        if not _fits(found[0], other) or other.datum != found[0].datum:
            problems.append(
                CrsProblem(
                    "contradiction",
                    Text(
                        f"坐标系有两种说法：{found[0].text.zh}；{other.text.zh}。请核实。",
                        f"The file names two systems: {found[0].text.en}; {other.text.en}. Please check.",
                    ),
                )
            )
    return (found[0] if found else None), reasons, problems


def _fits(said: Crs, read: Crs) -> bool:
    """Whether numbers read as ``read`` can be numbers of the system ``said``; the datum cannot be read from numbers."""
    if said.kind == "geographic" or read.kind == "geographic":
        return said.kind == read.kind
    if said.kind in ("gk3", "gk6") and read.kind in ("gk3", "gk6"):
        if said.prefix != read.prefix:
            return False
        if not read.prefix:
            return True
        return said.zone is None or said.zone == read.zone
    return said.epsg == read.epsg


def _plausible(said: Crs, bounds: Bounds) -> bool:
    """Systems of other countries: the numbers must fall where the system is used. China's are judged by their size."""
    if said.is_geographic:
        return max(abs(bounds[0]), abs(bounds[2])) <= 180 and max(abs(bounds[1]), abs(bounds[3])) <= 90
    if said.kind != "projected" or not said.known:
        return False
    x0, y0, x1, y1 = bounds
    back = pyproj.Transformer.from_crs(said.pyproj(), "EPSG:4326", always_xy=True)
    lon, lat = back.transform([x0, x1], [y0, y1], errcheck=False)
    if not all(map(math.isfinite, (*lon, *lat))):
        return False
    area = said.pyproj().area_of_use
    if area is None:
        return True
    return bool(
        area.west - 3 <= min(lon)
        and max(lon) <= area.east + 3
        and area.south - 3 <= min(lat)
        and max(lat) <= area.north + 3
    )


def _check_place(crs: Crs, bounds: Bounds, longitude: float | None, problems: list[CrsProblem]) -> None:
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    lon = rough_longitude(crs, x, y)
    if lon is None or longitude is None or abs(lon - longitude) <= FAR:
        return
    problems.append(
        CrsProblem(
            "place",
            Text(
                f"按{crs.text.zh}，数据位于东经{lon:.2f}°附近，而本县在{longitude:.2f}°，请核对带号或坐标系。",
                f"Read as {crs.text.en} the data lie near {lon:.2f}°E, but the county is at "
                f"{longitude:.2f}°E; check the zone or the system.",
            ),
        )
    )


def _swap_problem() -> CrsProblem:
    return CrsProblem(
        "swapped",
        Text(
            "横纵坐标（x、y）颠倒，读入时需要互换，请确认。",
            "x and y are exchanged; they have to be turned round on reading, please confirm.",
        ),
    )


def _from_shapes(
    shapes: list[Shape], bounds: Bounds, longitude: float | None, reasons: list[Text], problems: list[CrsProblem]
) -> CrsGuess:
    if not shapes:
        return _unknown(reasons, problems, bounds)
    best, *rest = shapes
    reasons.append(best.reason)
    if best.swapped:
        problems.append(_swap_problem())
    if best.crs.kind != "projected":
        reasons.append(
            Text(
                "基准无法从数值判断，按规定推定为CGCS2000",
                "the datum cannot be told from numbers; CGCS2000 is assumed, as the rules ask",
            )
        )
        flipped = (bounds[1], bounds[0], bounds[3], bounds[2]) if best.swapped else bounds
        _check_place(best.crs, flipped, longitude, problems)
    if rest:
        names_zh = "、".join(s.crs.text.zh for s in rest)
        names_en = ", ".join(s.crs.text.en for s in rest)
        problems.append(CrsProblem("ambiguous", Text(f"也可能是：{names_zh}。", f"It could also be: {names_en}.")))
    return _finish(best.crs, reasons, problems, best.swapped, tuple(s.crs for s in rest))


def _contradiction(
    said: Crs,
    shapes: list[Shape],
    bounds: Bounds,
    longitude: float | None,
    reasons: list[Text],
    problems: list[CrsProblem],
) -> CrsGuess:
    """The numbers are not numbers of the declared system."""
    if not shapes:
        guess = _unknown(reasons, problems, bounds)
        return replace(guess, alternatives=(said,))
    best = shapes[0]
    if best.crs.kind in ("gk3", "gk6") and said.kind in ("gk3", "gk6"):
        found, kind, text, trust = _other_zone(said, best.crs)
    else:
        found, kind, trust = best.crs, "contradiction", 0.6
        text = Text(
            f"文件标明{said.text.zh}，但坐标数值是{best.crs.text.zh}，请核实。",
            f"The file says {said.text.en}, but the numbers are those of {best.crs.text.en}; please check.",
        )
    reasons.append(best.reason)
    problems.append(CrsProblem(kind, text))
    if best.swapped:
        problems.append(_swap_problem())
    flipped = (bounds[1], bounds[0], bounds[3], bounds[2]) if best.swapped else bounds
    _check_place(found, flipped, longitude, problems)
    others = (said, *(s.crs for s in shapes[1:]))
    return _finish(replace(found, confidence=min(trust, found.confidence)), reasons, problems, best.swapped, others)


def _other_zone(said: Crs, read: Crs) -> tuple[Crs, ProblemKind, Text, float]:
    """Both are Gauss-Krüger: only the zone number differs, or whether eastings carry it. The declared datum is kept."""
    width: Literal[3, 6] = 6 if read.kind == "gk6" else 3
    if said.prefix and not read.prefix and said.zone is not None:
        width = 6 if said.kind == "gk6" else 3
        found = Crs.gauss_kruger(said.zone, width=width, prefix=False, datum=said.datum, source="magnitude")
        return (
            found,
            "prefix",
            Text(
                f"说明中横坐标含带号{said.zone}，实际坐标不含带号。",
                f"The declaration has zone {said.zone} in the eastings, the numbers have not.",
            ),
            0.75,
        )
    if read.zone is None:
        return read, "unknown", Text("无法确定带号。", "The zone cannot be told."), 0.3
    found = Crs.gauss_kruger(read.zone, width=width, datum=said.datum or CGCS2000, source="magnitude")
    if not said.prefix and read.prefix and read.central_meridian == said.central_meridian:
        return (
            found,
            "prefix",
            Text(
                f"说明中横坐标不含带号，实际坐标含带号{read.zone}。",
                f"The declaration has no zone in the eastings, the numbers carry zone {read.zone}.",
            ),
            0.8,
        )
    return (
        found,
        "zone",
        Text(
            f"说明是第{said.zone}带，而坐标的带号是{read.zone}，请核实。",
            f"The declaration is zone {said.zone}, but the eastings carry zone {read.zone}; please check.",
        ),
        0.6,
    )


def _unknown(reasons: Iterable[Text], problems: Iterable[CrsProblem], bounds: Bounds | None = None) -> CrsGuess:
    if bounds is None:
        problem = CrsProblem(
            "unknown",
            Text(
                "没有坐标系说明，也没有可判断的坐标，请指定坐标系。",
                "There is no declaration and no coordinate to judge by; name the coordinate system.",
            ),
        )
    else:
        problem = CrsProblem(
            "local",
            Text(
                "坐标数值不属于国家坐标系，可能是城市独立坐标系或自由坐标，请向提供单位索取CGCS2000成果。",
                "The numbers belong to no national system; they may be a city's own or free coordinates. "
                "Ask the sender for CGCS2000.",
            ),
        )
    return CrsGuess(Crs(source="magnitude", confidence=0.0), tuple(reasons), (*problems, problem))


def _finish(
    crs: Crs, reasons: Iterable[Text], problems: Iterable[CrsProblem], swapped: bool, others: tuple[Crs, ...]
) -> CrsGuess:
    kept = list(problems)
    if any(p.kind == "place" for p in kept):
        crs = replace(crs, confidence=min(crs.confidence, 0.6))
    if crs.datum in (XIAN80, BEIJING54):
        kept.append(
            CrsProblem(
                "datum",
                Text(
                    f"基准为{crs.datum}，没有公开的参数可转换到CGCS2000，不能直接使用；请提供CGCS2000成果或经测绘主管部门批准的转换参数。",
                    f"The datum is {crs.datum}; there are no public parameters to CGCS2000, so it cannot be used as "
                    "it is. Ask for CGCS2000 data, or for parameters approved by the surveying authority.",
                ),
            )
        )
    elif crs.kind in ("gk3", "gk6") and crs.zone is None:
        kept.append(
            CrsProblem(
                "unknown",
                Text(
                    "横坐标不含带号，无法确定带号，请指定坐标系或区县。",
                    "Eastings carry no zone; name the system or the county.",
                ),
            )
        )
    return CrsGuess(crs, tuple(reasons), tuple(kept), swapped, others)
