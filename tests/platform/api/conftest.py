"""The register of two townships with its readers, and programs that ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from parcels_ground import OTHER_TOWN, code, delivered, parcel, square

Program = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_counts_between_tests(db: None) -> None:
    cache.clear()


@dataclass(frozen=True)
class People:
    """The street office of one township, that of the other, and the bureau."""

    street: Any
    other: Any
    bureau: Any


@pytest.fixture
def people(district: Any) -> People:
    from panhuo_platform.organisations.models import User

    made = People(
        district.user("jie", "township", "guyang"),
        district.user("lin", "township", "wanglan"),
        district.user("ju", "office", "ziran"),
    )
    User.objects.update(must_change_password=False)
    return People(*(User.objects.get(pk=p.pk) for p in (made.street, made.other, made.bureau)))


@pytest.fixture
def put(district: Any) -> Callable[..., pl.DataFrame]:
    """Puts rows into the register without further ado, as of a day."""
    from panhuo_platform.parcels.models import Change
    from panhuo_platform.parcels.writing import begin
    from panhuo_platform.parcels.writing import put as write

    def do(*rows: dict[str, Any], day: date = date(2025, 1, 1)) -> pl.DataFrame:
        frame, shapes = delivered(*rows)
        with transaction.atomic():
            return write(begin(Change.Kind.DELIVERED, None, day), frame, shapes)

    return do


@pytest.fixture
def town(put: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    """Three parcels in one township, one in another."""
    return put(
        parcel(1, parcel_name="纺织厂", holder_name="澄湖纺织有限公司", registered_use="0601", declared_area_m2=9000.0),
        parcel(2, shape=square(2, width=2), registered_use="0701", features=["厂房闲置", "设备停用"], willing=True),
        parcel(4, registration_date=date(2019, 5, 1), stated_plot_ratio=0.45),
        parcel(5, parcel_code=code(5, OTHER_TOWN), township_code=OTHER_TOWN, built_year=1994),
    )


@pytest.fixture
def token() -> Callable[..., str]:
    """The secret of a new token of somebody's."""
    from panhuo_platform.api.commands import create_token

    def make(user: Any, *scopes: str) -> str:
        return create_token(user, name="程序", scopes=scopes or ("read",), days=30)[1]

    return make


@pytest.fixture
def program(token: Callable[..., str]) -> Callable[..., Client]:
    """A program that shows a token of somebody's with every request."""

    def make(user: Any, *scopes: str) -> Client:
        return Client(headers={"Authorization": f"Bearer {token(user, *scopes)}"})

    return make
