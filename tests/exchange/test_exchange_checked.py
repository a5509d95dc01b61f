"""``panhuo check`` on real files that nobody on this project made: nothing breaks and nothing is lost."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from panhuo.survey import check_delivery

pytestmark = pytest.mark.shared_data


@pytest.mark.parametrize("folder", ["odd_files", "uk_brownfield", "montpellier"])
def test_every_file_is_accounted_for(shared_data: Path, folder: str) -> None:
    """Read, part of another, set aside, or unreadable with a finding that says so; and layers whose parts fit."""
    root = shared_data / folder
    delivery, findings = check_delivery(root)
    assert not findings["en"].str.contains("Unexpected error").any()
    on_disk = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    states = {f.path: f.state for f in delivery.files}
    assert on_disk <= set(states)
    assert set(states.values()) <= {"read", "part", "ignored", "unreadable"}
    named = set(findings["source"])
    sources = {x.source for x in delivery}
    for path, state in states.items():
        if state == "unreadable":
            assert path in named
        if state == "read":
            assert any(s == path or s.startswith(f"{path}/") for s in sources | named)
    for layer in delivery:
        lengths = {layer.count, layer.table.num_rows}
        lengths |= {len(x) for x in (layer.geometry, layer.rows) if x is not None}
        assert len(lengths) == 1, layer.source


def test_rows_are_as_many_as_the_files_say(shared_data: Path) -> None:
    """Counted without any reader of ours: features of GeoJSON, and the number in the head of a DBF."""
    seen = 0
    for folder in ("odd_files", "montpellier"):
        root = shared_data / folder
        delivery, _ = check_delivery(root)
        for layer in delivery:
            path = root / layer.source
            if path.suffix == ".geojson" and path.is_file():
                body = json.loads(path.read_text("utf-8-sig"))
                if body.get("type") == "FeatureCollection":
                    assert layer.count == len(body["features"]), layer.source
                    seen += 1
            elif path.suffix == ".shp" and path.is_file():
                stated = struct.unpack("<I", path.with_suffix(".dbf").read_bytes()[4:8])[0]
                assert layer.count == stated, layer.source
                seen += 1
    assert seen >= 8
