"""A synthetic city for the benchmark: parcels, land use, zones and buildings as GeoParquet.

    python bench/city.py 100000 bench-data/city-100k

Rectangles of whole centimetres are halved until each has its quota; every corner that lies on another rectangle's side
becomes a vertex of that side too; then the whole plane is bent, so that shared edges stay shared to the last bit.
Parcels keep their size (about 40 m) and the city grows with their number. Half of the blocks' land use follows the
parcels with less than a metre between the lines (the hard case: nearly coincident edges), half does not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
from numpy.typing import NDArray

from panhuo.land.polygons import Polygons
from panhuo.overlay import clusters, dissolve

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

PARCEL_CM = 4_000
ROAD_CM = 400
ZONES = 2_000
EAST, NORTH = 480_000.0, 4_050_000.0
LAND_CLASSES = ("0101", "0201", "0301", "0602", "0701", "0702", "0809", "1001", "1006", "1101", "1207", "0508")
ZONE_CLASSES = ("工业", "居住", "商业", "公共", "绿地", "交通", "仓储", "农业")
CONTROL_CLASSES = ("红线", "蓝线", "紫线")
_SIDE = np.int64(1) << 24


def subdivide(rects: Ints, quota: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Halve (n, 4) rectangles until each has its quota of pieces; returns the pieces and whose they are."""
    owner = np.arange(len(rects))
    done: list[tuple[Ints, Ints]] = []
    while len(rects):
        single = quota <= 1
        done.append((rects[single], owner[single]))
        rects, quota, owner = rects[~single], quota[~single], owner[~single]
        small = quota // 2
        share = small / quota * np.exp(rng.normal(0, 0.12, len(rects)))
        wide = (rects[:, 2] - rects[:, 0]) * np.exp(rng.normal(0, 0.2, len(rects))) > rects[:, 3] - rects[:, 1]
        low, high = np.where(wide, 0, 1), np.where(wide, 2, 3)
        row = np.arange(len(rects))
        a, b = rects[row, low], rects[row, high]
        cut = (a + (b - a) * np.clip(share, 0.2, 0.8)).astype(np.int64)
        first, second = rects.copy(), rects.copy()
        first[row, high], second[row, low] = cut, cut
        rects = np.concatenate([first, second])
        quota = np.concatenate([small, quota - small])
        owner = np.concatenate([owner, owner])
    pieces = np.concatenate([d[0] for d in done])
    return pieces, np.concatenate([d[1] for d in done])


def _noise(a: Ints, b: Ints, seed: int) -> Floats:
    """A number in [0, 1) for each pair of whole numbers, the same every time."""
    z = a.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + b.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)
    z += np.uint64(seed * 0x632BE5AB)
    z = (z ^ (z >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(29)
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53


def outlines(rects: Ints, step: int, seed: int) -> tuple[Ints, Ints]:
    """Closed rings of the rectangles with every foreign corner on their sides and bends every ``step`` or so.

    Returns (v, 2) whole centimetres and the (n + 1,) first vertex of each ring.
    """
    x0, y0, x1, y1 = rects.T
    corners = np.concatenate([np.column_stack(c) for c in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))])
    along_y = np.unique(corners[:, 0] * _SIDE + corners[:, 1])
    along_x = np.unique(corners[:, 1] * _SIDE + corners[:, 0])
    keys = []
    sides = ((y0, x0, x1, along_x, False), (x1, y0, y1, along_y, False))
    sides += ((y1, x0, x1, along_x, True), (x0, y0, y1, along_y, True))
    for number, (fixed, a, b, known, backwards) in enumerate(sides):
        side = np.arange(len(rects)) * 4 + number
        keys.append(side * _SIDE)
        lo = np.searchsorted(known, fixed * _SIDE + a, "right")
        which, at = _ranges(lo, np.searchsorted(known, fixed * _SIDE + b, "left"))
        points = [(which, known[at] % _SIDE)]
        which, at = _ranges(a // step + 1, -(-b // step))
        kept = _noise(fixed[which], at, seed + number % 2) < 0.55
        points.append((which[kept], at[kept] * step))
        for which, position in points:
            away = b[which] - position if backwards else position - a[which]
            keys.append(side[which] * _SIDE + away)
    key = np.unique(np.concatenate(keys))
    side, away = key // _SIDE, key % _SIDE
    owner, number = side // 4, side % 4
    r = rects[owner]
    x = np.choose(number, [r[:, 0] + away, r[:, 2], r[:, 2] - away, r[:, 0]])
    y = np.choose(number, [r[:, 1], r[:, 1] + away, r[:, 3], r[:, 3] - away])
    counts = np.bincount(owner, minlength=len(rects))
    first = np.zeros(len(rects) + 1, np.int64)
    np.cumsum(counts + 1, out=first[1:])
    ring = np.empty((first[-1], 2), np.int64)
    to = np.arange(len(x)) + owner
    ring[to, 0], ring[to, 1] = x, y
    ring[first[1:] - 1] = ring[first[:-1]]
    return ring, first


def _ranges(lo: Ints, hi: Ints) -> tuple[Ints, Ints]:
    """All whole numbers from lo[k] to hi[k] - 1, with their k."""
    count = np.maximum(hi - lo, 0)
    which = np.repeat(np.arange(len(lo)), count)
    return which, np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(lo, count)


def bend(x: Floats, y: Floats, jitter: float, seed: int) -> Floats:
    """Bend the plane (metres): broad sweeps for the whole city, a jitter of its own for each layer."""
    dx, dy = np.zeros_like(x), np.zeros_like(y)
    for broad, number in ((True, 4), (False, seed)):
        rng = np.random.default_rng(number)
        for k in range(3):
            turn, phase = rng.uniform(0, 2 * np.pi, 2)
            wave = rng.uniform(2_500, 6_000) if broad else 21.0 * (1 + 0.4 * k)
            height = 60.0 if broad else jitter / (1 + 0.3 * k)
            q = (x * np.cos(turn) + y * np.sin(turn)) * (2 * np.pi / wave)
            dx += height * np.sin(q + phase)
            dy += height * np.cos(1.1 * q + phase)
    return np.round(np.column_stack([x + dx + EAST, y + dy + NORTH]), 4)


def simple_polygons(coords: Floats, first: Ints) -> Polygons:
    """One ring, one polygon."""
    n = len(first) - 1
    return Polygons(coords, first, np.zeros(n, np.bool_), np.arange(n + 1), np.zeros(n, np.uint8))


def rect_polygons(rects: Ints, step: int, jitter: float, seed: int) -> Polygons:
    ring, first = outlines(rects, step, seed)
    return simple_polygons(bend(ring[:, 0] / 100.0, ring[:, 1] / 100.0, jitter, seed), first)


def blobs(rng: np.random.Generator, count: int, extent: float, scale: float) -> Polygons:
    """Control lines: round shapes with 400 to 4,900 vertices, three in ten with a hole."""
    coords, rings, holes, geoms = [], [0], [], [0]
    for _ in range(count):
        radius = float(np.clip(rng.lognormal(6.2, 0.6), 150, 2_500)) * scale
        m = int(np.clip(radius / scale * 5, 400, 4_900))
        t = np.arange(m) * (2 * np.pi / m)
        shape = 1.0 + sum(rng.normal(0, 0.2 / f) * np.sin(f * t + rng.uniform(0, 6.28)) for f in range(2, 40))
        r = (np.clip(shape, 0.4, 2.0) + rng.normal(0, 0.0002, m)) * radius
        centre = rng.uniform(0, extent, 2) + np.array([EAST, NORTH])
        for inner in range(1 + int(rng.random() < 0.3)):
            q = r[:: 4 if inner else 1] * (0.25 if inner else 1.0)
            u = t[:: 4 if inner else 1]
            ring = np.round(np.column_stack([centre[0] + q * np.cos(u), centre[1] + q * np.sin(u)]), 4)
            coords += [ring, ring[:1]]
            rings.append(rings[-1] + len(ring) + 1)
            holes.append(bool(inner))
        geoms.append(len(holes))
    state = np.zeros(count, np.uint8)
    return Polygons(np.concatenate(coords), np.array(rings), np.array(holes), np.array(geoms), state)


def buildings(rects: Ints, count: int, rng: np.random.Generator) -> Polygons:
    """Rectangles and Ls on the parcels; about a quarter reach over the parcel's edge, which is harder than reality."""
    r = rects[rng.integers(0, len(rects), count)] / 100.0
    width, depth = r[:, 2] - r[:, 0], r[:, 3] - r[:, 1]
    cx = r[:, 0] + width * rng.uniform(0.12, 0.88, count)
    cy = r[:, 1] + depth * rng.uniform(0.12, 0.88, count)
    half_w, half_d = width * rng.uniform(0.08, 0.22, count), depth * rng.uniform(0.08, 0.22, count)
    turn = rng.normal(0, 0.15, count)
    box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1.0]])
    ell = np.array([[-1, -1], [1, -1], [1, 0.1], [0.2, 0.1], [0.2, 1], [-1, 1], [-1, -1.0]])
    is_ell = rng.random(count) < 0.4
    first = np.zeros(count + 1, np.int64)
    np.cumsum(np.where(is_ell, len(ell), len(box)), out=first[1:])
    x, y = np.empty(first[-1]), np.empty(first[-1])
    for rows, form in ((np.flatnonzero(~is_ell), box), (np.flatnonzero(is_ell), ell)):
        at = first[rows][:, None] + np.arange(len(form))
        u, v = half_w[rows, None] * form[:, 0], half_d[rows, None] * form[:, 1]
        x[at] = cx[rows, None] + u * np.cos(turn[rows, None]) - v * np.sin(turn[rows, None])
        y[at] = cy[rows, None] + u * np.sin(turn[rows, None]) + v * np.cos(turn[rows, None])
    return simple_polygons(bend(x, y, 0.5, 17), first)


def enlarged(parcels: Polygons, count: int) -> Polygons:
    """The parcels, some of them drawn 3 % too large: they overlap their neighbours."""
    rows = np.linspace(0, len(parcels) - 1, count).astype(np.int64)
    coords, centre = parcels.coords.copy(), (parcels.bounds[:, :2] + parcels.bounds[:, 2:]) / 2
    for row in rows:
        part = slice(parcels.rings[parcels.geoms[row]], parcels.rings[parcels.geoms[row + 1]])
        coords[part] = np.round(centre[row] + 1.03 * (coords[part] - centre[row]), 4)
    return parcels.with_coords(coords)


def with_bow_ties(parcels: Polygons, count: int) -> Polygons:
    """The parcels, some of them with two vertices exchanged so that the ring crosses itself."""
    coords = parcels.coords.copy()
    for row in np.linspace(0, len(parcels) - 1, count).astype(np.int64):
        first, last = parcels.rings[parcels.geoms[row]], parcels.rings[parcels.geoms[row + 1]] - 1
        a, b = first + (last - first) // 4, first + 3 * (last - first) // 4
        if a > first:
            coords[[a, b]] = coords[[b, a]]
    return parcels.with_coords(coords)


def contagem(source: Path, folder: Path) -> None:
    """A real city: Contagem's lots, their blocks (lots that touch, united) and zones laid over them."""
    lots = Polygons.from_wkb(pq.read_table(source, columns=["geometry"])["geometry"])
    to_metres = pyproj.Transformer.from_crs(4326, 31983, always_xy=True)
    lots = lots.with_coords(np.column_stack(to_metres.transform(lots.coords[:, 0], lots.coords[:, 1])))
    lots = lots.take(z_order(lots))
    number = np.arange(len(lots))
    save(folder / "parcels.parquet", lots, {"id": number})
    save(folder / "overlapping.parquet", lots, {"id": number})
    keys, built = dissolve(lots, clusters(lots, 0.0, tolerance=0.02))
    save(folder / "landuse.parquet", built.polygons, {"id": np.arange(len(keys)), "class": (keys % 12).cast(pl.String)})
    rng = np.random.default_rng(3)
    low, high = np.nanquantile(lots.bounds[:, :2], [0.01, 0.99], axis=0)
    zones = blobs(rng, 300, float((high - low).max()), 0.4)
    zones = zones.with_coords(zones.coords - [EAST, NORTH] + low)
    save(folder / "zones.parquet", zones, {"id": np.arange(300), "class": rng.choice(ZONE_CLASSES, 300)})


def z_order(polygons: Polygons) -> Ints:
    """Rows in an order that keeps neighbours together."""
    box = polygons.bounds
    centre = (box[:, :2] + box[:, 2:]) / 2
    low, span = centre.min(axis=0), np.ptp(centre, axis=0).max() or 1.0
    key = np.zeros(len(box), np.uint64)
    for axis in range(2):
        bits = ((centre[:, axis] - low[axis]) / span * 65_535).astype(np.uint64)
        for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
            bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
        key |= bits << np.uint64(axis)
    return np.argsort(key, kind="stable")


def save(path: Path, polygons: Polygons, columns: dict[str, object]) -> None:
    """GeoParquet 1.1: WKB, zstd, box column, 64k row groups."""
    box = polygons.bounds
    parts = [pa.array(box[:, k]) for k in range(4)]
    names = ["xmin", "ymin", "xmax", "ymax"]
    arrays = {k: pa.array(v) for k, v in columns.items()}
    table = pa.table(
        {**arrays, "geometry": polygons.to_wkb().cast(pa.binary()), "bbox": pa.StructArray.from_arrays(parts, names)}
    )
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": ["Polygon", "MultiPolygon"],
                "crs": None,
                "bbox": [*box[:, :2].min(axis=0), *box[:, 2:].max(axis=0)],
                "covering": {"bbox": {n: ["bbox", n] for n in names}},
            }
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(table, path, compression="zstd", row_group_size=65_536)


def build(n: int, folder: Path) -> None:
    """Write parcels (n), landuse (n / 3), zones and buildings (2 n) into ``folder``."""
    rng = np.random.default_rng(7)
    side = int(PARCEL_CM * np.sqrt(n))
    whole = np.array([[0, 0, side, side]], np.int64)
    blocks, _ = subdivide(whole, np.array([max(n // 30, 4)]), rng)
    inner = blocks + np.array([ROAD_CM, ROAD_CM, -ROAD_CM, -ROAD_CM])
    size = ((inner[:, 2:] - inner[:, :2]) / 100.0).prod(axis=1)
    quota = _apportion(size, n // 3)
    patches, block = subdivide(inner, quota, rng)
    size = ((patches[:, 2:] - patches[:, :2]) / 100.0).prod(axis=1)
    rects, _ = subdivide(patches, _apportion(size, n), rng)

    follows = rng.random(len(blocks)) < 0.5
    other, other_block = subdivide(inner, quota, np.random.default_rng(99))
    use = np.concatenate([patches[follows[block]], other[~follows[other_block]]])
    use_block = np.concatenate([block[follows[block]], other_block[~follows[other_block]]])
    for c in range(4):  # land use reaches to the middle of the road
        rim = use[:, c] == inner[use_block, c]
        use[rim, c] = blocks[use_block[rim], c]

    step = PARCEL_CM * 2 // 9
    parcels = rect_polygons(rects, step, 0.5, 17)
    order = z_order(parcels)
    rng = np.random.default_rng(5)
    codes = np.char.add("990112001001GB", np.char.zfill(np.arange(len(order)).astype(str), 7))
    save(folder / "parcels.parquet", parcels.take(order), {"id": np.arange(len(order)), "code": codes})
    tidy = parcels.take(order)
    save(folder / "overlapping.parquet", enlarged(tidy, max(n // 2_000, 10)), {"id": np.arange(len(order))})
    save(folder / "invalid.parquet", with_bow_ties(tidy, 500), {"id": np.arange(len(order))})
    landuse = rect_polygons(use, step, 0.6, 31)
    order = z_order(landuse)
    classes = rng.choice(LAND_CLASSES, len(order))
    save(folder / "landuse.parquet", landuse.take(order), {"id": np.arange(len(order)), "class": classes})
    tiles, _ = subdivide(whole, np.array([ZONES * 7 // 10]), np.random.default_rng(21))
    plan = rect_polygons(tiles, max(int(side / np.sqrt(len(tiles)) / 600), 1), 0.05, 57)
    control = blobs(np.random.default_rng(22), ZONES - len(plan), side / 100.0, side / 4_000_000)
    kinds = np.concatenate([rng.choice(ZONE_CLASSES, len(plan)), rng.choice(CONTROL_CLASSES, len(control))])
    save(folder / "zones.parquet", Polygons.concat([plan, control]), {"id": np.arange(len(kinds)), "class": kinds})
    houses = buildings(rects, 2 * n, np.random.default_rng(11))
    order = z_order(houses)
    floors = rng.integers(1, 12, len(order)).astype(np.int16)
    save(folder / "buildings.parquet", houses.take(order), {"id": np.arange(len(order)), "floors": floors})


def _apportion(size: Floats, total: int) -> Ints:
    """Whole numbers of at least one, in proportion to ``size``, that add up to about ``total``."""
    exact = size / size.sum() * total
    return np.maximum(np.floor(exact + 0.5), 1).astype(np.int64)


if __name__ == "__main__":
    if sys.argv[1] == "contagem":
        contagem(Path(sys.argv[3]), Path(sys.argv[2]))
    else:
        build(int(sys.argv[1]), Path(sys.argv[2]))
