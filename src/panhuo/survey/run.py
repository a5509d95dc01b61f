"""The main job: deliver -> check -> measure -> identify -> register -> report."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from panhuo.exchange.memory import release
from panhuo.identify import Verdicts, identify
from panhuo.identify import load as load_verdicts
from panhuo.identify import save as save_verdicts
from panhuo.identify.from_pack import standard_of
from panhuo.messages import PanhuoError, join_findings
from panhuo.packs import Pack, freeze, load_pack, read_frozen
from panhuo.progress import Progress, silent
from panhuo.quality.catalogue import Settings
from panhuo.survey.check import QUOTED, check_each, check_together
from panhuo.survey.config import SurveyConfig, load_config
from panhuo.survey.deliver import deliver, roots
from panhuo.survey.gather import Gathered, gather
from panhuo.survey.lock import alone
from panhuo.survey.measure.run import measure
from panhuo.survey.measured import Measured, load_measured, save_measured
from panhuo.survey.mending import mend
from panhuo.survey.register import all_parcels, write_registers
from panhuo.survey.report import write_papers
from panhuo.survey.results import assemble, examine, sweep
from panhuo.survey.settings import check_settings
from panhuo.survey.sources import Sources
from panhuo.survey.stages import Stages, key_of, program, recover
from panhuo.survey.tables import Reconciliation, reconcile
from panhuo.version import __version__

#: The stages in their order, with their names for people.
STAGES = {
    "check": "接收与检查",
    "measure": "量算",
    "identify": "认定",
    "register": "入库",
    "report": "报告",
}


@dataclass(frozen=True, slots=True)
class Result:
    """A finished survey: where its results are, its manifest, and its reconciliation.

    ``kept`` is the folder beside the results that holds what people had added to the earlier results or changed in
    them; None where there was nothing of that kind.
    """

    folder: Path
    manifest: dict[str, Any]
    balance: Reconciliation
    kept: Path | None = None

    def verdicts(self) -> Verdicts:
        """The verdicts with their evidence, for ``explain`` and ``compare``."""
        return load_verdicts(self.folder / "证据")


def open_survey(path: str | Path) -> SurveyConfig:
    """Read a survey's configuration: ``survey.yaml`` or the folder that holds it."""
    return load_config(path)


def pack_of(config: SurveyConfig) -> Pack:
    """The pack that the survey names, as in force on the survey's day: by its id, or frozen in a file beside it."""
    if config.pack.endswith(".json"):
        return read_frozen(config.folder / config.pack, on=config.on)
    return load_pack(config.pack, on=config.on, folders=[config.folder / p for p in config.packs] or None)


def run(config: SurveyConfig, *, from_scratch: bool = False, progress: Progress = silent) -> Result:
    """Run a survey, or go on where an earlier run of the same inputs stopped (unless ``from_scratch``).

    Results are put in place in one step at the end; until then what was there before stays there. A stage is taken over
    from an earlier run when nothing that it rests on has changed: inputs (path, size, time of change), pack, settings,
    version of Panhuo. Only one run of a survey goes on at a time; a second one raises :class:`PanhuoError`.
    """
    pack = pack_of(config)
    # what the standard does not know is said before hours of reading and not after them
    standard_of(pack, on=config.on, readings=config.readings)
    check_settings(config, pack)
    with alone(config.folder / f".{config.results}.lock"):
        recover(config.results_folder)
        examine(config)
        sweep(config)
        stages = Stages(config.folder / f".{config.results}.work")
        stages.sweep(everything=from_scratch)
        return _run(config, pack, stages, progress)


def _run(config: SurveyConfig, pack: Pack, stages: Stages, progress: Progress) -> Result:
    began = time.monotonic()
    times: dict[str, float] = {}
    frozen = freeze(pack)
    base = key_of(program(), _inputs_key(config), _config_key(config))

    def stage(name: str, key: str, work: Callable[[Path], dict[str, Any] | None]) -> Path:
        start = time.monotonic()
        done = stages.done(name, key)
        if done is None:
            done = stages.make(name, key, work)
            times[name] = round(time.monotonic() - start, 3)
        return done

    check_key = key_of(base, "check", frozen["sha256"])
    measure_key = key_of(base, "measure", frozen["sha256"])
    checked, measured_at = stages.folder / "check", stages.folder / "measure"
    memory = _Memory(measured_at, stages.folder / "identify")
    if stages.done("check", check_key) is None or stages.done("measure", measure_key) is None:
        just = _deliver_check_measure(config, pack, stage, check_key, measure_key, progress)
        if just is not None:
            memory.measured = just

    identify_key = key_of(measure_key, "identify", dict(config.readings))

    def to_identify(folder: Path) -> None:
        measured = memory.measured
        verdicts = identify(
            measured.facts, pack, on=config.on, readings=config.readings, sources=measured.sources, progress=progress
        )
        save_verdicts(verdicts, folder)
        memory.verdicts = verdicts

    identified = stage("identify", identify_key, to_identify)
    register_key = key_of(identify_key, check_key, "register")

    def to_register(folder: Path) -> dict[str, Any]:
        return write_registers(folder, config, pack, memory.measured, memory.verdicts, parcels=memory.parcels)

    report_key = key_of(register_key, "report", config.language)

    def to_report(folder: Path) -> None:
        findings = pl.read_parquet(checked / "findings.parquet")
        repairs = pl.read_parquet(checked / "repairs.parquet")
        notes = stages.notes("check")
        write_papers(
            folder, config, pack, memory.measured, memory.verdicts, findings, notes, repairs,
            parcels=memory.parcels, progress=progress,
        )  # fmt: skip

    if stages.done("register", register_key) is None or stages.done("report", report_key) is None:
        memory.fill()
        release()
    # both rest on the same results and not on each other; the papers stay in the thread that hears of the progress
    progress("入库", 0, 1)
    with ThreadPoolExecutor(1) as beside:
        registers = beside.submit(stage, "register", register_key, to_register)
        reported = stage("report", report_key, to_report)
        registered = registers.result()
    progress("入库", 1, 1)
    memory.forget()

    progress("放置成果", 0, 1)
    balance = _balance(registered)
    if not balance.holds:
        raise PanhuoError(
            f"对账不平：交付 {balance.delivered} 宗，结果合计 {sum(balance.counts.values())} 宗。"
            "成果没有放置，请报告此问题。",
            f"The reconciliation does not hold: {balance.delivered} delivered, {sum(balance.counts.values())} in the "
            "results. Nothing was put in place; please report this.",
            where=str(config.file),
        )
    manifest = _manifest(config, pack, frozen, stages, balance, times, time.monotonic() - began)
    parts = {"check": checked, "identify": identified, "register": registered, "report": reported}
    kept = assemble(config, parts, manifest)
    progress("放置成果", 1, 1)
    return Result(config.results_folder, manifest, balance, kept)


@dataclass
class _Memory:
    """What the later stages share, read from the stages before them unless those have just been made."""

    measured_at: Path
    identified_at: Path

    @cached_property
    def measured(self) -> Measured:
        return load_measured(self.measured_at)

    @cached_property
    def verdicts(self) -> Verdicts:
        return load_verdicts(self.identified_at)

    @cached_property
    def parcels(self) -> pl.DataFrame:
        return all_parcels(self.measured, self.verdicts)

    def fill(self) -> None:
        """Have all of it now: two threads that ask at once would each make it."""
        _ = self.parcels

    def forget(self) -> None:
        for name in ("measured", "verdicts", "parcels"):
            self.__dict__.pop(name, None)


def _deliver_check_measure(
    config: SurveyConfig, pack: Pack, stage: Callable[..., Path], check_key: str, measure_key: str, progress: Progress
) -> Measured | None:
    """Open the delivery once for both the checks and the measuring, and let it go before anything else needs room.

    Returns what was measured; None where an earlier run had measured it.
    """
    sources, gathered = _deliver_check(config, check_settings(config, pack), stage, check_key, progress)
    release()
    made: list[Measured] = []

    def to_measure(folder: Path) -> None:
        measured = measure(sources, gathered, pack, config, progress=progress)
        save_measured(measured, folder)
        made.append(measured)

    stage("measure", measure_key, to_measure)
    return made[0] if made else None


def _deliver_check(
    config: SurveyConfig, settings: Settings, stage: Callable[..., Path], check_key: str, progress: Progress
) -> tuple[Sources, Gathered]:
    """Open and check the delivery; returns what measuring needs of it.

    Each thing is let go as soon as nothing asks for it: most of the delivered texts before the parcels are gathered.
    """
    delivered = deliver(config, settings, progress=progress)
    notes = {
        "files": [{"path": f.path, "size": f.size, "sha256": f.sha256, "state": f.state} for f in delivered.files],
        "layers": delivered.layers,
        "rows": delivered.rows,
        "unused": list(delivered.unused),
        "missing": list(delivered.missing),
        "skipped": sorted(settings.skip),
    }
    held = [mend(delivered, settings, config.repairs, progress=progress)]
    del delivered
    got: list[tuple[Sources, Gathered]] = []

    def to_gather() -> tuple[Sources, Gathered]:
        mended = held.pop()
        sources, remaining = mended.sources.without_texts(QUOTED), mended.remaining
        del mended
        release()
        got.append((sources, gather(sources, settings, faults=remaining, progress=progress)))
        return got[0]

    def to_check(folder: Path) -> dict[str, Any]:
        repairs = held[0].repairs
        each = check_each(held[0], settings, progress=progress)
        together = check_together(*to_gather(), settings, progress=progress)
        join_findings([each, together]).write_parquet(folder / "findings.parquet")
        repairs.write_parquet(folder / "repairs.parquet")
        applied = int(repairs["applied"].sum())
        return {"repairs": {"applied": applied, "proposed": repairs.height - applied}, **notes}

    stage("check", check_key, to_check)
    sources, gathered = got[0] if got else to_gather()
    laid = [role for role in gathered.kept if role != "boundaries"]
    return sources.without_texts().without_shapes(laid), gathered.without_texts()


def _inputs_key(config: SurveyConfig) -> list[tuple[str, int, int]]:
    """Every file below the inputs by path, size and time of change; with a single file its companions (.dbf, .prj)."""
    out = []
    for root in roots(config):
        if root.is_dir():
            files = sorted(p for p in root.rglob("*") if p.is_file())
        elif root.parent.is_dir():
            files = sorted(p for p in root.parent.iterdir() if p.stem == root.stem and p.is_file())
        else:
            files = []
        for file in files:
            if file.exists():
                stat = file.stat()
                out.append((str(file.relative_to(config.folder)) if file.is_relative_to(config.folder) else str(file),
                            stat.st_size, stat.st_mtime_ns))  # fmt: skip
    return out


def _config_key(config: SurveyConfig) -> str:
    return key_of({k: v for k, v in _plain(config).items() if k not in ("file", "readings", "language", "results")})


def _plain(config: SurveyConfig) -> dict[str, Any]:
    return asdict(config)


def _balance(registered: Path) -> Reconciliation:
    parcels = pl.read_parquet(registered / "对账.parquet")
    notes = json.loads((registered / "对账.json").read_text(encoding="utf-8"))
    return reconcile(parcels, notes["delivered"], notes["delivered_m2"])


def _manifest(
    config: SurveyConfig, pack: Pack, frozen: dict[str, Any], stages: Stages, balance: Reconciliation,
    times: dict[str, float], seconds: float,
) -> dict[str, Any]:  # fmt: skip
    check_notes = stages.notes("check")
    return {
        "title": config.title,
        "panhuo": __version__,
        "python": platform.python_version(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "simulated": config.simulated,
        "pack": {
            "id": pack.id,
            "on": config.on.isoformat(),
            "sha256": frozen["sha256"],
            "layers": [x.id for x in pack.layers],
        },
        "readings": dict(config.readings),
        "division": config.division,
        "inputs": check_notes["files"],
        "layers": check_notes["layers"],
        "rows": check_notes["rows"],
        "unused": check_notes["unused"],
        "missing": check_notes["missing"],
        "checks_left_out": check_notes["skipped"],
        "repairs": check_notes["repairs"],
        "counts": {**balance.counts, "delivered": balance.delivered},
        "areas_m2": {**balance.areas_m2, "delivered": balance.delivered_m2},
        "holds": balance.holds,
        "seconds": {**times, "all": round(seconds, 3)},
    }
