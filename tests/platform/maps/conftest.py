"""A small register on the map: three squares in one township, one in another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from django.test import Client
from parcels_ground import OTHER_TOWN, code, delivered, parcel


@pytest.fixture
def put(district: Any) -> Callable[..., pl.DataFrame]:
    """Puts rows into the register without further ado, as of a day."""
    from panhuo_platform.parcels.models import Change
    from panhuo_platform.parcels.writing import begin
    from panhuo_platform.parcels.writing import put as write

    def do(*rows: dict[str, Any], day: date = date(2025, 1, 1)) -> pl.DataFrame:
        frame, shapes = delivered(*rows)
        return write(begin(Change.Kind.DELIVERED, None, day), frame, shapes)

    return do


@pytest.fixture
def town(put: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    from panhuo_platform.parcels.commands import set_outcomes

    made = put(
        parcel(1, parcel_name="纺织厂", holder_name="澄湖纺织有限公司"),
        parcel(2),
        parcel(3),
        parcel(4, parcel_code=code(4, OTHER_TOWN), township_code=OTHER_TOWN),
    )
    numbers = made["number"].to_list()
    set_outcomes(
        pl.DataFrame(
            {
                "number": numbers[:3],
                "outcome": ["identified", "unknown", "not"],
                "main_class": ["IND-Y", None, None],
                "classes": [["IND-Y"], [], []],
            }
        )
    )
    return made


@pytest.fixture
def signed_in(district: Any) -> Callable[[str], Client]:
    """A client of the street office ``jie`` (one township) or of the bureau ``ju`` (everything)."""
    from panhuo_platform.organisations.models import User

    def client(name: str) -> Client:
        role, unit = {"jie": ("township", "guyang"), "ju": ("office", "ziran")}[name]
        district.user(name, role, unit)
        User.objects.filter(username=name).update(must_change_password=False)
        made = Client()
        made.force_login(User.objects.get(username=name))
        return made

    return client
