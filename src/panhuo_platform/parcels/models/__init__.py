"""Tables of the register."""

from __future__ import annotations

from panhuo_platform.parcels.models.comparison import Comparison
from panhuo_platform.parcels.models.lists import IssueItem, LegacyParcel, LegacySeal
from panhuo_platform.parcels.models.register import Change, Lineage, NumberCounter, Parcel, ParcelVersion, UpperEntry
from panhuo_platform.parcels.models.snapshots import Snapshot, SnapshotPart

__all__ = [
    "Change",
    "Comparison",
    "IssueItem",
    "LegacyParcel",
    "LegacySeal",
    "Lineage",
    "NumberCounter",
    "Parcel",
    "ParcelVersion",
    "Snapshot",
    "SnapshotPart",
    "UpperEntry",
]
