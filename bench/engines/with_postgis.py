"""PostGIS on the server that BENCH_PG_DSN names. Loading and indexing are not part of the time."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pyarrow.parquet as pq

from engines import LEAST, Answer, file

COLUMNS = {"landuse": "class text", "zones": "class text", "buildings": "floors int"}
VALID = "CASE WHEN ST_IsValid(geometry) THEN geometry ELSE ST_MakeValid(geometry) END"
_loaded: dict[Path, psycopg.Connection] = {}


def prepare(folder: Path) -> None:
    """Load the folder's layers into unlogged, indexed tables (not timed)."""
    con = psycopg.connect(os.environ["BENCH_PG_DSN"], autocommit=True)
    con.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    con.execute("SET max_parallel_workers_per_gather = 2")
    for path in sorted(folder.glob("*.parquet")):
        name, extra = path.stem, COLUMNS.get(path.stem)
        con.execute(f"DROP TABLE IF EXISTS {name}")
        con.execute(f"CREATE UNLOGGED TABLE {name} (id int{', ' + extra if extra else ''}, geometry geometry)")
        columns = ["id", *([extra.split()[0]] if extra else []), "geometry"]
        table = pq.read_table(file(folder, name), columns=columns)
        with con.cursor().copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
            for batch in table.to_batches(10_000):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    copy.write_row((*row[:-1], row[-1].hex()))
        con.execute(f"CREATE INDEX ON {name} USING gist (geometry)")
        con.execute(f"ANALYZE {name}")
    _loaded[folder] = con


def _one(folder: Path, sql: str) -> tuple[float, ...]:
    row = _loaded[folder].execute(sql).fetchone()
    assert row is not None
    return tuple(float(value or 0) for value in row)


def _classes(folder: Path, layer: str, parcels: str = "parcels") -> Answer:
    n, area, rows = _one(
        folder,
        f"""WITH pieces AS (SELECT p.id, q.class, CASE WHEN ST_Covers(q.geometry, p.geometry) THEN ST_Area(p.geometry)
                   ELSE ST_Area(ST_Intersection(p.geometry, q.geometry)) END AS area
                   FROM {parcels} p JOIN {layer} q ON ST_Intersects(p.geometry, q.geometry)),
        sums AS (SELECT id, class, count(*) AS n, sum(area) AS area FROM pieces WHERE area > {LEAST} GROUP BY id, class)
        SELECT sum(n), sum(area), count(*) FROM sums""",
    )
    return Answer(int(n), area, int(rows))


def landuse(folder: Path) -> Answer:
    return _classes(folder, "landuse")


def zones(folder: Path) -> Answer:
    return _classes(folder, "zones")


def invalid(folder: Path) -> Answer:
    return _classes(folder, "landuse", f"(SELECT id, {VALID} AS geometry FROM invalid)")


def buildings(folder: Path) -> Answer:
    n, area, rows, second = _one(
        folder,
        f"""WITH pieces AS (SELECT p.id, q.floors, CASE WHEN ST_Covers(p.geometry, q.geometry) THEN ST_Area(q.geometry)
                   ELSE ST_Area(ST_Intersection(p.geometry, q.geometry)) END AS area
                   FROM parcels p JOIN buildings q ON ST_Intersects(p.geometry, q.geometry)),
        sums AS (SELECT id, count(*) AS n, sum(area) AS area, sum(area * floors) AS second
                 FROM pieces WHERE area > {LEAST} GROUP BY id)
        SELECT sum(n), sum(area), count(*), sum(second) FROM sums""",
    )
    return Answer(int(n), area, int(rows), second)


def overlaps(folder: Path) -> Answer:
    n, area = _one(
        folder,
        f"""WITH areas AS (SELECT ST_Area(ST_Intersection(p.geometry, q.geometry)) AS area
                   FROM overlapping p JOIN overlapping q ON p.geometry && q.geometry AND p.id < q.id
                   WHERE ST_Intersects(p.geometry, q.geometry) AND NOT ST_Touches(p.geometry, q.geometry))
        SELECT count(*), sum(area) FROM areas WHERE area > {LEAST}""",
    )
    return Answer(int(n), area, int(n))
