"""The keys of [属性描述]: which coordinate system the numbers are in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from panhuo.exchange.boundary_txt.scan import Section
from panhuo.exchange.boundary_txt.text import narrow
from panhuo.land.crs import BEIJING54, CGCS2000, WGS84, XIAN80, ZONES, Crs, CrsSource, datum_name

#: The geographic systems of the three datums.
_GEOGRAPHIC = {CGCS2000: 4490, XIAN80: 4610, BEIJING54: 4214, WGS84: 4326}
_NAMES = {
    "system": ("坐标系", "坐标系统", "坐标系名称", "平面坐标系"),
    "width": ("几度分带", "分带", "分带方式", "度带", "几度带"),
    "zone": ("带号", "投影带号", "分带带号"),
    "unit": ("面积单位",),
}
#: The kind of the easting: degrees, metres without a zone, or the zone (13..45) in front of it.
DEGREES, PLAIN = -1, 0


@dataclass(frozen=True, slots=True)
class Head:
    """What the description says of the coordinates; None where it says nothing that can be understood."""

    line: int
    datum: str | None
    datum_text: str
    width: int | None
    zone: int | None
    zone_text: str


def head_of(section: Section) -> Head:
    """Read the keys of one [属性描述] section, in all the spellings met."""

    def value(what: str) -> str:
        for key, text in section.keys.items():
            if narrow(key).replace(" ", "") in _NAMES[what]:
                return narrow(text).strip()
        return ""

    system, width, zone = value("system"), value("width"), value("zone")
    found = re.search(r"[36三六]", width)
    number = re.search(r"\d{1,3}", zone)
    return Head(
        section.line,
        _datum(system),
        system,
        None if found is None else (3 if found[0] in "3三" else 6),
        _zone(int(number[0])) if number else None,
        zone,
    )


def _datum(text: str) -> str | None:
    known = datum_name(text)
    if known:
        return known
    for signs, datum in (
        (("2000", "CGCS"), CGCS2000),
        (("80", "西安"), XIAN80),
        (("54", "北京"), BEIJING54),
        (("84",), WGS84),
    ):
        if any(sign in text.upper() for sign in signs):
            return datum
    return None


def _zone(number: int) -> int | None:
    """A zone, also when the central meridian was written instead (117 for zone 39)."""
    if number in ZONES["gk6"] or number in ZONES["gk3"]:
        return number
    if 75 <= number <= 135 and number % 3 == 0:
        return number // 3
    return None


def crs_of(head: Head | None, kind: int) -> tuple[Crs | None, tuple[str, str] | None]:
    """The CRS of coordinates of one kind under one head, and what should be said of it (zh, en), if anything.

    The zone in front of the easting is believed before the head: it is the number that was measured with.
    """
    if head is not None and head.datum is None and head.datum_text:
        return None, (
            f"坐标系“{head.datum_text}”不认识，坐标系留空，请在导入时指定",
            f"the coordinate system '{head.datum_text}' is not known; name it when importing",
        )
    stated = head is not None and head.datum is not None
    datum = head.datum if head is not None and head.datum else CGCS2000
    source: CrsSource = "declared" if stated else "magnitude"
    doubt = None if stated else ("文件没有写明坐标系，按 2000 国家大地坐标系读取", "no system stated; read as CGCS2000")
    if kind == DEGREES:
        return Crs.from_epsg(_GEOGRAPHIC[datum], source=source, confidence=1.0 if stated else 0.7), doubt
    if datum == WGS84:
        return None, (
            "WGS84 没有高斯投影分带，请在导入时指定坐标系",
            "WGS84 has no Gauss-Krüger zones; name the system when importing",
        )
    zone = head.zone if head is not None else None
    width = head.width if head is not None else None
    if kind != PLAIN:
        if zone is not None and zone != kind:
            doubt = (
                f"属性描述的带号为 {zone}，横坐标前两位为 {kind}，按横坐标读取",
                f"the head says zone {zone}, the eastings begin with {kind}; read by the eastings",
            )
        elif width is not None and width != _width(kind):
            doubt = (
                f"几度分带为 {width}，与带号 {kind} 不符，按带号读取",
                f"zones of {width}° do not fit zone {kind}; read by the zone",
            )
    elif zone is None:
        return None, (
            "没有带号，横坐标也不带带号，无法确定坐标系，请在导入时指定",
            "no zone stated and none in the eastings: the system cannot be known; name it when importing",
        )
    number = zone if kind == PLAIN and zone is not None else kind
    if number == 24:
        return None, ("带号 24 不存在（3 度带为 25 至 45，6 度带为 13 至 23）", "there is no zone 24 in China")
    crs = Crs.gauss_kruger(number, width=_width(number), prefix=kind != PLAIN, datum=datum, source=source)
    return (crs if stated else replace(crs, confidence=0.7)), doubt


def _width(zone: int) -> Literal[3, 6]:
    return 3 if zone >= 24 else 6
