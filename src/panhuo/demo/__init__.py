"""A fictitious district that tells a story, as its bureaus would deliver it; every mistake in it is known."""

from __future__ import annotations

from panhuo.demo.make import District, make_district

__all__ = ["District", "make_district"]
