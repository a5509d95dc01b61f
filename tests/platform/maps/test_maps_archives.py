"""A basemap in a file of one's own: pictures or vector tiles, without anybody outside being asked."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from panhuo.messages import PanhuoError
from panhuo_platform.config import environment
from panhuo_platform.maps.archives import archive, kind_of

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture"


def pictures(path: Path, kind: TileType = TileType.PNG, packing: Compression = Compression.NONE, **said: Any) -> Path:
    data = {Compression.GZIP: gzip.compress(PNG)}.get(packing, PNG)
    with path.open("wb") as file:
        writer = Writer(file)
        for zoom, column, row in ((0, 0, 0), (1, 1, 0), (5, 26, 12)):
            writer.write_tile(zxy_to_tileid(zoom, column, row), data)
        writer.finalize(
            {"tile_type": kind, "tile_compression": packing, "min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 1,
             "max_lat_e7": 1, "center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0},
            said,
        )  # fmt: skip
    return path


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    """As GDAL writes a bureau's own road layer."""
    import pyogrio.raw

    line = shapely.to_wkb([shapely.LineString([(116.9, 36.1), (117.3, 36.5)])])
    path = tmp_path / "roads.pmtiles"
    pyogrio.raw.write(
        str(path), np.asarray(line, dtype=object), [np.array(["东大街"], dtype=object)], ["name"], layer="roads",
        driver="PMTiles", geometry_type="LineString", crs="EPSG:4326", dataset_options={"MINZOOM": "4", "MAXZOOM": "9"},
    )  # fmt: skip
    return path


def test_pictures_come_from_the_file(district: Any, signed_in: Any, settings: Any, tmp_path: Path) -> None:
    settings.BASEMAP = str(pictures(tmp_path / "底图.pmtiles", attribution='<a href="//x">某地 <b>测绘</b></a>'))
    client = signed_in("ju")
    told = client.get("/maps/layers").json()["basemap"]
    (tiles,) = told.pop("tiles")
    assert tiles.startswith("/maps/basemap/0/{z}/{x}/{y}?v=")
    assert told == {"attribution": "某地 测绘", "minzoom": 0, "maxzoom": 5}
    settings.BASEMAP = str(pictures(tmp_path / "新底图.pmtiles"))
    assert client.get("/maps/layers").json()["basemap"]["tiles"] != [tiles], "browsers keep pictures for a day"
    settings.BASEMAP = str(tmp_path / "底图.pmtiles")
    answer = client.get("/maps/basemap/0/5/26/12")
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "image/png", PNG)
    for nowhere in ("5/26/13", "6/0/0", "5/99/0"):
        assert client.get(f"/maps/basemap/0/{nowhere}").status_code == 404
    assert client.get("/maps/basemap/1/0/0/0").status_code == 404


def test_vector_tiles_come_unpacked_with_what_their_layers_are(
    district: Any, signed_in: Any, settings: Any, roads: Path
) -> None:
    settings.BASEMAP, settings.BASEMAP_SOURCE = str(roads), "区测绘院"
    client = signed_in("ju")
    told = client.get("/maps/layers").json()["basemap"]
    assert told["vector"] == [{"id": "roads", "kind": "road"}] and told["attribution"] == "区测绘院"
    assert (told["minzoom"], told["maxzoom"]) == (4, 9)
    zoom = 9
    x = int((117.1 + 180) / 360 * 2**zoom)
    y = int((1 - np.arcsinh(np.tan(np.radians(36.3))) / np.pi) / 2 * 2**zoom)
    answer = client.get(f"/maps/basemap/0/{zoom}/{x}/{y}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/vnd.mapbox-vector-tile")
    assert b"roads" in answer.content and "东大街".encode() in answer.content


def test_a_file_that_cannot_be_shown_is_told_and_the_map_goes_on_without(
    district: Any, signed_in: Any, settings: Any, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pmtiles"
    broken.write_bytes(b"PMTiles\x03" + bytes(200))
    for path, word in (
        (broken, "不是可读的"),
        (pictures(tmp_path / "brotli.pmtiles", packing=Compression.BROTLI), "gzip"),
        (pictures(tmp_path / "avif.pmtiles", TileType.AVIF), "PNG"),
        (pictures(tmp_path / "none.pmtiles", TileType.MVT), "vector_layers"),
        (pictures(tmp_path / "null.pmtiles", TileType.MVT, vector_layers=None), "vector_layers"),
        (pictures(tmp_path / "words.pmtiles", TileType.MVT, vector_layers=["roads"]), "不是可读的"),
        (pictures(tmp_path / "unnamed.pmtiles", TileType.MVT, vector_layers=[{"name": "a"}]), "不是可读的"),
        (tmp_path / "gone.pmtiles", "读不到"),
    ):
        with pytest.raises(PanhuoError, match=word):
            archive(str(path))
        settings.BASEMAP = str(path)
        client = signed_in("ju")
        assert client.get("/maps/layers").json()["basemap"] is None
        assert client.get("/maps/basemap/0/0/0/0").status_code == 404


def test_a_packed_tile_may_not_swell(tmp_path: Path) -> None:
    packed = archive(str(pictures(tmp_path / "gz.pmtiles", packing=Compression.GZIP)))
    assert packed.tile(0, 0, 0, 1000) == PNG
    assert packed.tile(0, 0, 0, len(PNG) - 1) is None


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        ("water", "water"),
        ("transportation", "road"),
        ("铁路", "rail"),
        ("landuse", "green"),
        ("地名点", "name"),
        ("乡镇街道", "boundary"),
        ("research", "other"),
        ("x", "other"),
    ],
)
def test_what_a_layer_is_called_tells_its_ground(layer: str, kind: str) -> None:
    assert kind_of(layer) == kind


def test_the_settings_name_a_file_that_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PANHUO_HOME", str(tmp_path))
    file = pictures(tmp_path / "base.pmtiles")
    monkeypatch.setenv("PANHUO_BASEMAP", str(file))
    assert environment.read().basemap == str(file)
    monkeypatch.setenv("PANHUO_BASEMAP", str(tmp_path / "gone.pmtiles"))
    with pytest.raises(PanhuoError, match="不存在"):
        environment.read()
