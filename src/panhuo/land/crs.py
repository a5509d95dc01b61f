from __future__ import annotations
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crs:
    epsg: int | None = None
