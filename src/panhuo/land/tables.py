"""The small tables that ship with the package (``land/data/*.csv``)."""

from __future__ import annotations

import csv
from importlib import resources


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of a packaged CSV file as texts; an empty cell is ``""``."""
    text = resources.files("panhuo.land").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
