"""The register of the demo district in tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from parcels_ground import delivered


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
