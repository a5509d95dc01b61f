"""Checks between layers: family C, and the checks of family G that lay parcels over other layers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.messages import Text, findings_table, format_number, join_findings
from panhuo.quality.catalogue import Settings, state
from panhuo.quality.subject import Subject

#: Which field of which role names a row of which other role.
REFERENCES: tuple[tuple[str, str, str, str], ...] = (
    ("registration", "parcel_code", "parcels", "parcel_code"),
    ("enterprises", "parcel_code", "parcels", "parcel_code"),
    ("exit_list", "parcel_code", "parcels", "parcel_code"),
    ("disputes", "parcel_code", "parcels", "parcel_code"),
    ("obstacles", "parcel_code", "parcels", "parcel_code"),
    ("idle_land", "parcel_code", "parcels", "parcel_code"),
    ("economy", "credit_code", "enterprises", "credit_code"),
    ("yield_classes", "credit_code", "enterprises", "credit_code"),
    ("safety", "credit_code", "enterprises", "credit_code"),
    ("environment", "credit_code", "enterprises", "credit_code"),
)


def references(
    subject: Subject, settings: Settings, known: Mapping[tuple[str, str], pl.Series], titles: Mapping[str, Text]
) -> pl.DataFrame:
    """C01: codes that name nothing.

    known : (role, field) -> every value that was delivered there; a role that was not delivered is no key
    titles : role -> its name
    """
    parts = []
    for role, field, other, other_field in REFERENCES:
        values = known.get((other, other_field))
        if role != subject.role.id or field not in subject.frame.columns or values is None:
            continue
        own = (
            subject.frame.select(value=pl.col(field).cast(pl.String).str.strip_chars())
            .with_row_index("index")
            .filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
        )
        bad = own.join(values.to_frame("value"), on="value", how="anti", maintain_order="left")
        if not bad.height:
            continue
        rows = bad.with_columns(
            pl.col("index").cast(pl.Int64),
            field=pl.lit(field), other=pl.lit(titles[other].zh), other_en=pl.lit(titles[other].en),
        )  # fmt: skip
        parts.append(state("C01", subject, rows))
    return pl.concat(parts) if parts else findings_table()


def low_share(
    code: str, subject: Subject, rows: NDArray[np.int64], shares: NDArray[np.float64], least: float, base: str
) -> pl.DataFrame:
    """G09 and G10: parcels of which less than ``least`` is covered, or construction land; ``rows`` are their rows."""
    bad = np.flatnonzero(shares < least)
    frame = pl.DataFrame(
        {
            "index": rows[bad],
            "value": [f"{v:.1%}" for v in shares[bad]],
        },
        schema={"index": pl.Int64, "value": pl.String},
    ).with_columns(base=pl.lit(base))
    return state(code, subject, frame)


def pressed_area(
    subject: Subject, settings: Settings, rows: NDArray[np.int64], areas: NDArray[np.float64], what: Text
) -> pl.DataFrame:
    """G11: parcels that lie on land where they may not: ``areas`` in m² a row of ``rows``."""
    bad = np.flatnonzero(areas > settings.get("G11", "tolerance_m2"))
    frame = pl.DataFrame(
        {
            "index": rows[bad],
            "value": [format_number(v, 2) for v in areas[bad]],
        },
        schema={"index": pl.Int64, "value": pl.String},
    ).with_columns(what=pl.lit(what.zh), what_en=pl.lit(what.en))
    return state("G11", subject, frame)


def outside_urban(
    subject: Subject, settings: Settings, rows: NDArray[np.int64], inside: NDArray[np.float64]
) -> pl.DataFrame:
    """G11: parcels across the urban development boundary, each by itself, and those wholly beyond it in one finding.

    Villages lie beyond it by their nature; that is worth knowing and no mistake of each of them. ``inside``: share
    inside.
    """
    outside = 1.0 - inside
    least = settings.get("G11", "outside_share")
    across = np.flatnonzero((outside > least) & (outside < 1.0 - least))
    texts = pl.Series([f"{v:.1%}" for v in outside[across]], dtype=pl.String)
    frame = pl.DataFrame({"index": rows[across], "value": texts})
    beyond = np.flatnonzero(outside >= 1.0 - least)
    parts = [state("G11", subject, frame, variant="across")]
    if len(beyond):
        told = pl.DataFrame({"index": rows[beyond[:1]], "count": [len(beyond)]})
        parts.append(state("G11", subject, told, variant="beyond"))
    return join_findings(parts)


def wrong_township(
    subject: Subject, settings: Settings, rows: NDArray[np.int64], inside: NDArray[np.float64], named: pl.Series
) -> pl.DataFrame:
    """G08: parcels of which too much lies outside the township that they name (``inside``: share inside it)."""
    outside = 1.0 - inside
    bad = np.flatnonzero(outside > settings.get("G08", "tolerated_share"))
    frame = pl.DataFrame(
        {
            "index": rows[bad],
            "value": [f"{v:.1%}" for v in outside[bad]],
            "township": named.gather(bad),
        },
        schema={"index": pl.Int64, "value": pl.String, "township": pl.String},
    )
    return state("G08", subject, frame)
