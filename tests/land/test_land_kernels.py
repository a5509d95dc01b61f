"""Functions for the loops of kernels are compiled without the counting of references."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numba.core.errors import NumbaError

from panhuo.land.kernels import inner


def first_above(values, row, limit):  # type: ignore[no-untyped-def]
    line = values[row]
    for k in range(len(line)):
        if line[k] > limit:
            return k
    return -1


def with_array(n):  # type: ignore[no-untyped-def]
    return np.zeros(n)[0]


def test_an_inner_function_counts_no_references_and_answers_the_same() -> None:
    values = np.random.default_rng(1).random((50, 4))
    quick = inner(cache=False)(first_above)
    for row in range(50):
        assert quick(values, row, 0.8) == first_above(values, row, 0.8)
    assert not any("NRT_" in line for text in quick.inspect_asm().values() for line in text.splitlines())


def test_an_inner_function_that_makes_an_array_is_refused() -> None:
    assert njit(with_array)(3) == 0.0
    with pytest.raises(NumbaError):
        inner(cache=False)(with_array)(3)
