"""Real files that nobody on this project made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from panhuo.exchange import Delivery, Layer, open_delivery
from panhuo.exchange.reproject import in_crs
from panhuo.land.crs import Crs

pytestmark = pytest.mark.shared_data


def sound(delivery: Delivery) -> None:
    assert not delivery.findings["en"].str.contains("Unexpected error").any()
    assert all(x.geometry is None or len(x.geometry) == x.count for x in delivery)
    named = set(delivery.findings["source"])
    assert all(f.path in named for f in delivery.files if f.state == "unreadable")


def counts(delivery: Delivery) -> dict[str, int]:
    return {f"{x.source.rpartition('/')[2]}|{x.name}": x.count for x in delivery}


def test_odd_files_open_and_their_rows_are_counted(shared_data: Path) -> None:
    delivery = open_delivery(shared_data / "odd_files")
    sound(delivery)
    got = counts(delivery)
    want = {
        "collection.txt|collection": 2,
        "sequence-pp.txt|sequence-pp": 2,
        "sequence.txt|sequence": 2,
        "trio.seq|trio": 3,
        "trio.geojson|trio": 3,
        "coutwildrnp.shp|coutwildrnp": 67,
        "curves_line.csv|curves_line": 9,
        "test_tin.csv|test_tin": 3,
        "test_tin.shp|test_tin": 1,
        "naturalearth_lowres.shp|naturalearth_lowres": 177,
        "testopenfilegdb.gdb|big_layer": 341,
        "testopenfilegdb.gdb|polygonzm": 1,
        "test_gpkg_nulls.gpkg|test_gpkg_nulls": 4,
        "line_zm.gpkg|line_zm": 1,
        "list_field_values_file.parquet|list_field_values_file": 5,
    }
    assert {k: got.get(k) for k in want} == want
    assert {f.path for f in delivery.files} >= {
        p.relative_to(shared_data / "odd_files").as_posix()
        for p in (shared_data / "odd_files").rglob("*")
        if p.is_file()
    }


def test_brownfield_registers_open_and_their_rows_are_counted(shared_data: Path) -> None:
    delivery = open_delivery(shared_data / "uk_brownfield")
    sound(delivery)
    got = counts(delivery)
    want = {
        "xlsm.resource|Data": 50,
        "xlsm.csv|xlsm": 50,
        "xlsx.resource|DCLG-version-for-website-May-20": 8,
        "utf-8-sig-json.resource|utf-8-sig-json": 114,
        "gml_very_long_rows.resource|south_northamptonshire_district_council_conservation_areas": 58,
        "ConservationAreas.shp|ConservationAreas": 6,
        "Conservation Areas_region.shp|Conservation Areas_region": 14,
        "Conservation Areas.TAB|Conservation Areas": 14,
        "json_efficient_format.resource|json_efficient_format": 1,
        "invalid_geometry.csv|invalid_geometry": 4,
    }
    assert {k: got.get(k) for k in want} == want


def test_a_real_city_opens_whole(shared_data: Path) -> None:
    layer = open_delivery(shared_data / "contagem" / "parcels.parquet").layers[0]
    assert layer.count == 115_541
    assert layer.geometry is not None and layer.geometry.null_count == 0


def metres(layer: Layer) -> np.ndarray:
    """The shapes in Lambert 93; the ZAC GeoJSON is in it without saying so."""
    placed = layer if layer.crs is not None else layer.with_(crs=Crs.from_epsg(2154))
    return np.asarray(shapely.from_wkb(in_crs(placed, Crs.from_epsg(2154), []).geometry.to_pylist()))  # type: ignore[union-attr]


def alike(one: object, two: object) -> bool:
    """Equal but for outer blanks and the last digits of a number, which the city's own converters changed."""
    if isinstance(one, int | float) and isinstance(two, int | float | str):
        return abs(float(one) - float(two)) < 1e-6 * max(1.0, abs(float(one)))
    return str(one or "").strip() == str(two or "").strip()


@pytest.mark.parametrize(
    ("stem", "ext"),
    [
        ("VilleMTP_MTP_Batiments", "geojson"),
        ("VilleMTP_MTP_SousQuartiers", "geojson"),
        ("VilleMTP_MTP_ZAC", "geojson"),
        ("VilleMTP_MTP_ZAC", "kml"),
        ("VilleMTP_MTP_PerimetresEtud", "kml"),
    ],
)
def test_a_layer_of_montpellier_is_the_same_from_every_format(shared_data: Path, stem: str, ext: str) -> None:
    base = open_delivery(shared_data / "montpellier" / f"{stem}.zip").layers[0]
    delivery = open_delivery(shared_data / "montpellier" / f"{stem}.{ext}")
    sound(delivery)
    layer = delivery.layers[0]
    assert layer.count == base.count
    assert max(a.hausdorff_distance(b) for a, b in zip(metres(base), metres(layer), strict=True)) < 0.01
    for name in base.fields:
        if name not in layer.fields:  # KML leaves out what no row has
            assert not any(str(v or "").strip() for v in base.table[name].to_pylist()), name
            continue
        pairs = zip(base.table[name].to_pylist(), layer.table[name].to_pylist(), strict=True)
        assert [p for p in pairs if not alike(*p)] == [], name
