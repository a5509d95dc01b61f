"""Boundaries of divisions come with a delivery, once it is accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from delivered_scene import Deliver
from django.contrib.gis.geos import Point

from panhuo_platform.deliveries import commands
from panhuo_platform.regions.models import Region


@pytest.fixture
def boundaries(tmp_path: Path) -> Path:
    """One township in two parts, one unknown code."""

    def square(west: float) -> dict[str, Any]:
        ring = [[west, 36.6], [west + 0.01, 36.6], [west + 0.01, 36.61], [west, 36.61], [west, 36.6]]
        return {"type": "Polygon", "coordinates": [ring]}

    rows = [("990112001", "鼓阳街道", 117.10), ("990112001", "鼓阳街道", 117.20), ("990999001", "他处", 117.30)]
    features = [
        {"type": "Feature", "properties": {"XZQDM": code, "XZQMC": name}, "geometry": square(west)}
        for code, name, west in rows
    ]
    file = tmp_path / "乡镇街道.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return file


def test_divisions_get_their_boundary_by_acceptance(district: Any, deliver: Deliver, boundaries: Path) -> None:
    office = district.user("bureau", "office", "ziran")
    sent = deliver(office, boundaries, sender="ziran", title="行政区界线")
    layer = sent.layers.get()
    assert layer.role == "boundaries"
    assert Region.objects.get(code="990112001").boundary is None
    commands.accept_layers(office, sent)
    region = Region.objects.get(code="990112001")
    assert region.boundary is not None and len(region.boundary) == 2
    found = Region.objects.filter(boundary__intersects=Point(117.205, 36.605, srid=4490))
    assert [r.code for r in found] == ["990112001"]
