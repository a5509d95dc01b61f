"""A district's delivery on the platform, at size: received, checked, compared, accepted, judged; is all of it there?

    python bench/delivered.py FOLDER [--no-run]

FOLDER holds a survey.yaml and what it names (``panhuo demo FOLDER --parcels N`` makes one). PANHUO_HOME says where the
platform is set up and stays (a temporary folder without it); DATABASE_URL names a PostgreSQL instead of SQLite. Prints
wall time and peak memory of each step, and ends with 1 where the register does not hold a row as it was delivered.
The accounts are the demo's; their password is ``Panhuo-bench-1``.
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

import polars as pl
import pyarrow as pa

os.environ.setdefault("PANHUO_HOME", tempfile.mkdtemp(prefix="panhuo-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "panhuo_platform.config.settings")
PASSWORD = "Panhuo-bench-1"


@contextmanager
def step(name: str) -> Iterator[None]:
    began, used = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, busy = time.perf_counter() - began, time.process_time() - used
    print(f"{name:<28} {wall:8.2f} s   CPU {busy:8.2f} s   peak {peak:7.0f} MB", flush=True)


def main() -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from panhuo.packs import load_pack
    from panhuo_platform.deliveries import commands as deliveries
    from panhuo_platform.deliveries.models import Finding
    from panhuo_platform.demo.people import settle
    from panhuo_platform.demo.story import Story
    from panhuo_platform.identification.models import Run
    from panhuo_platform.jobs.worker import run_waiting
    from panhuo_platform.organisations.commands import adopt
    from panhuo_platform.parcels import commands as parcels
    from panhuo_platform.parcels.commands.accepting import parcels_of
    from panhuo_platform.parcels.models import Parcel

    today = date(2026, 11, 21)
    call_command("migrate", verbosity=0, interactive=False)
    print(f"— {connection.vendor}, {os.environ['PANHUO_HOME']}")
    adopt(load_pack("demo", on=today))
    settle(PASSWORD, date(2025, 1, 1))
    story = Story(Path(sys.argv[1]), today, lambda text: None)
    office = story.user("ziran")
    with step("receive"):
        files = story.folder / "交付"
        row = deliveries.take_in(office, files, sender=story.unit("ziran"), title=story.config.title)
    with step("read every file"):
        run_waiting()
    story.describe(office, row)
    for layer in row.layers.filter(role="parcels"):
        taken = {said["column"] for said in layer.suggested.values()} | set(layer.field_map.values())
        print(f"  {layer}: {layer.rows} rows; columns that no field took: {sorted(set(layer.columns) - taken)}")
    with step("check"):
        deliveries.check(office, row)
        run_waiting()
    row.refresh_from_db()
    print(f"  {row.get_state_display()}, {Finding.objects.filter(delivery=row).count()} findings kept")
    with step("compare"):
        compared = parcels.compare_delivery(office, row)
    print(" ", {kind: count for kind, (count, _area) in compared.counts.items()})
    with step("accept"):
        parcels.accept(office, row, day=today)
    rows, shapes = parcels_of(row)
    back = compared.counts.get("conflict", [0])[0]
    lost = _lost(rows, shapes) - back
    print(f"  {rows.height} rows: {back} handed back, {Parcel.objects.count()} in the register, {lost} lost or changed")
    if "--no-run" not in sys.argv:
        story.standard()
        with step("judge every parcel"):
            story.judge()
        print(" ", {run.pk: run.state for run in Run.objects.all()})
    return 1 if lost else 0


def _lost(rows: pl.DataFrame, shapes: pa.LargeBinaryArray) -> int:
    """Rows that the register does not hold with the same code, holder, declared area and shape to the last digit."""
    from panhuo.land.polygons import Polygons
    from panhuo_platform.parcels import queries
    from panhuo_platform.parcels.attributes import standard

    def alike(frame: pl.DataFrame, wkb: pa.LargeBinaryArray) -> pl.DataFrame:
        # one way to write a shape: the store keeps every polygon as one of many
        shape = pl.Series("shape", Polygons.from_wkb(wkb).to_wkb())
        told = standard(frame).select("parcel_code", "holder_name", "declared_area_m2")
        return told.with_columns(pl.col(pl.String).fill_null(""), pl.col(pl.Float64).fill_null(0.0), shape)

    held = pl.concat(alike(*piece) for piece in queries.frames())
    return alike(rows, shapes).join(held, on=held.columns, how="anti").height


if __name__ == "__main__":
    raise SystemExit(main())
