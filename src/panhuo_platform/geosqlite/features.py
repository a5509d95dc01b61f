"""What this backend can do, for GeoDjango."""

from __future__ import annotations

from django.contrib.gis.db.backends.base.features import BaseSpatialFeatures
from django.db.backends.sqlite3.features import DatabaseFeatures


class Features(BaseSpatialFeatures, DatabaseFeatures):
    """A planar store: areas and lengths on the ellipsoid are the library's work."""

    has_spatialrefsys_table = False
    supports_add_srs_entry = False
    supports_geometry_field_introspection = False
    # only of what comes in; what is stored does not know its system
    supports_transform = False
    supports_distance_geodetic = False
    supports_length_geodetic = False
    supports_area_geodetic = False
    supports_empty_geometries = True
    empty_intersection_returns_none = False
