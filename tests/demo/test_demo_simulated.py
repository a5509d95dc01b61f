"""Real shapes with made-up attributes: nothing is lost, and everything made up says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
import yaml

from panhuo.demo import make_from_parcels, simulate_attributes
from panhuo.exchange.delivery import Layer
from panhuo.land.crs import Crs


def _lots(columns: int, rows: int) -> pa.LargeBinaryArray:
    """A little town of lots in degrees: 25 m wide, some of them large."""
    size = np.where(np.arange(columns) % 5 == 4, 0.0012, 0.00025)
    left = -44.0 + np.concatenate([[0], np.cumsum(size + 0.0001)[:-1]])
    shapes = [
        shapely.box(x, -19.9 + 0.0004 * k, x + w, -19.9 + 0.0004 * k + 0.0003)
        for k in range(rows)
        for x, w in zip(left.tolist(), size.tolist(), strict=True)
    ]
    return pa.array(shapely.to_wkb(np.array(shapes, object)), pa.large_binary())


def test_every_layer_says_that_it_is_simulated() -> None:
    geometry = _lots(30, 20)
    source = Layer("lots", "lots.parquet", "Parquet", pa.table({}), geometry, Crs.from_epsg(4326))
    layers = simulate_attributes(source, 1)
    names = {layer.name for layer in layers}
    assert {"parcels", "patches", "zones", "registration", "enterprises", "economy", "yield_classes_2025"} <= names
    for layer in layers:
        assert layer.frame()["simulated"].all()
        assert any("simulated" in note for note in layer.notes)
        if layer.geometry is not None:
            assert len(layer.geometry) == layer.count
    parcels = layers[0]
    assert parcels.geometry is not None and parcels.geometry.equals(geometry)
    assert parcels.frame()["parcel_code"].n_unique() == 600
    again = simulate_attributes(source, 1)
    assert all(a.table.equals(b.table) for a, b in zip(layers, again, strict=True))


def test_tables_of_a_simulated_city_agree_with_each_other() -> None:
    source = Layer("lots", "lots.parquet", "Parquet", pa.table({}), _lots(30, 20), Crs.from_epsg(4326))
    layers = {layer.name: layer.frame() for layer in simulate_attributes(source, 3)}
    codes = set(layers["parcels"]["parcel_code"])
    for name in ("registration", "enterprises", "safety", "environment", "disputes", "obstacles"):
        assert set(layers[name]["parcel_code"]) <= codes, name
    firms = set(layers["enterprises"]["credit_code"])
    assert set(layers["economy"]["credit_code"]) <= firms
    assert layers["patches"].filter(pl.col("land_class").is_null()).is_empty()


@pytest.mark.shared_data
def test_a_real_city_becomes_a_survey(shared_data: Path, tmp_path: Path) -> None:
    table = pq.read_table(shared_data / "contagem" / "parcels.parquet").slice(0, 3000)
    pq.write_table(table, tmp_path / "some.parquet")
    survey = make_from_parcels(tmp_path / "city", tmp_path / "some.parquet", 1)
    config = yaml.safe_load(survey.read_text("utf-8"))
    assert config["simulated"] is True
    for item in config["inputs"]:
        assert (survey.parent / item["path"]).exists()
    _, written = pyogrio.read_arrow(survey.parent / "交付/模拟图层.gpkg", layer="parcels")
    assert written.num_rows == 3000
    assert written["geom"].to_pylist() == table["geometry"].to_pylist()
