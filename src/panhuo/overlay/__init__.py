"""Kernels over arrays of polygons: which share area, and how much.

Layers are :class:`panhuo.land.polygons.Polygons`, both of one reference system; areas come in its squared units and
distances in its units. No function raises for a bad polygon: rows that cannot be computed are skipped and named.

Areas         ``intersections`` (pairs of two layers), ``self_overlaps`` (pairs and stacks of one), ``duplicates``
Parcels       ``shares``, ``main_class``, ``coverage``, ``building_sums``, ``homes``
Places        ``points_in``, ``representative_points``
Nearness      ``neighbours``, ``clusters``
Health        ``validity``, ``shape_flaws``, ``repair``
Construction  ``clip``, ``difference``, ``dissolve``
"""

from __future__ import annotations

from panhuo.overlay.construct import Built, Repaired, clip, difference, dissolve, repair
from panhuo.overlay.duplicates import duplicates
from panhuo.overlay.intersections import Pairs, intersections
from panhuo.overlay.neighbours import Neighbours, clusters, neighbours
from panhuo.overlay.overlaps import Overlaps, Stacks, self_overlaps
from panhuo.overlay.places import points_in, representative_points
from panhuo.overlay.shares import building_sums, coverage, homes, main_class, shares
from panhuo.overlay.validity import shape_flaws, validity

__all__ = [
    "Built",
    "Neighbours",
    "Overlaps",
    "Pairs",
    "Repaired",
    "Stacks",
    "building_sums",
    "clip",
    "clusters",
    "coverage",
    "difference",
    "dissolve",
    "duplicates",
    "homes",
    "intersections",
    "main_class",
    "neighbours",
    "points_in",
    "repair",
    "representative_points",
    "self_overlaps",
    "shape_flaws",
    "shares",
    "validity",
]
