"""Credit codes for parties that do not exist: the land package's generator, with numbers scattered."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from panhuo.demo.layout import DIVISION
from panhuo.land.credit_codes import make_credit_codes


def credit_codes(number: NDArray[np.int64], kind: str) -> NDArray[Any]:
    """Valid codes for running numbers; ``kind`` is the first two characters (91 firm, 12 public body, N2 village
    body)."""
    scattered = (np.asarray(number, np.int64) * 7_368_787 + 1_000_003) % 31**6
    return np.asarray(make_credit_codes(scattered, region=DIVISION, kind=kind).to_numpy())
