"""What land data is: codes, identifiers, coordinate systems, areas and units, and the schema of deliveries.

Names that need compiled kernels are loaded when they are first used, so that a check of a pack or a help page does
not wait for the compiler.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from panhuo.land.cells import Normalised, clean_text, half_width
from panhuo.land.credit_codes import check_credit_codes, credit_code_fault, is_credit_code, make_credit_codes
from panhuo.land.crs import (
    Crs,
    CrsGuess,
    CrsProblem,
    datum_name,
    declared_crs,
    recognise,
    robust_bounds,
    zone_of_longitude,
)
from panhuo.land.facts import FACTS, FactColumn, empty_facts, fact, facts_schema
from panhuo.land.identifiers import (
    check_parcel_codes,
    check_unit_codes,
    county_of,
    division,
    make_parcel_codes,
    make_unit_code,
    ownership_agrees,
    ownership_of_parcel,
    parcel_of_unit,
    tidy_code,
    township_of,
)
from panhuo.land.names import enterprise_stem, tidy_name, township_stem
from panhuo.land.schema import ROLES, Field, FieldMap, Match, Role, guess_role, map_fields, role
from panhuo.land.sheets import sheet_bounds, sheet_numbers
from panhuo.land.units import (
    AREA_UNITS,
    MONEY_UNITS,
    AreaUnitGuess,
    Range,
    convert,
    exact,
    format_area,
    guess_area_unit,
    parse_number,
    parse_range,
    round_half_up,
    round_parts,
    round_table,
    to_hectare,
    to_mu,
)
from panhuo.land.values import normalise

if TYPE_CHECKING:
    from panhuo.land.areas import area_m2, ellipsoidal_area, planar_area
    from panhuo.land.gcj import GcjSuspicion, from_gcj02, gcj02_suspicion, to_gcj02
    from panhuo.land.polygons import Polygons
    from panhuo.land.projection import gauss_forward, gauss_inverse, to_geographic, to_zone, transform

_LATER = {
    "GcjSuspicion": "gcj",
    "Polygons": "polygons",
    "area_m2": "areas",
    "ellipsoidal_area": "areas",
    "from_gcj02": "gcj",
    "gauss_forward": "projection",
    "gauss_inverse": "projection",
    "gcj02_suspicion": "gcj",
    "planar_area": "areas",
    "to_gcj02": "gcj",
    "to_geographic": "projection",
    "to_zone": "projection",
    "transform": "projection",
}


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(f"panhuo.land.{_LATER[name]}"), name)
    raise AttributeError(f"module 'panhuo.land' has no attribute {name!r}")


__all__ = [
    "AREA_UNITS",
    "FACTS",
    "MONEY_UNITS",
    "ROLES",
    "AreaUnitGuess",
    "Crs",
    "CrsGuess",
    "CrsProblem",
    "FactColumn",
    "Field",
    "FieldMap",
    "GcjSuspicion",
    "Match",
    "Normalised",
    "Polygons",
    "Range",
    "Role",
    "area_m2",
    "check_credit_codes",
    "check_parcel_codes",
    "check_unit_codes",
    "clean_text",
    "convert",
    "county_of",
    "credit_code_fault",
    "datum_name",
    "declared_crs",
    "division",
    "ellipsoidal_area",
    "empty_facts",
    "enterprise_stem",
    "exact",
    "fact",
    "facts_schema",
    "format_area",
    "from_gcj02",
    "gauss_forward",
    "gauss_inverse",
    "gcj02_suspicion",
    "guess_area_unit",
    "guess_role",
    "half_width",
    "is_credit_code",
    "make_credit_codes",
    "make_parcel_codes",
    "make_unit_code",
    "map_fields",
    "normalise",
    "ownership_agrees",
    "ownership_of_parcel",
    "parcel_of_unit",
    "parse_number",
    "parse_range",
    "planar_area",
    "recognise",
    "robust_bounds",
    "role",
    "round_half_up",
    "round_parts",
    "round_table",
    "sheet_bounds",
    "sheet_numbers",
    "tidy_code",
    "tidy_name",
    "to_gcj02",
    "to_geographic",
    "to_hectare",
    "to_mu",
    "to_zone",
    "township_of",
    "township_stem",
    "transform",
    "zone_of_longitude",
]
