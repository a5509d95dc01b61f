"""The public map shift, recognised."""

from __future__ import annotations

import numpy as np
import pytest

from panhuo.land.gcj import from_gcj02, gcj02_suspicion, to_gcj02
from panhuo.messages import PanhuoError


def corners(count: int = 4000, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack([117.3 + rng.uniform(-0.05, 0.05, count), 36.6 + rng.uniform(-0.05, 0.05, count)])


def test_the_published_shift() -> None:
    assert to_gcj02([[116.404, 39.915]])[0] == pytest.approx([116.41024449916938, 39.91640428150164], abs=1e-9)
    points = corners()
    assert np.abs(from_gcj02(to_gcj02(points)) - points).max() < 1e-11


def test_a_shifted_layer_is_suspected_and_a_true_one_is_not() -> None:
    points = corners()
    shifted = gcj02_suspicion(to_gcj02(points), points[::2])
    assert shifted.suspected
    assert shifted.which == "points"
    assert 400 < shifted.shift_m < 700
    assert "GCJ-02" in shifted.text.zh

    other = gcj02_suspicion(points, to_gcj02(points))
    assert (other.suspected, other.which) == (True, "reference")
    assert not gcj02_suspicion(points, points).suspected


def test_another_shift_of_the_same_length_is_another_matter() -> None:
    points = corners()
    assert not gcj02_suspicion(points + np.array([0.0, -0.0049]), points).suspected


def test_strangers_are_not_suspected() -> None:
    assert not gcj02_suspicion(corners(seed=1), corners(seed=2)).suspected
    assert not gcj02_suspicion(np.empty((0, 2)), corners()).suspected
    assert not gcj02_suspicion(np.full((3, 2), np.nan), corners()).suspected
    with pytest.raises(PanhuoError, match=r"\(n, 2\)"):
        gcj02_suspicion(np.zeros(4), corners())
