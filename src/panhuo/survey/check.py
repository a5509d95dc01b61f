"""Check: every layer by itself, the layers against each other, and the parcels against the land they lie on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.land.codes.landuse import is_construction
from panhuo.land.roles import ROLES
from panhuo.land.threads import in_chunks
from panhuo.messages import Text, join_findings
from panhuo.progress import Progress, silent
from panhuo.quality import Settings, check_subject
from panhuo.quality.documents import outside_county
from panhuo.quality.relations import low_share, outside_urban, pressed_area, references, wrong_township
from panhuo.quality.reported import changes_of_area, overlaps_with_reported
from panhuo.quality.tiling import TILING, county_cells, gaps
from panhuo.survey.gather import Gathered
from panhuo.survey.measure.land import of_codes
from panhuo.survey.measure.shares import Overlaid
from panhuo.survey.mending import Mended
from panhuo.survey.sources import Sources

Rows = NDArray[np.int64]

#: Kinds of line that a parcel may not lie on (G11).
FORBIDDEN = {
    "永久基本农田": Text("永久基本农田", "permanent basic farmland"),
    "生态保护红线": Text("生态保护红线", "the ecological red line"),
}
#: The line that a parcel should lie inside (G11).
URBAN = "城镇开发边界"


#: Roles whose delivered texts the checks of layers against each other still quote.
QUOTED = frozenset({"parcels", "reported", "boundaries", "control_lines", *TILING})


def check(mended: Mended, gathered: Gathered, settings: Settings, *, progress: Progress = silent) -> pl.DataFrame:
    """All findings of a delivery, those of reading first. The order is the same in every run."""
    each = check_each(mended, settings, progress=progress)
    return join_findings([each, check_together(mended.sources, gathered, settings, progress=progress)])


def check_each(mended: Mended, settings: Settings, *, progress: Progress = silent) -> pl.DataFrame:
    """What reading found, what is wrong with each layer by itself, and references from one table to another.

    Layers are checked as they were delivered, also where a repair was applied: it is still for the sender to mend.
    """
    sources = mended.sources
    subjects = mended.delivered.sources.all()
    known = {
        (role, field): pl.concat([s.frame[field].cast(pl.String).drop_nulls() for s in found])
        for role, field in (("parcels", "parcel_code"), ("enterprises", "credit_code"))
        if (found := [s for s in sources.subjects(role) if field in s.frame.columns])
    }
    titles = {name: role.text for name, role in ROLES.items()}
    jobs: list[Callable[[], pl.DataFrame]] = [
        partial(check_subject, s, settings, faults=f) for s, f in zip(subjects, mended.faults, strict=True)
    ]
    if "C01" not in settings.skip:
        jobs += [partial(references, s, settings, known, titles) for s in sources.all()]
    # two at a time: while one counts words, the other computes areas
    done = in_chunks(lambda k, _: jobs[k](), len(jobs), chunk=1, threads=2, progress=progress, step="检查")
    return _wanted([mended.delivered.findings, *done], settings)


def check_together(
    sources: Sources, gathered: Gathered, settings: Settings, *, progress: Progress = silent
) -> pl.DataFrame:  # fmt: skip
    """What is wrong between layers: the judged parcels and the land they lie on, and layers that have to tile."""
    progress("检查图层之间", 0, 2)
    parts = _on_the_land(sources, gathered, settings)
    progress("检查图层之间", 1, 2)
    if (cells := county_cells(sources.subjects("boundaries"))) is not None and "G04" not in settings.skip:
        parts += [gaps(sources.subjects(role), cells, settings) for role in TILING]
    progress("检查图层之间", 2, 2)
    return _wanted(parts, settings)


def _wanted(parts: list[pl.DataFrame], settings: Settings) -> pl.DataFrame:
    return join_findings(parts).filter(~pl.col("code").is_in(list(settings.skip)))


def _on_the_land(sources: Sources, gathered: Gathered, settings: Settings) -> list[pl.DataFrame]:
    """D04, G08 to G12, C03: the judged parcels against boundaries, land survey, control lines and last year."""
    parts: list[pl.DataFrame] = []
    covered = built = None
    base = "最新变更调查"
    if sources.has("patches"):
        patches = gathered.laid_over(sources, "patches", ("land_class", "town_attribute"))
        covered = np.nan_to_num(patches.share())
        built = np.nan_to_num(patches.share(of_codes(patches.frame, "land_class", is_construction, "survey3")))
        year = next((s.year for s in sources.subjects("patches") if s.year), None)
        base = f"{year}年度变更调查" if year else base
    lines = None
    if sources.has("control_lines"):
        lines = gathered.laid_over(sources, "control_lines", ("line_kind",))
    divisions = None
    if sources.has("boundaries"):
        divisions = gathered.laid_over(sources, "boundaries", ("division_code", "division_name"))
    inside = None
    if lines is not None and (mask := (lines.frame["line_kind"] == URBAN)).any():
        inside = np.nan_to_num(lines.share(mask))
    reported = sources.subjects("reported")
    for number, subject in enumerate(gathered.subjects):
        away = gathered.everything.filter((pl.col("subject") == number) & (pl.col("reason") == "outside"))["index"]
        parts.append(outside_county(subject, settings, pl.Series([1.0] * len(away), dtype=pl.Float64), away))
        places, rows = gathered.rows_of(number)
        if not len(rows):
            continue
        if covered is not None and built is not None:
            least = settings.get("G09", "minimum_share")
            parts.append(low_share("G09", subject, rows, covered[places], least, base))
            # what no patch covers is G09's matter
            on = covered[places] >= least
            parts.append(
                low_share("G10", subject, rows[on], built[places][on], settings.get("G10", "minimum_share"), base)
            )
        if lines is not None:
            for kind, text in FORBIDDEN.items():
                mask = lines.frame["line_kind"] == kind
                if mask.any():
                    area = np.nan_to_num(lines.share(mask)) * gathered.parcels.area
                    parts.append(pressed_area(subject, settings, rows, area[places], text))
        if inside is not None:
            parts.append(outside_urban(subject, settings, rows, inside[places]))
        if reported:
            parts.append(overlaps_with_reported(subject, rows, reported, settings, progress=silent))
            parts.append(changes_of_area(subject, rows, reported, settings))
        if divisions is not None:
            parts += _boundaries(gathered, divisions, settings, number, places, rows)
    return parts


def _boundaries(
    gathered: Gathered, divisions: Overlaid, settings: Settings, number: int, places: Rows, rows: Rows
) -> list[pl.DataFrame]:
    """D04: outside the county; G08: outside the township that the parcel names."""
    subject = gathered.subjects[number]
    code = divisions.frame["division_code"].cast(pl.String)
    level = code.str.len_chars()
    county = level <= 6 if (level <= 6).any() else level >= 9
    inside = np.nan_to_num(divisions.share(county))[places]
    parts = [outside_county(subject, settings, pl.Series(1.0 - inside), pl.Series(rows))]
    named = gathered.parcels.frame["township_code"] if "township_code" in gathered.parcels.frame.columns else None
    if named is None or not (level >= 9).any():
        return parts
    own = named.cast(pl.String).str.slice(0, 9)
    pairs = divisions.pairs
    same = (own.gather(pl.Series(pairs.left)) == code.str.slice(0, 9).gather(pl.Series(pairs.right))).fill_null(False)
    area = np.bincount(pairs.left, pairs.area * same.to_numpy(), minlength=len(gathered.parcels))
    planar = gathered.parcels.planar
    share = np.divide(area, planar, out=np.ones(len(planar)), where=planar > 0)[places]
    known = own.is_in(code.str.slice(0, 9).implode()).fill_null(False).to_numpy()[places]
    # what lies outside the county altogether is D04's
    check = known & (inside > 1.0 - settings.get("D04", "tolerated_share"))
    parts.append(wrong_township(subject, settings, rows[check], share[check], own.gather(pl.Series(places[check]))))
    return parts
