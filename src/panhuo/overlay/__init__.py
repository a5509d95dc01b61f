"""Areas that polygons share: the kernels' public names."""

from __future__ import annotations

from panhuo.overlay.intersections import Pairs, intersections

__all__ = ["Pairs", "intersections"]
