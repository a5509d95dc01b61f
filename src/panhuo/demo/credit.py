"""Unified social credit codes for parties that do not exist (GB 32100-2015, organisation code GB 11714-1997)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from panhuo.demo.layout import DIVISION

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
_BODY_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])


def credit_codes(number: NDArray[np.int64], kind: str) -> NDArray[np.str_]:
    """Valid 18-character codes for running numbers; ``kind`` is the first two characters (91 firm, 12 public body, N2 village).

    The division in the code is the fictitious 990112, so no code can belong to a real party.
    """
    n = len(number)
    letters = np.array(list(_ALPHABET))
    digits = np.zeros((n, 17), np.int64)
    digits[:, :8] = [_ALPHABET.index(c) for c in kind + DIVISION]
    body = "MA" if kind == "91" else "00"
    digits[:, 8:10] = [_ALPHABET.index(c) for c in body]
    rest = (np.asarray(number, np.int64) * 7_368_787 + 1_000_003) % 31**6
    for place in range(15, 9, -1):
        digits[:, place] = rest % 31
        rest //= 31
    # Organisation code: letters count from 10 in the full alphabet there, unlike in the credit code's own.
    full = np.array([int(c) if c.isdigit() else ord(c) - 55 for c in _ALPHABET])
    check = (11 - full[digits[:, 8:16]] @ _BODY_WEIGHTS % 11) % 11
    digits[:, 16] = np.where(check == 10, _ALPHABET.index("X"), check)
    last = (31 - digits @ _WEIGHTS % 31) % 31
    chars = letters[np.column_stack([digits, last])]
    return chars.view(f"<U{18}").ravel() if chars.dtype == np.dtype("<U1") else chars
