"""What one reader gives back: the layers it found, and the findings met on the way."""

from __future__ import annotations

from typing import NamedTuple

from panhuo.exchange.delivery import Layer
from panhuo.messages import Finding


class ReadResult(NamedTuple):
    """The layers of one file and what was found while reading it.

    Every reader has the shape ``read(data: bytes, source: str) -> ReadResult`` and never raises for bad content: what
    it cannot read becomes a finding that says where. ``source`` is the path relative to the delivery.
    """

    layers: tuple[Layer, ...]
    findings: list[Finding]
