"""A fictitious district that tells a story, as its bureaus would deliver it; every mistake in it is known."""

from __future__ import annotations

from panhuo.demo.make import District, make_district
from panhuo.demo.simulate import make_from_parcels, simulate_attributes

__all__ = ["District", "make_district", "make_from_parcels", "simulate_attributes"]
