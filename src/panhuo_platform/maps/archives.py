"""Basemaps that lie in one file on this server (PMTiles): pictures, or vector tiles of roads, waters and names."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType

from panhuo.messages import PanhuoError

_PICTURES = {TileType.PNG: "image/png", TileType.JPEG: "image/jpeg", TileType.WEBP: "image/webp"}
VECTOR = "application/vnd.mapbox-vector-tile"
#: What the layer's name holds -> kind of ground, in this order.
_KINDS: tuple[tuple[str, str], ...] = (
    ("boundary", r"bound|admin|border|界|乡镇|街道办|行政"),
    ("water", r"water|river|lake|ocean|\bsea|stream|canal|水|河|湖|渠"),
    ("rail", r"rail|铁"),
    ("road", r"road|street|highway|transport|\bways?\b|\bpath|路|道|街"),
    ("building", r"building|house|房|建筑"),
    ("green", r"green|park|wood|forest|grass|vegetation|landuse|landcover|natural|绿|林|植被"),
    ("name", r"place|poi|label|name|地名|注记"),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened file.

    layers : names of the layers of vector tiles with their kind of ground (``water``, ``road``, ``other`` …); empty
             for pictures
    """

    read: Callable[[int, int, int], bytes | None]
    media: str
    packed: bool
    shallowest: int
    deepest: int
    attribution: str
    layers: tuple[tuple[str, str], ...]

    def tile(self, zoom: int, column: int, row: int, most: int) -> bytes | None:
        """A tile, unpacked; None where there is none, or one of more than ``most`` bytes."""
        data = self.read(zoom, column, row)
        if data and self.packed:
            try:
                data = zlib.decompressobj(47).decompress(data, most + 1)
            except zlib.error:
                return None
        return data if data and len(data) <= most else None


def archive(path: str) -> Archive:
    """The file, opened once for each state that it has. Raises PanhuoError for one that cannot be shown."""
    file = Path(path)
    try:
        state = file.stat()
    except OSError as error:
        raise PanhuoError(
            f"底图文件读不到：{path}。", f"The basemap's file cannot be read: {path}.", where=path
        ) from error
    return _opened(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=2)
def _opened(path: str, _size: int, _time: int) -> Archive:
    try:
        with Path(path).open("rb") as file:
            reader = Reader(MmapSource(file))
        header = reader.header()
        metadata: dict[str, Any] = dict(reader.metadata() or {})
        layers = tuple({str(one["id"]): kind_of(str(one["id"])) for one in metadata.get("vector_layers") or ()}.items())
    except Exception as error:
        raise PanhuoError(
            f"底图文件不是可读的 PMTiles：{path}。", f"The basemap's file is no readable PMTiles: {path}.", where=path
        ) from error
    kind, packing = header["tile_type"], header["tile_compression"]
    media = VECTOR if kind == TileType.MVT else _PICTURES.get(kind)
    plain = packing in (Compression.NONE, Compression.GZIP) and header["internal_compression"] == Compression.GZIP
    if media is None or not plain:
        raise PanhuoError(
            f"底图文件里的瓦片须是 PNG、JPEG、WebP 图片或矢量瓦片，不压缩或用 gzip 压缩，目录用 gzip 压缩：{path}。",
            "The basemap's tiles are PNG, JPEG, WebP or vector tiles, plain or packed by gzip, "
            f"its directories packed by gzip: {path}.", where=path,
        )  # fmt: skip
    if media != VECTOR:
        layers = ()
    elif not layers:
        raise PanhuoError(
            f"底图文件没有说明矢量瓦片有哪些图层（vector_layers）：{path}。",
            f"The basemap's file does not say which layers its vector tiles have: {path}.", where=path,
        )  # fmt: skip

    def read(zoom: int, column: int, row: int) -> bytes | None:
        try:
            return reader.get(zoom, column, row)  # type: ignore[no-any-return]
        except (ValueError, IndexError, struct.error, EOFError, OSError, zlib.error):  # a directory that is broken
            return None

    # the browser writes it into the page as it is: its words alone
    said = re.sub(r"<[^>]*>|[<>]", "", str(metadata.get("attribution") or ""))
    return Archive(
        read, media, packing == Compression.GZIP, int(header["min_zoom"]), int(header["max_zoom"]),
        " ".join(said.split())[:200], layers,
    )  # fmt: skip


def kind_of(layer: str) -> str:
    """Which kind of ground a layer of this name shows; ``other`` where the name does not say."""
    return next((kind for kind, words in _KINDS if re.search(words, layer, re.IGNORECASE)), "other")
