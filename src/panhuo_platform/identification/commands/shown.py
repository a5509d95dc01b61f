"""Keeping what was shown when somebody decided."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from panhuo_platform.identification.models import Shown, Verdict
from panhuo_platform.identification.queries.card import card
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.models import Parcel


def keep(content: dict[str, Any]) -> Shown:
    """Keep a card or a list by the SHA-256 of its canonical JSON; the same content is kept once."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    row, _made = Shown.objects.get_or_create(
        sha256=hashlib.sha256(text.encode()).hexdigest(), defaults={"content": json.loads(text)}
    )
    return row


def what_was_shown(actor: User, parcels: list[Parcel], verdicts: dict[int, Verdict]) -> Shown:
    """One parcel: its whole card. Several: the list with their verdicts, as a list shows them."""
    if len(parcels) == 1:
        return keep({"card": card(actor, parcels[0])})
    rows = []
    for parcel in parcels:
        found = verdicts.get(parcel.pk)
        rows.append(
            {"number": parcel.number, "code": parcel.code, "name": parcel.name, "area_m2": parcel.area_m2,
             "stage": parcel.stage, "outcome": parcel.outcome, "main_class": parcel.main_class,
             "verdict": found.pk if found else None, "reasons": found.reasons if found else [],
             "missing": found.missing if found else []}
        )  # fmt: skip
    return keep({"list": rows})
