"""The chain: each event's hash covers what it says and the hash before it. Pure functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from panhuo.messages import PanhuoError

#: The hash before the first event.
BEGINNING = "0" * 64


class Event(Protocol):
    """What a hash covers."""

    number: int
    at: datetime
    actor_id: int | None
    account: str
    address: str | None
    action: str
    subject: str
    subject_id: str
    told: str
    detail: Any
    algorithm: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold, and how: ``changed``, ``gap``, ``cut`` or ``moved``."""

    number: int
    kind: str


def hash_of(event: Event) -> str:
    """The hash of an event in hexadecimal, by the algorithm that it names (SHA-256 or, where OpenSSL has it, SM3)."""
    covered = {
        "number": event.number,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor_id,
        "account": event.account,
        "address": event.address,
        "action": event.action,
        "subject": event.subject,
        "subject_id": event.subject_id,
        "told": event.told,
        "detail": event.detail,
        "algorithm": event.algorithm,
        "previous": event.previous,
    }
    text = json.dumps(covered, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        digest = hashlib.new(event.algorithm)
    except ValueError as error:
        raise PanhuoError(
            f"本机的 OpenSSL 没有散列算法 {event.algorithm}，无法核对。",
            f"The OpenSSL of this machine has no {event.algorithm}; the chain cannot be checked.",
        ) from error
    digest.update(text.encode())
    return digest.hexdigest()


def breaks(events: Iterable[Event], last_number: int, last_hash: str) -> Iterator[Break]:
    """Where the events, in their order, are not the chain that ends with ``last_number`` and ``last_hash``."""
    number, previous = 0, BEGINNING
    for event in events:
        if event.number != number + 1:
            yield Break(number + 1, "gap")
        elif event.previous != previous:
            yield Break(event.number, "moved")
        if hash_of(event) != event.hash:
            yield Break(event.number, "changed")
        number, previous = event.number, event.hash
    if (number, previous) != (last_number, last_hash or BEGINNING):
        yield Break(number + 1 if number < last_number else number, "cut")
