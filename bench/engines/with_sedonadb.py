"""SedonaDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import sedonadb

from engines import LEAST, Answer, file

VALID = "CASE WHEN ST_IsValid(p.geometry) THEN p.geometry ELSE ST_MakeValid(p.geometry) END"


def _session(folder: Path, **names: str) -> Any:
    session = sedonadb.connect()
    for view, name in names.items():
        session.read_parquet(file(folder, name)).to_view(view, overwrite=True)
    return session


def _one(session: Any, sql: str) -> list[float]:
    table = pa.table(session.sql(sql))  # not to_arrow_table(), which wants one package more
    return [column[0].as_py() for column in table.columns]


def _classes(folder: Path, layer: str, parcels: str = "parcels", geometry: str = "p.geometry") -> Answer:
    session = _session(folder, p=parcels, q=layer)
    n, area, rows = _one(
        session,
        f"""WITH r AS (SELECT p.id, {geometry} AS g FROM p),
        pieces AS (SELECT r.id, q.class, CASE WHEN ST_Covers(q.geometry, r.g) THEN ST_Area(r.g)
                   ELSE ST_Area(ST_Intersection(r.g, q.geometry)) END AS area
                   FROM r JOIN q ON ST_Intersects(r.g, q.geometry)),
        sums AS (SELECT id, class, count(*) AS n, sum(area) AS area FROM pieces WHERE area > {LEAST} GROUP BY id, class)
        SELECT sum(n), sum(area), count(*) FROM sums""",
    )
    return Answer(int(n), float(area), int(rows))


def landuse(folder: Path) -> Answer:
    return _classes(folder, "landuse")


def zones(folder: Path) -> Answer:
    return _classes(folder, "zones")


def invalid(folder: Path) -> Answer:
    return _classes(folder, "landuse", "invalid", VALID)


def buildings(folder: Path) -> Answer:
    session = _session(folder, p="parcels", q="buildings")
    n, area, rows, second = _one(
        session,
        f"""WITH pieces AS (SELECT p.id, q.floors, CASE WHEN ST_Covers(p.geometry, q.geometry) THEN ST_Area(q.geometry)
                   ELSE ST_Area(ST_Intersection(p.geometry, q.geometry)) END AS area
                   FROM p JOIN q ON ST_Intersects(p.geometry, q.geometry)),
        sums AS (SELECT id, count(*) AS n, sum(area) AS area, sum(area * floors) AS second
                 FROM pieces WHERE area > {LEAST} GROUP BY id)
        SELECT sum(n), sum(area), count(*), sum(second) FROM sums""",
    )
    return Answer(int(n), float(area), int(rows), float(second))


def overlaps(folder: Path) -> Answer:
    session = _session(folder, p="overlapping", q="overlapping")
    n, area = _one(
        session,
        f"""WITH pairs AS (SELECT p.geometry AS g, q.geometry AS h FROM p JOIN q
                   ON ST_Intersects(p.geometry, q.geometry) AND p.id < q.id AND NOT ST_Touches(p.geometry, q.geometry)),
        areas AS (SELECT ST_Area(ST_Intersection(g, h)) AS area FROM pairs)
        SELECT count(*), sum(area) FROM areas WHERE area > {LEAST}""",
    )
    return Answer(int(n), float(area or 0.0), int(n))
