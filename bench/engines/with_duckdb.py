"""DuckDB with its spatial extension (the PyPI wheel carries it, so that no network is needed)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

from engines import LEAST, Answer, file

VALID = "CASE WHEN ST_IsValid(geometry) THEN geometry ELSE ST_MakeValid(geometry) END"


def _connect() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    spec = importlib.util.find_spec("duckdb_extension_spatial")
    places = spec.submodule_search_locations if spec else None
    found = next(Path(places[0]).rglob("spatial.duckdb_extension"), None) if places else None
    con.execute(f"LOAD '{found}'" if found else "LOAD spatial")
    return con


def _read(folder: Path, name: str, columns: str, geometry: str = "geometry") -> str:
    return f"(SELECT {columns}, {geometry} AS g FROM read_parquet('{file(folder, name)}'))"


def _sums(con: duckdb.DuckDBPyConnection, left: str, right: str, keys: str, value: str = "area") -> Answer:
    # the join has the bare predicate, or DuckDB does not plan it as a spatial join
    area = "CASE WHEN ST_Covers({0}, {1}) THEN ST_Area({1}) ELSE ST_Area(ST_Intersection(p.g, q.g)) END"
    outer, inner = ("p.g", "q.g") if "floors" in keys else ("q.g", "p.g")
    group = "id" if "floors" in keys else keys
    row = con.execute(
        f"""WITH pieces AS MATERIALIZED (
              SELECT {keys}, {area.format(outer, inner)} AS area
              FROM {left} p JOIN {right} q ON ST_Intersects(p.g, q.g)),
            sums AS (SELECT {group}, count(*) AS n, sum(area) AS area, sum({value}) AS second
                     FROM pieces WHERE area > {LEAST} GROUP BY {group})
            SELECT sum(n), sum(area), count(*), sum(second) FROM sums"""
    ).fetchone()
    assert row is not None
    return Answer(int(row[0]), float(row[1]), int(row[2]), float(row[3]) if "floors" in keys else 0.0)


def landuse(folder: Path) -> Answer:
    return _sums(_connect(), _read(folder, "parcels", "id"), _read(folder, "landuse", "class"), "id, class")


def zones(folder: Path) -> Answer:
    return _sums(_connect(), _read(folder, "parcels", "id"), _read(folder, "zones", "class"), "id, class")


def invalid(folder: Path) -> Answer:
    return _sums(_connect(), _read(folder, "invalid", "id", VALID), _read(folder, "landuse", "class"), "id, class")


def buildings(folder: Path) -> Answer:
    left, right = _read(folder, "parcels", "id"), _read(folder, "buildings", "floors")
    return _sums(_connect(), left, right, "id, floors", "area * floors")


def overlaps(folder: Path) -> Answer:
    # a.id < b.id inside the join would turn it into a merge join over all pairs
    row = (
        _connect()
        .execute(
            f"""WITH pairs AS MATERIALIZED (
              SELECT a.id AS i, b.id AS j, a.g AS g, b.g AS h FROM {_read(folder, "overlapping", "id")} a
              JOIN {_read(folder, "overlapping", "id")} b ON ST_Intersects(a.g, b.g)),
            areas AS (SELECT ST_Area(ST_Intersection(g, h)) AS area FROM pairs WHERE i < j AND NOT ST_Touches(g, h))
            SELECT count(*), coalesce(sum(area), 0) FROM areas WHERE area > {LEAST}"""
        )
        .fetchone()
    )
    assert row is not None
    return Answer(int(row[0]), float(row[1]), int(row[0]))
