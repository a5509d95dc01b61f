"""The figures of dashboards are those of the lists behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from django.core.cache import caches
from parcels_ground import OTHER_TOWN, TOWN, code, parcel, square

from panhuo_platform.parcels.commands.outcomes import set_outcomes
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.parcels.tallies import tallies


def test_figures_add_up_to_what_the_user_sees(district: Any, put: Callable[..., pl.DataFrame]) -> None:
    office = district.user("bureau", "office", "ziran")
    town = district.user("town", "township", "guyang")
    put(
        parcel(1), parcel(2, square(2)), parcel(3, square(4), parcel_code=code(3, OTHER_TOWN), township_code=OTHER_TOWN)
    )
    numbers = Parcel.objects.order_by("number").values_list("number", flat=True)[:2]
    set_outcomes(
        pl.DataFrame({"number": list(numbers), "outcome": ["identified", "unknown"], "main_class": ["A", ""],
                      "classes": [["A"], []]}, schema_overrides={"classes": pl.List(pl.String)})
    )  # fmt: skip
    caches["process"].clear()
    for user in (office, town):
        seen = Parcel.objects.visible_to(user).alive()
        figures = tallies(user)
        assert figures["parcels"].sum() == seen.count()
        assert figures["area_m2"].sum() == sum(p.area_m2 for p in seen)
        by = dict(figures.group_by("outcome").agg(pl.col("parcels").sum()).rows())
        for outcome, number in by.items():
            assert number == seen.filter(outcome=outcome).count()
    assert set(tallies(town)["township_code"]) <= {TOWN}
    assert tallies(office).height > tallies(town).height
