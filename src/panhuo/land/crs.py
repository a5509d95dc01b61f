"""Coordinate reference systems: what they are (:mod:`.systems`) and how a layer's is found out
(:mod:`.recognition`)."""

from __future__ import annotations

from panhuo.land.magnitude import Bounds, robust_bounds, rough_longitude
from panhuo.land.recognition import CrsGuess, CrsProblem, ProblemKind, declared_crs, recognise
from panhuo.land.systems import (
    BEIJING54,
    CGCS2000,
    WGS84,
    XIAN80,
    ZONES,
    Crs,
    CrsKind,
    CrsSource,
    datum_name,
    zone_of_longitude,
)

__all__ = [
    "BEIJING54",
    "CGCS2000",
    "WGS84",
    "XIAN80",
    "ZONES",
    "Bounds",
    "Crs",
    "CrsGuess",
    "CrsKind",
    "CrsProblem",
    "CrsSource",
    "ProblemKind",
    "datum_name",
    "declared_crs",
    "recognise",
    "robust_bounds",
    "rough_longitude",
    "zone_of_longitude",
]
