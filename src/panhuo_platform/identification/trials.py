"""Trying other standards on the facts of a run: the back-test of a draft, and the files that a what-if maps."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from panhuo.identify import Standard, flips_between, identify, standard_of
from panhuo.identify import load as load_verdicts
from panhuo.identify.store import load_standard
from panhuo.identify.whatif import Session
from panhuo.identify.whatif import prepare as write_session
from panhuo.packs import NewValue, thaw, with_values
from panhuo.progress import Progress
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification.models import Run, StandardVersion, Trial
from panhuo_platform.organisations.models import User

_SESSION = "试算.arrow"


def last_run(within: str = "") -> Run | None:
    """The newest loaded run of a place, or of everything."""
    rows = Run.objects.finished().select_related("version").order_by("-loaded_at", "-pk")
    return rows.filter(within=within).first() or rows.filter(within="").first()


def try_out(actor: User, version: StandardVersion, progress: Progress) -> Trial:
    """Judge the facts of the last run by a draft, beside the standard that the run was judged by."""
    run = last_run(version.within)
    if run is None:
        raise ValidationError(_("还没有完成的认定运行，没有可以试运行的数据。"))
    sha256 = version.sha256
    progress("读取上次运行", 0, 3)
    before = load_verdicts(run.evidence)
    progress("按拟订标准判定", 1, 3)
    after = identify(before.facts, standard_of(thaw(version.frozen, on=run.on)), sources=before.sources)
    flips = flips_between(before, after)
    progress("对比", 2, 3)
    turned = flips.frame.with_row_index("row").filter("flipped")
    figures = {
        "outcomes": [
            {"outcome": a["outcome"], "parcels_before": a["parcels"], "area_m2_before": a["area_m2"],
             "parcels": b["parcels"], "area_m2": b["area_m2"]}
            for a, b in zip(before.counts().to_dicts(), after.counts().to_dicts(), strict=True)
        ],
        "matrix": flips.matrix.filter("flipped").to_dicts(),
        "townships": flips.townships.to_dicts(),
        "causes": flips.causes.to_dicts(),
        "classes": _by_class(flips.frame),
        "names": {c.id: {"zh": c.name.zh, "en": c.name.en} for v in (before, after) for c in v.standard.classes},
    }  # fmt: skip
    with transaction.atomic():
        trial = Trial.objects.create(
            version=version, run=run, sha256=sha256, parcels=flips.frame.height, flipped=turned.height,
            flipped_m2=float(turned["area_m2"].sum() or 0.0), figures=figures, tried_by=actor,
        )  # fmt: skip
        part = flips_of(trial).with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        turned.write_parquet(part)
        part.replace(flips_of(trial))  # one that died before its transaction ended has left its file
        record(
            AuditEvent.Action.CHANGED,
            f"认定标准“{version}”试运行：{trial.parcels} 宗中 {trial.flipped} 宗结论变化", actor=actor,
            subject=trial, detail={"run": run.pk, "sha256": sha256},
        )  # fmt: skip
    progress("对比", 3, 3)
    return trial


def flips_of(trial: Trial) -> Path:
    """The parcels that flip: the columns of :class:`panhuo.identify.Flips`, only those that differ; and ``row``, from
    0, among the run's verdicts."""
    return trial.run.folder / "试运行" / f"{trial.pk}.parquet"


def prepare(run: Run, progress: Progress) -> Path:
    """The file that what-ifs of a run map; made where it is not there yet."""
    path = run.folder / _SESSION
    if not path.is_file():
        progress("准备试算", 0, 1)
        write_session(load_verdicts(run.evidence), path)
        progress("准备试算", 1, 1)
    return path


def session(run: Run) -> Session:
    """A what-if session of a run; the last few are kept open, mapped and not read."""
    return _open(str(run.folder), str(run.evidence))


def other(run: Run, values: list[NewValue]) -> Standard:
    """The run's standard with other values."""
    return standard_of(thaw(with_values(run.version.frozen, values), on=run.on))


@lru_cache(maxsize=2)
def _open(folder: str, evidence: str) -> Session:
    standard, _sources = load_standard(Path(evidence))
    path = Path(folder) / _SESSION
    if not path.is_file():
        write_session(load_verdicts(evidence), path)
    return Session.open(path, standard)


def _by_class(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Identified parcels and area of each main class before and after."""

    def counted(side: str) -> pl.DataFrame:
        return (
            frame.filter(pl.col(f"outcome_{side}") == "identified")
            .group_by(pl.col(f"class_{side}").alias("class"))
            .agg(pl.len().alias(f"parcels_{side}"), pl.col("area_m2").sum().alias(f"area_m2_{side}"))
        )

    both = counted("a").join(counted("b"), on="class", how="full", coalesce=True, nulls_equal=True)
    return both.fill_null(0).sort("class").to_dicts()


def classes_of(run: Run) -> dict[str, Any]:
    """The classes of a run's standard by id: their names in both languages."""
    return _classes(str(run.evidence))


@lru_cache(maxsize=8)
def _classes(evidence: str) -> dict[str, Any]:
    standard, _sources = load_standard(Path(evidence))
    return {c.id: c.name for c in standard.classes}


def conditions_of(run: Run) -> dict[str, Any]:
    """The conditions of a run's standard by id: their texts in both languages."""
    return _conditions(str(run.evidence))


@lru_cache(maxsize=8)
def _conditions(evidence: str) -> dict[str, Any]:
    standard, _sources = load_standard(Path(evidence))
    return {name: c.text for name, c in standard.conditions().items()}
