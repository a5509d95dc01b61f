"""The register at size: compare and enter a delivered district, list, filter, compare again, take it back.

    python bench/register.py FOLDER

FOLDER is a district that ``panhuo demo FOLDER --parcels N`` has made. Runs on a fresh SQLite, or on the PostgreSQL that
DATABASE_URL names (``python tests/on_postgis.py python bench/register.py FOLDER``). Prints wall time and peak memory
of each step.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

HOME = tempfile.mkdtemp(prefix="panhuo-bench-")
os.environ.setdefault("PANHUO_HOME", HOME)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "panhuo_platform.config.settings")


@contextmanager
def step(name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<44} {time.perf_counter() - began:8.2f} s   peak {peak:7.0f} MB", flush=True)


def delivered(folder: Path) -> tuple[pl.DataFrame, Any]:
    """The district's parcels as the register takes them: standard fields, WKB in EPSG:4490."""
    from panhuo import exchange
    from panhuo.land import map_fields, normalise, role
    from panhuo.land.polygons import Polygons
    from panhuo.land.projection import to_geographic

    layer = max(exchange.open_delivery(folder / "交付" / "01权籍"), key=lambda x: x.count)
    fields = map_fields("parcels", layer.fields)
    frame = layer.frame()
    kinds = {field.name: field.kind for field in role("parcels").fields}
    columns = [normalise(frame[column], kinds[name]).values.alias(name) for name, column in fields.columns.items()]
    rows = pl.DataFrame(columns).with_row_index("row", 1)
    polygons = Polygons.from_wkb(layer.geometry)
    assert layer.crs is not None
    return rows, polygons.with_coords(to_geographic(polygons.coords, layer.crs)).to_wkb()


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from panhuo_platform.parcels import checksums, commands, queries
    from panhuo_platform.parcels.comparing import compare
    from panhuo_platform.parcels.filters import ParcelFilter
    from panhuo_platform.parcels.models import Parcel, ParcelVersion
    from panhuo_platform.parcels.placing import with_townships

    folder = Path(sys.argv[1])
    call_command("migrate", verbosity=0)
    print(f"— {connection.vendor}")
    with step("read the delivery"):
        rows, shapes = delivered(folder)
        rows = with_townships(rows, shapes)
    print(f"  {rows.height} rows")
    with step("compare with an empty register"):
        compared = compare(rows, shapes)
    print(" ", dict(compared.group_by("kind").len().sort("kind").iter_rows()))
    with step("enter"):
        change = commands.enter(None, rows, shapes, compared, day=date(2025, 1, 1))
    print(" ", change.counts)
    with step("outcomes of all"):
        numbers = pl.DataFrame({"number": list(Parcel.objects.values_list("number", flat=True))})
        third = pl.int_range(pl.len()) % 3
        commands.set_outcomes(
            numbers.with_columns(
                pl.when(third == 0).then(pl.lit("identified")).otherwise(pl.lit("not")).alias("outcome"),
                pl.when(third == 0).then(pl.lit("A")).alias("main_class"),
                pl.when(third == 0).then(pl.lit('["A"]')).otherwise(pl.lit("[]")).alias("classes"),
            )
        )
    if connection.vendor == "postgresql":
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    else:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    town = Parcel.objects.order_by("-number").values_list("township_code", flat=True)[0]
    some = Parcel.objects.order_by("number")[1000]
    geometry = ParcelVersion.objects.get(pk=some.current_id).geometry
    assert geometry is not None
    x, y = geometry.centroid
    for name, chosen in (
        ("everything", ParcelFilter()),
        ("a township", ParcelFilter(township=town)),
        ("identified", ParcelFilter(outcome="identified")),
        ("identified in a township", ParcelFilter(outcome="identified", township=town)),
        ("by the beginning of a code", ParcelFilter(q=some.code[:12])),
        ("by a part of a name", ParcelFilter(q=some.name[:4])),
        ("area of 2 to 3 hectares", ParcelFilter(area_from=20_000.0, area_to=30_000.0)),
        ("in a box of about 2 km", ParcelFilter(box=(x - 0.01, y - 0.01, x + 0.01, y + 0.01))),
        ("on a day", ParcelFilter(day=date(2025, 6, 1), township=town)),
    ):
        with step(f"list: {name}"):
            found = chosen.parcels(Parcel.objects.all())
            page = list(found.order_by("township_code", "number")[:50])
            count, whole = queries.counted(found)
        print(f"  {len(page)} of {count}{'' if whole else '+'}")
    with step("frame of everything, piece by piece"):
        total = sum(frame.height for frame, _wkb in queries.frames())
    print(f"  {total}")
    with step("checksum of everything"):
        first = checksums.of_register(date(2025, 6, 1))
    print(f"  {first[0][:16]} {first[1]} parcels, {first[2] / 10_000:.1f} ha")
    with step("compare with itself"):
        again = compare(rows, shapes)
    print(" ", dict(again.group_by("kind").len().sort("kind").iter_rows()))
    changed = rows.with_columns(
        pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("新权利人")).otherwise("holder_name").alias("holder_name")
    )
    with step("compare, one in ten changed"):
        again = compare(changed, shapes)
    print(" ", dict(again.group_by("kind").len().sort("kind").iter_rows()))
    with step("enter one in ten changed"):
        second = commands.enter(None, changed, shapes, again, day=date(2026, 1, 1))
    print(" ", second.counts)
    with step("undo it"):
        commands.undo(None, second, reason="bench")
    with step("checksum of everything"):
        same = checksums.of_register(date(2026, 6, 1))
    print(f"  {'the same' if same == first else 'ANOTHER: ' + same[0][:16]}")
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        else:
            cursor.execute("SELECT pg_database_size(current_database())")
        print(f"  the store holds {cursor.fetchone()[0] / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
