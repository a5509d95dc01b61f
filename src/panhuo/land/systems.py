"""Coordinate reference systems as they occur in Chinese land data.

The standard is CGCS2000 in Gauss-Krüger zones of 3°, with the zone number before the easting (EPSG:4513-4533) or
without it (EPSG:4534-4554). Here x is always east or
longitude and y north or latitude, whatever the axis order of the EPSG entry says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import pyproj
from pyproj.exceptions import CRSError

from panhuo.messages import PanhuoError, Text

CrsKind = Literal["geographic", "gk3", "gk6", "projected", "unknown"]
CrsSource = Literal["prj", "epsg", "declared", "magnitude", "user"]

CGCS2000, XIAN80, BEIJING54, WGS84 = "CGCS2000", "西安80", "北京54", "WGS84"

#: datum -> (geographic EPSG, then EPSG minus zone for: 3° with prefix, 3° without, 6° with prefix, 6° without)
_EPSG: dict[str, tuple[int, int, int, int, int]] = {
    CGCS2000: (4490, 4488, 4509, 4478, 4489),
    XIAN80: (4610, 2324, 2345, 2314, 2325),
    BEIJING54: (4214, 2376, 2397, 21400, 21440),
}
#: Numbers of the zones that China has, of 3° and of 6°.
ZONES = {"gk3": range(25, 46), "gk6": range(13, 24)}

#: Datums whose coordinates are the same numbers as CGCS2000 for every purpose of a land survey (WGS84 differs by
#: centimetres).
SAME_AS_CGCS2000 = frozenset({CGCS2000, WGS84})


@dataclass(frozen=True, slots=True)
class Crs:
    """One coordinate reference system, with how it is known.

    epsg : EPSG code, None where there is none (a city's own system, an odd central meridian)
    kind : ``geographic``; ``gk3``, ``gk6`` Gauss-Krüger in zones of 3° or 6°; ``projected`` any other; ``unknown``
    zone, central_meridian : of a Gauss-Krüger system, None where not known; meridian in degrees
    prefix : True where the easting carries the zone number (39 580 000 rather than 580 000)
    source, confidence : where the knowledge comes from and how far to trust it, 0..1
    wkt : the text it was read from, if any (an ESRI .prj for instance)
    """

    epsg: int | None = None
    name: str = ""
    datum: str = ""
    kind: CrsKind = "unknown"
    zone: int | None = None
    prefix: bool = False
    central_meridian: float | None = None
    source: CrsSource = "user"
    confidence: float = 1.0
    wkt: str | None = None

    @classmethod
    def from_epsg(cls, epsg: int, *, source: CrsSource = "epsg", confidence: float = 1.0) -> Crs:
        """The CRS of an EPSG code; an error if there is none with this number."""
        return replace(_from_epsg(epsg), source=source, confidence=confidence)

    @classmethod
    def from_wkt(cls, wkt: str, *, source: CrsSource = "prj", confidence: float = 1.0) -> Crs:
        """The CRS of a WKT text, ESRI's .prj or OGC's; an error if it cannot be read."""
        return replace(_from_wkt(wkt.strip().lstrip("\ufeff")), source=source, confidence=confidence)

    @classmethod
    def parse(cls, text: str | int, *, source: CrsSource = "user") -> Crs:
        """A CRS as people name it: ``4527``, ``EPSG:4527``, ``urn:ogc:def:crs:EPSG::4527``, WKT, or in words
        (``CGCS2000 39带``, ``西安80 6度带 20带``, ``2000国家大地坐标系 中央经线117``)."""
        t = str(text).strip()
        number = t.upper().rsplit(":", 1)[-1]
        if number.isdigit() and (t.isdigit() or "EPSG" in t.upper()):
            return cls.from_epsg(int(number), source=source)
        if t.upper().endswith(("CRS84", "CRS:84")):
            return cls.from_epsg(4326, source=source)
        if "[" not in t and (worded := _in_words(t, source)) is not None:
            return worded
        try:
            return cls.from_wkt(t, source=source)
        except PanhuoError:
            if "[" in t:
                raise
        raise PanhuoError(
            f"“{t[:60]}”不是可以识别的坐标系；请写 EPSG 编号（如 EPSG:4527），或基准加带号、中央经线"
            "（如 CGCS2000 39带、2000国家大地坐标系 中央经线117）。",
            f"'{t[:60]}' is no coordinate system we know; write an EPSG code (EPSG:4527), or a datum with its zone or "
            "central meridian (CGCS2000 39带).",
        )

    @classmethod
    def gauss_kruger(
        cls,
        zone: int,
        *,
        width: Literal[3, 6] = 3,
        prefix: bool = True,
        datum: str = CGCS2000,
        source: CrsSource = "user",
        confidence: float = 1.0,
    ) -> Crs:
        """The Gauss-Krüger zone of a datum, ``gauss_kruger(39)`` is EPSG:4527. Zones of China: 25-45 (3°), 13-23
        (6°)."""
        kind: CrsKind = "gk3" if width == 3 else "gk6"
        if zone not in ZONES[kind] or datum not in _EPSG:
            zones = ZONES[kind]
            raise PanhuoError(
                f"{datum} {width}度带没有第 {zone} 带；可用带号 {zones.start}–{zones.stop - 1}。",
                f"{datum} has no {width}-degree zone {zone}; zones are {zones.start} to {zones.stop - 1}.",
            )
        offset = _EPSG[datum][{(3, True): 1, (3, False): 2, (6, True): 3, (6, False): 4}[width, prefix]]
        return cls.from_epsg(offset + zone, source=source, confidence=confidence)

    @property
    def is_geographic(self) -> bool:
        return self.kind == "geographic"

    @property
    def is_gauss_kruger(self) -> bool:
        """True for a Gauss-Krüger system whose meridian is known."""
        return self.kind in ("gk3", "gk6") and self.central_meridian is not None

    @property
    def false_easting(self) -> float:
        """Easting of the central meridian, metres."""
        return 500_000.0 + (1e6 * self.zone if self.prefix and self.zone else 0.0)

    @property
    def known(self) -> bool:
        """True where coordinates can be transformed at all."""
        return self.epsg is not None or self.wkt is not None

    @property
    def same_as_cgcs2000(self) -> bool:
        """True where the datum needs no shift to CGCS2000 (it is CGCS2000, or WGS 84)."""
        return self.datum in SAME_AS_CGCS2000

    @property
    def text(self) -> Text:
        """The CRS as a person would name it."""
        code = f"EPSG:{self.epsg}" if self.epsg else None
        if self.kind == "geographic":
            zh, en = f"{self.datum}经纬度", f"{self.datum} longitude and latitude"
        elif self.kind in ("gk3", "gk6"):
            width = self.kind[2]
            where_zh = f"第{self.zone}带" if self.zone else "带号不明"
            where_en = f"zone {self.zone}" if self.zone else "zone unknown"
            if self.central_meridian is not None:
                where_zh += f"、中央经线{self.central_meridian:g}°"
                where_en += f", meridian {self.central_meridian:g}°E"
            zh = f"{self.datum}高斯-克吕格{width}度带（{where_zh}，横坐标{'含' if self.prefix else '不含'}带号）"
            en = (
                f"{self.datum} Gauss-Krüger {width}° ({where_en}, eastings {'with' if self.prefix else 'without'} zone)"
            )
        elif self.kind == "projected":
            zh, en = self.name or "投影坐标系", self.name or "a projected system"
        else:
            zh, en = "坐标系不明", "unknown coordinate system"
        return Text(f"{zh} {code}" if code else zh, f"{en} {code}" if code else en)

    def pyproj(self) -> pyproj.CRS:
        """The same as a pyproj CRS; use it with ``always_xy=True`` only."""
        if self.epsg is not None:
            return pyproj.CRS.from_epsg(self.epsg)
        if self.wkt is not None:
            return pyproj.CRS.from_wkt(self.wkt)
        raise PanhuoError(
            "坐标系不明，无法换算；请在配置中指定（如 crs: EPSG:4527）。",
            "The coordinate system is not known; name it in the configuration (crs: EPSG:4527 for instance).",
        )

    def esri_wkt(self) -> str:
        """The text of a .prj file, with ESRI's names."""
        return str(self.pyproj().to_wkt("WKT1_ESRI"))


def zone_of_longitude(longitude: float, width: Literal[3, 6] = 3) -> int:
    """The zone that a longitude lies in: ``round(lon / 3)``, or ``floor(lon / 6) + 1``."""
    return int((longitude + 1.5) // 3) if width == 3 else int(longitude // 6) + 1


@lru_cache(maxsize=256)
def _from_epsg(epsg: int) -> Crs:
    try:
        crs = pyproj.CRS.from_epsg(epsg)
    except CRSError:
        raise PanhuoError(
            f"没有编号为 EPSG:{epsg} 的坐标系，请核对。", f"There is no coordinate system EPSG:{epsg}; please check."
        ) from None
    return replace(_describe(crs), epsg=epsg)


@lru_cache(maxsize=256)
def _from_wkt(wkt: str) -> Crs:
    try:
        crs = pyproj.CRS.from_user_input(wkt)
    except CRSError:
        raise PanhuoError(
            f"坐标系说明（.prj）无法识别：{wkt[:60]}…",
            f"The description of the coordinate system (.prj) cannot be read: {wkt[:60]}…",
        ) from None
    found = _describe(crs)
    code = _standard_code(found) or crs.to_epsg(min_confidence=70)
    return replace(found, epsg=code, wkt=wkt)


def _standard_code(crs: Crs) -> int | None:
    """The EPSG code that the parts of a Chinese CRS add up to, when pyproj finds none (odd names, other ellipsoid
    digits)."""
    if crs.datum not in _EPSG:
        return None
    if crs.kind == "geographic":
        return _EPSG[crs.datum][0]
    if crs.kind in ("gk3", "gk6") and crs.zone in ZONES[crs.kind]:
        place = (1 if crs.prefix else 2) + (0 if crs.kind == "gk3" else 2)
        return _EPSG[crs.datum][place] + (crs.zone or 0)
    return None


def datum_name(text: str) -> str:
    """Our name of the datum that a text names, in any of the spellings met (``D_China_2000``,
    ``2000国家大地坐标系``); "" if none."""
    t = text.upper().replace(" ", "").replace("_", "").replace("-", "")
    if any(
        w in t
        for w in ("CGCS2000", "CHINA2000", "CHINAGEODETICCOORDINATESYSTEM2000", "2000国家大地", "国家2000", "大地2000")
    ):
        return CGCS2000
    if any(w in t for w in ("XIAN1980", "XIAN80", "XI'AN80", "西安80", "1980西安", "80西安", "80国家大地", "西安1980")):
        return XIAN80
    if any(w in t for w in ("BEIJING1954", "BEIJING54", "BEIJIN1954", "1954北京", "北京54", "54北京", "北京1954")):
        return BEIJING54
    if any(w in t for w in ("WORLDGEODETICSYSTEM1984", "WGS1984", "WGS84")):
        return WGS84
    return ""


def _describe(crs: pyproj.CRS) -> Crs:
    base = crs.geodetic_crs
    datum = ""
    if base is not None:
        datum = datum_name(base.datum.name if base.datum else "") or datum_name(base.name) or base.name
    if crs.is_compound and crs.sub_crs_list:
        return replace(_describe(crs.sub_crs_list[0]), name=crs.name)
    if crs.is_geographic:
        return Crs(name=crs.name, datum=datum, kind="geographic")
    if not crs.is_projected or crs.coordinate_operation is None:
        return Crs(name=crs.name, datum=datum, kind="projected" if crs.is_projected else "unknown")
    values = {p.name.lower(): float(p.value) * p.unit_conversion_factor for p in crs.coordinate_operation.params}
    gauss = _gauss_kruger_parts(crs, values)
    if gauss is None:
        return Crs(name=crs.name, datum=datum, kind="projected")
    kind, zone, prefix, meridian = gauss
    return Crs(name=crs.name, datum=datum, kind=kind, zone=zone, prefix=prefix, central_meridian=meridian)


def _gauss_kruger_parts(
    crs: pyproj.CRS, values: dict[str, float]
) -> tuple[Literal["gk3", "gk6"], int | None, bool, float] | None:
    """Width, zone, prefix and meridian of a Gauss-Krüger system; None for any other projection."""
    method = crs.coordinate_operation.method_name.lower() if crs.coordinate_operation else ""
    if "transverse mercator" not in method and "gauss" not in method:
        return None

    def value(*names: str, default: float) -> float:
        return next((values[n] for n in names if n in values), default)

    degrees = 57.29577951308232
    meridian = round(value("longitude of natural origin", "central_meridian", default=0.0) * degrees, 9)
    scale = value("scale factor at natural origin", "scale_factor", default=1.0)
    north = value("false northing", "false_northing", default=0.0)
    start = value("latitude of natural origin", "latitude_of_origin", default=0.0)
    east = value("false easting", "false_easting", default=0.0)
    unit = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    if abs(scale - 1) > 1e-9 or north != 0 or start != 0 or abs(unit - 1) > 1e-9:
        return None
    zone, rest = divmod(east, 1e6)
    if rest != 500_000:
        return None
    if zone:
        if meridian == 3 * zone:
            return "gk3", int(zone), True, meridian
        if meridian == 6 * zone - 3:
            return "gk6", int(zone), True, meridian
        return None
    name = crs.name.lower().replace("_", " ").replace("-", " ")
    six = (meridian + 3) / 6
    # the numbers of a 3° and a 6° zone on one meridian are the same without prefix; only the name tells them apart
    if (
        six == int(six)
        and "3 degree" not in name
        and ("6 degree" in name or "gauss kruger cm" in name or "gk cm" in name)
    ):
        return "gk6", int(six), False, meridian
    three = meridian / 3
    return "gk3", int(three) if three == int(three) else None, False, meridian


def _in_words(text: str, source: CrsSource) -> Crs | None:
    """A CRS as people write it in words: the datum, then the number of the zone or its central meridian. None if it is
    not."""
    datum = datum_name(text)
    if datum not in _EPSG:
        return None
    wide: Literal[3, 6] = 6 if re.search(r"6\s*(度|°|-?degree)", text) else 3
    rest = re.sub(r"[36]\s*(度|°|-?degree)\s*(分?带)?|CGCS\s*2000|19[58]\d|2000", " ", text, flags=re.IGNORECASE)
    zone = re.search(r"(?<!\d)(\d{2})\s*带|(?:zone|带)\s*(\d{2})(?!\d)", rest, re.IGNORECASE)
    if zone:
        prefix = not re.search(r"(不含|不带|不加|无|没有)带号|without (zone )?prefix", text, re.IGNORECASE)
        return Crs.gauss_kruger(int(zone[1] or zone[2]), width=wide, prefix=prefix, datum=datum, source=source)
    meridian = re.search(r"(?:经线|子午线|meridian)\D{0,3}(\d{2,3})(?!\d)", rest, re.IGNORECASE)
    if not meridian:
        return None
    degrees = int(meridian[1])
    number = degrees // 3 if wide == 3 else (degrees + 3) // 6
    if degrees != (3 * number if wide == 3 else 6 * number - 3):
        return None
    return Crs.gauss_kruger(number, width=wide, prefix=False, datum=datum, source=source)
