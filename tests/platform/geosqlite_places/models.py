from __future__ import annotations

from django.contrib.gis.db import models


class Owner(models.Model):
    name = models.CharField(max_length=20)


class Place(models.Model):
    """In a planar system, so that distances are metres."""

    name = models.CharField(max_length=20)
    kind = models.IntegerField(default=0)
    owner = models.ForeignKey(Owner, null=True, on_delete=models.CASCADE, related_name="places")
    shape = models.GeometryField(srid=4527, null=True)
    door = models.PointField(srid=4490, null=True, spatial_index=False)
