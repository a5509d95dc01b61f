"""What this process made lately and may hand out again: tiles, and figures of the whole register."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, TypeVar
from uuid import uuid4

from django.core.cache import caches

from panhuo_platform.audit import queries as audit
from panhuo_platform.parcels import queries as parcels

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The newest values, ``most`` of them by weight; forgotten when they were not asked for or got old. For threads."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[float, int, Value]] = OrderedDict()
        self._weight = 0

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            known = self._values.get(key)
            if known is None:
                return None
            if time.monotonic() - known[0] > self._seconds:
                self._drop(key)
                return None
            self._values.move_to_end(key)
            return known[2]

    def put(self, key: Hashable, value: Value, weight: int = 1) -> None:
        with self._lock:
            if key in self._values:
                self._drop(key)
            if weight > self._most:
                return
            self._values[key] = (time.monotonic(), weight, value)
            self._weight += weight
            while self._weight > self._most:
                self._drop(next(iter(self._values)))

    def _drop(self, key: Hashable) -> None:
        self._weight -= self._values.pop(key)[1]


def stamp() -> tuple[Any, ...]:
    """Differs whenever the register may have been written in between, for everybody and in every process.

    Every command leaves its event in the audit, in the same transaction; a change of shapes has its own number too. The
    first part is this process's: it changes when its memory is emptied.
    """
    generation = caches["process"].get_or_set("maps.generation", lambda: uuid4().hex, None)
    return generation, parcels.latest_change(), audit.latest_write()
