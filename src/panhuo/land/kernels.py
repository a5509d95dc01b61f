"""How compiled functions are compiled that other compiled functions call in their loops."""

from __future__ import annotations

from functools import partial
from typing import Any

from numba import njit

#: Like ``njit(cache=True, nogil=True)``, for functions that make no array. Numba would count a reference up and down,
#: with the processor's bus locked, for every array that such a function is given; in a loop over ten million edges that
#: costs more than the work itself. An array that a function of this kind makes would never be freed, so Numba refuses
#: to compile one.
inner: Any = partial(njit, cache=True, nogil=True, _nrt=False)
