"""The policy pack of a simulated city: the demonstration pack, with a least area that fits its small lots."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

PACK = "simulated"
#: Least area of a lot in m²: the demonstration pack's one 亩 leaves out nearly every town lot of some countries.
LEAST_AREA = 100
_CLAUSE = "模拟一"
_NOTE = "# 仅用于模拟：放宽 demo 包的面积下限。For the simulation only: eases the least area of the pack demo.\n"


def write_pack(folder: Path, on: date) -> Path:
    """Write the pack into ``folder``/simulated; returns its folder."""
    files: dict[str, dict[str, Any]] = {
        "pack.yaml": {
            "id": PACK,
            "title": {"zh": "模拟调查的政策包", "en": "Pack of the simulated survey"},
            "level": "county",
            "places": ["990112"],
            "extends": ["demo"],
            "from": date(on.year - 1, 1, 1),
            "documents": [
                {
                    "id": PACK,
                    "number": "模拟第1号",
                    "title": {
                        "zh": "真实图形、模拟属性调查的认定口径",
                        "en": "Standard for real shapes with simulated attributes",
                    },
                    "issuer": "模拟",
                    "level": "county",
                    "date": date(on.year - 1, 1, 1),
                    "basis": ["demo"],
                }
            ],
        },
        "clauses.yaml": {
            "document": PACK,
            "clauses": [
                {
                    "id": _CLAUSE,
                    "title": "面积下限",
                    "summary": {
                        "zh": "仅用于模拟：真实图形多为小宗地，面积下限由一亩放宽",
                        "en": "For the simulation only: the real lots are small, so the least area of one mu is eased",
                    },
                }
            ],
        },
        "standard.yaml": {
            "preconditions": [
                {
                    "id": "least_area",
                    "clause": _CLAUSE,
                    "text": {
                        "zh": f"面积不小于{LEAST_AREA}平方米（仅用于模拟）",
                        "en": f"At least {LEAST_AREA} m² (for the simulation only)",
                    },
                    "ge": LEAST_AREA,
                }
            ],
        },
    }
    target = folder / PACK
    target.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        body = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)
        (target / name).write_text(_NOTE + body, "utf-8")
    return target
