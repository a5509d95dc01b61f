"""The catalogue of checks and the findings they give."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from panhuo.messages import join_findings
from panhuo.progress import Progress, silent
from panhuo.quality import attributes, codes, documents, shapes, totals
from panhuo.quality.catalogue import Check, Settings, catalogue
from panhuo.quality.subject import Subject

#: Every check that looks at one layer alone, in the order of the catalogue.
_SINGLE: tuple[tuple[str, Callable[[Subject, Settings], pl.DataFrame]], ...] = (
    ("D01", documents.empty_layer),
    ("A01", attributes.missing_fields),
    ("A01", attributes.wrong_types),
    ("A02", attributes.empty_values),
    ("A03", codes.code_values),
    ("A04", codes.code_structure),
    ("A04", codes.code_form),
    ("A05", attributes.duplicates),
    ("A06", attributes.declared_areas),
    ("A07", attributes.unreadable_values),
    ("A07", attributes.ranges),
    ("A08", codes.town_attributes),
    ("A09", codes.cultivated_only),
    ("C02", totals.subtotals),
)


def check_subject(
    subject: Subject, settings: Settings, *, faults: shapes.ShapeFaults | None = None, progress: Progress = silent
) -> pl.DataFrame:
    """All checks of one layer by itself. ``faults`` are its shape faults where they are known already."""
    parts = [check(subject, settings) for code, check in _SINGLE if code not in settings.skip]
    if subject.polygons is not None:
        known = faults if faults is not None else shapes.shape_faults(subject, settings, progress=progress)
        parts += [known.findings.filter(~pl.col("code").is_in(list(settings.skip)))]
        # the area of a shape that crosses itself says nothing about the declared one
        crossed = subject.row_numbers().filter(pl.Series(known.crossing)).implode()
        told = pl.col("code") == "A06"
        parts = [p.filter(~(told & pl.col("row").is_in(crossed).fill_null(False))) for p in parts]
        if subject.role.id in shapes.NO_OVERLAPS and "G03" not in settings.skip:
            parts.append(shapes.overlaps(subject, settings, progress=progress))
    return join_findings(parts)


__all__ = ["Check", "Settings", "Subject", "catalogue", "check_subject"]
