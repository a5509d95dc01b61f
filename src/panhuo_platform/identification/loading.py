"""From a finished survey into the tables: verdicts, outcomes of parcels, what is to be confirmed; all or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl
from django.db import transaction
from django.utils import timezone

from panhuo.identify import Standard
from panhuo.identify.store import load_standard
from panhuo.messages import PanhuoError
from panhuo.progress import Progress
from panhuo.survey.finished import finished
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import policy
from panhuo_platform.identification.inputs import index_of
from panhuo_platform.identification.models import Confirmation, Due, Override, Run, Verdict
from panhuo_platform.organisations.models import Organisation
from panhuo_platform.parcels import bulk
from panhuo_platform.parcels import commands as register

_LISTS = ("classes", "reasons", "missing", "ask")


def load(run: Run, progress: Progress) -> dict[str, int]:
    """Put a finished survey's verdicts in force, in one transaction. Doing it twice changes nothing.

    Raises PanhuoError when the survey does not speak of exactly the parcels that it was given.
    """
    done = finished(run.folder)
    progress("载入结论", 0, 4)
    verdicts = verdict_rows(run)
    standard, _sources = load_standard(run.evidence)
    manifest = json.loads((run.results / "清单.json").read_text(encoding="utf-8"))
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run.pk)
        if run.state == Run.State.LOADED:
            return manifest["counts"]  # type: ignore[no-any-return]
        bulk.insert(Verdict, verdicts.drop("number"), run=run.pk)
        progress("载入结论", 1, 4)
        _outcomes(verdicts)
        progress("更新宗地", 2, 4)
        _dues(run, verdicts, standard)
        progress("待确认事项", 3, 4)
        kept = {k: manifest[k] for k in ("finished", "counts", "areas_m2", "holds", "seconds", "pack", "unused",
                                         "missing", "checks_left_out", "simulated") if k in manifest}  # fmt: skip
        run.state, run.loaded_at, run.manifest = Run.State.LOADED, timezone.now(), kept
        run.save(update_fields=["state", "loaded_at", "manifest"])
        record(
            AuditEvent.Action.DECIDED, f"认定运行“{run}”完成：{done.config.title}", actor=run.started_by, subject=run,
            detail={"counts": manifest["counts"], "standard": run.version.sha256},
        )  # fmt: skip
    progress("载入结论", 4, 4)
    return manifest["counts"]  # type: ignore[no-any-return]


def verdict_rows(run: Run) -> pl.DataFrame:
    """One row a parcel of the run, the columns of :class:`Verdict` without the run, and ``number``."""
    index = index_of(run)
    judged = pl.read_parquet(run.evidence / "verdicts.parquet").with_row_index("row")
    facts = pl.read_parquet(run.evidence / "verdict_facts.parquet")
    area = facts["area_m2"] if "area_m2" in facts.columns else pl.lit(None, pl.Float64).alias("area_m2")
    told = judged.select(
        "parcel_code", pl.col("row").cast(pl.Int64), "outcome", pl.col("main_class").fill_null(""),
        *(_json(judged[name]) for name in _LISTS), pl.col("flip").fill_null(""), "flip_change",
        pl.lit("").alias("handed_because"), area,
    )  # fmt: skip
    back = finished(run.folder).handed_back()
    # a code may be shared by several rows that went back: those are told by their row in the file
    rows = index.with_row_index("file_row", 1)
    returned = back.select(
        pl.col("row").cast(pl.Int64).alias("file_row"), pl.lit(None, pl.Int64).alias("row"),
        pl.lit("handed_back").alias("outcome"), pl.lit("").alias("main_class"),
        *(pl.lit("[]").alias(name) for name in _LISTS), pl.lit("").alias("flip"),
        pl.lit(None, pl.Float64).alias("flip_change"), pl.col("reason").alias("handed_because"), "area_m2",
    )  # fmt: skip
    returned = returned.join(rows.cast({"file_row": pl.Int64}), on="file_row").drop("file_row", "parcel_code")
    known = index.filter(~pl.col("parcel_id").is_in(returned["parcel_id"].implode()))
    found = told.join(known, on="parcel_code", how="inner").drop("parcel_code")
    both = pl.concat([found, returned.select(found.columns)])
    if both.height != index.height or both["parcel_id"].n_unique() != index.height or told.height != found.height:
        raise PanhuoError(
            f"认定结果与交给它的宗地对不上：{index.height} 宗交入，{both.height} 宗返回。结果没有载入，请报告此问题。",
            f"The results do not match the parcels given: {index.height} in, {both.height} out. Nothing was loaded.",
            where=str(run.folder),
        )
    return both


def _json(lists: pl.Series) -> pl.Series:
    """Lists of texts as JSON: made once for each different list, of which there are few."""
    joined = lists.list.join("\x1f").fill_null("")
    different = joined.unique()
    written = [json.dumps(text.split("\x1f") if text else [], ensure_ascii=False) for text in different]
    return joined.replace_strict(different, written, return_dtype=pl.String).alias(lists.name)


def _outcomes(verdicts: pl.DataFrame) -> None:
    """The parcels' own columns; where somebody has decided otherwise, that stays."""
    rows = verdicts.select("parcel_id", "number", "outcome", "main_class", "classes")
    decided = pl.DataFrame(
        list(Override.objects.filter(ended_at=None).values_list("parcel_id", "outcome", "main_class")),
        schema={"parcel_id": pl.Int64, "decided": pl.String, "decided_class": pl.String}, orient="row",
    )  # fmt: skip
    rows = rows.join(decided, on="parcel_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("decided", "outcome").alias("outcome"),
        pl.coalesce("decided_class", "main_class").alias("main_class"),
    )
    register.set_outcomes(rows.select("number", "outcome", "main_class", "classes"))


def _dues(run: Run, verdicts: pl.DataFrame, standard: Standard) -> None:
    """What the identified parcels' verdicts ask of which unit; what was answered before stays answered."""
    mine = Due.objects.all()
    if run.within:
        mine = mine.filter(parcel__township_code__startswith=run.within)
    mine.delete()
    units = {o.code: o for o in Organisation.objects.select_related("region")}
    asked = pl.DataFrame(
        list(_asked(standard, units)),
        schema={"condition": pl.String, "unit_id": pl.Int64, "within": pl.String, "needed": pl.Boolean}, orient="row",
    )  # fmt: skip
    keys = Verdict.objects.filter(run=run, outcome="identified").values_list("parcel_id", "pk")
    ids = pl.DataFrame(list(keys), schema={"parcel_id": pl.Int64, "verdict_id": pl.Int64}, orient="row")
    reasons = (
        verdicts.filter(pl.col("outcome") == "identified")
        .select("parcel_id", "township_code", pl.col("reasons").str.json_decode(pl.List(pl.String)).alias("condition"))
        .explode("condition")
        .drop_nulls("condition")
    )
    dues = (
        reasons.join(asked, on="condition")
        .filter(pl.col("township_code").str.starts_with(pl.col("within")))
        .group_by("parcel_id", "condition", "unit_id")
        .agg(pl.col("needed").any())
        .join(ids, on="parcel_id")
        .join(_answered(), on=["parcel_id", "condition", "unit_id"], how="left")
        .sort("parcel_id", "condition", "unit_id")
    )
    bulk.insert(Due, dues, run=run.pk)


def _asked(standard: Standard, units: dict[str, Organisation]) -> Iterator[tuple[str, int, str, bool]]:
    """Condition, unit, the division that bounds it (empty: none), and whether its word is needed."""
    seated = policy.seated_units()
    record_chain = policy.chain()
    step = policy.deciding(record_chain) if record_chain is not None else None
    deciders = {u for name in (step.who if step is not None else ()) for u in policy.units_of(name)}
    for name, condition in standard.conditions().items():
        for called in condition.confirm:
            codes = [c for c in policy.units_called(called) if c in units]
            for code in codes:
                unit = units[code]
                within = unit.region.code if unit.region is not None and len(codes) > 1 else ""
                yield name, unit.pk, within, code in seated and code not in deciders


def _answered() -> pl.DataFrame:
    """The last word of each unit on each condition of each parcel."""
    rows = Confirmation.objects.order_by("pk").values_list("parcel_id", "condition", "unit_id", "pk")
    frame = pl.DataFrame(
        list(rows.iterator(chunk_size=50_000)),
        schema={"parcel_id": pl.Int64, "condition": pl.String, "unit_id": pl.Int64, "answer_id": pl.Int64},
        orient="row",
    )
    return frame.unique(["parcel_id", "condition", "unit_id"], keep="last")
