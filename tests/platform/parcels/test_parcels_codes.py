"""Beginnings of codes: asked for as a range, which an index answers, and exactly what begins so on every store."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from panhuo_platform.parcels.models import Parcel

digits = st.text("0189", max_size=6)
#: As codes ought to be, and as somebody delivers them.
codes = st.one_of(digits, st.text("019GBx-. :／镇", max_size=8))


class Beginnings(TestCase):
    @settings(max_examples=150, deadline=None)
    @given(st.lists(codes, max_size=12), st.one_of(digits, codes))
    def test_what_begins_so_is_found_and_nothing_else(self, held: list[str], first: str) -> None:
        Parcel.objects.bulk_create(
            Parcel(number=f"X{k}", township_code="0", credit_code=code, area_m2=1.0, status="ended")
            for k, code in enumerate(held)
        )
        found = Parcel.objects.filter(credit_code__startswith=first).values_list("credit_code", flat=True)
        assert sorted(found) == sorted(c for c in held if c.startswith(first))


@pytest.mark.parametrize("first", ["990112005", "990112009", "99"])
def test_the_index_is_asked(db: Any, first: str) -> None:
    """As long as a beginning has an end: of nothing but nines there is none in digits."""
    told = str(Parcel.objects.filter(township_code__startswith=first).query)
    assert (">= " in told and "< " in told) == (connection.vendor == "sqlite" or first.strip("9") != "")
