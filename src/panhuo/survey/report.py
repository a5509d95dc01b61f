"""Report: the survey report in Word and PDF, the findings in Excel and on the map, and their one-page summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from panhuo.documents import Paper, write_docx, write_pdf, write_xlsx
from panhuo.identify import Verdicts
from panhuo.messages import Text
from panhuo.packs import Pack
from panhuo.progress import Progress, silent
from panhuo.survey import chapters
from panhuo.survey.config import SurveyConfig
from panhuo.survey.findings import findings_paper, findings_workbook, write_places
from panhuo.survey.measured import Measured
from panhuo.survey.register import all_parcels, summary_columns
from panhuo.survey.story import Story
from panhuo.survey.tables import reconcile


def write_papers(
    folder: Path, config: SurveyConfig, pack: Pack, measured: Measured, verdicts: Verdicts, findings: pl.DataFrame,
    notes: dict[str, Any], repairs: pl.DataFrame | None = None, *, parcels: pl.DataFrame | None = None,
    progress: Progress = silent,
) -> None:  # fmt: skip
    """Write every paper of a survey into ``folder``; ``parcels`` are those of the register, where they are at hand."""
    lang = config.language
    mark = Text("演示数据，非真实成果", "demonstration data")(lang) if config.simulated else ""
    progress("报告", 0, 5)
    title = f"{config.title}{Text('检查发现', ': findings')(lang)}"
    workbook = findings_workbook(findings, title=title, on=config.on, lang=lang, repairs=repairs)
    write_xlsx(workbook, folder / "检查发现.xlsx")
    write_places(findings, folder / "检查发现.gpkg", measured.crs, repairs)
    progress("报告", 1, 5)
    summary = findings_paper(
        findings,
        title=title,
        on=config.on,
        files=len(notes["files"]),
        layers=notes["layers"],
        rows=notes["rows"],
        lang=lang,
        mark=mark,
        skipped=tuple(notes["skipped"]),
    )
    write_pdf(summary, folder / "检查发现.pdf")
    progress("报告", 2, 5)
    paper = survey_paper(config, pack, measured, verdicts, findings, notes, parcels)
    write_pdf(paper, folder / "调查报告.pdf")
    progress("报告", 4, 5)
    write_docx(paper, folder / "调查报告.docx")
    progress("报告", 5, 5)


def survey_paper(
    config: SurveyConfig,
    pack: Pack,
    measured: Measured,
    verdicts: Verdicts,
    findings: pl.DataFrame,
    notes: dict[str, Any],
    parcels: pl.DataFrame | None = None,
) -> Paper:
    """The survey report: contents of H1 (survey result and analysis) and H2 (two registers and the issue list)."""
    lang = config.language
    parcels = all_parcels(measured, verdicts) if parcels is None else parcels
    story = Story(
        config=config,
        pack=pack,
        measured=measured,
        verdicts=verdicts,
        findings=findings,
        notes=notes,
        parcels=parcels,
        summary=summary_columns(parcels, verdicts, lang),
        balance=reconcile(parcels, measured.delivered, measured.delivered_m2),
        lang=lang,
    )
    blocks = [block for chapter in chapters.CHAPTERS for block in chapter(story)]
    return Paper(
        title=config.title + Text("调查报告", ": survey report")(lang),
        date=config.on,
        blocks=tuple(blocks),
        issuer="",
        lang=lang,
        contents=True,
        size="compact",
        mark=Text("演示数据，非真实成果", "demonstration data")(lang) if config.simulated else "",
    )
