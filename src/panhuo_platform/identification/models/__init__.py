"""Tables of identification."""

from __future__ import annotations

from panhuo_platform.identification.models.records import (
    Confirmation,
    Due,
    Objection,
    Override,
    PendingStep,
    RecordStep,
    Shown,
)
from panhuo_platform.identification.models.runs import Run, Verdict
from panhuo_platform.identification.models.standards import StandardVersion, Trial
from panhuo_platform.identification.models.submissions import Submission, SubmissionItem

__all__ = [
    "Confirmation",
    "Due",
    "Objection",
    "Override",
    "PendingStep",
    "RecordStep",
    "Run",
    "Shown",
    "StandardVersion",
    "Submission",
    "SubmissionItem",
    "Trial",
    "Verdict",
]
