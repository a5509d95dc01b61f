"""Summary tables: every column adds up, whatever the areas are."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panhuo.messages import Text
from panhuo.survey.tables import OUTCOMES, crossed, identified_by, reconcile

PARCELS = st.lists(
    st.tuples(
        st.sampled_from(list(OUTCOMES)),
        st.floats(0.01, 5e6, allow_nan=False),
        st.sampled_from(["东湖街道", "西山镇", None]),
    ),
    min_size=1,
    max_size=60,
)


def frame(rows: list[tuple[str, float, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"outcome": pl.String, "area_m2": pl.Float64, "township": pl.String}, orient="row")


@given(PARCELS)
def test_rows_columns_and_total_of_a_crossed_table_agree(rows: list[tuple[str, float, str | None]]) -> None:
    table = crossed(frame(rows), "township", Text("乡镇", "township"), "zh")

    for row in table.rows:
        assert row[1] == sum(row[3::2])
        assert Decimal(repr(row[2])) == sum((Decimal(repr(v)) for v in row[4::2]), Decimal(0))
    assert table.total is not None
    for column in range(1, len(table.columns)):
        assert Decimal(repr(table.total[column])) == sum((Decimal(repr(r[column])) for r in table.rows), Decimal(0))
    assert table.total[1] == len(rows)


@given(PARCELS)
def test_a_reconciliation_adds_up_in_every_unit(rows: list[tuple[str, float, str | None]]) -> None:
    parcels = frame(rows)

    balance = reconcile(parcels, len(rows), float(parcels["area_m2"].sum()))

    assert balance.holds
    *parts, total = balance.rows()
    for column in range(1, 5):
        assert sum((Decimal(str(p[column])) for p in parts), Decimal(0)) == Decimal(str(total[column]))


@pytest.mark.parametrize("lost", [{"delivered": 4}, {"delivered": 3, "more": 1.0}])
def test_a_lost_parcel_or_a_lost_area_is_seen(lost: dict[str, float]) -> None:
    parcels = frame([("identified", 10.0, None), ("not", 20.0, None), ("unknown", 30.0, None)])

    balance = reconcile(parcels, int(lost["delivered"]), 60.0 + lost.get("more", 0.0))

    assert not balance.holds


def test_shares_of_the_identified_land_add_up_to_a_hundred() -> None:
    parcels = frame(
        [("identified", 1.0, "甲"), ("identified", 1.0, "乙"), ("identified", 1.0, None), ("not", 9.0, "甲")]
    )

    table = identified_by(parcels, "township", Text("乡镇", "township"), "zh")

    assert [row[0] for row in table.rows] == ["甲", "乙", "（未填）"] or len(table.rows) == 3
    assert table.total is not None
    assert table.total[-1] == 100.0
    assert table.total[1] == 3
