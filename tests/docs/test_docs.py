"""What the documentation shows works: commands, programs, tables, links."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import pytest
from babel.messages.pofile import read_po
from docs_tables import renewed

from panhuo.cli import main

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
PAGES = [*READMES, *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "zh").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN: set[str] = set()  # questions that change nothing need to be asked once
OWN = {"packs.md", "pages.md"}  # tested beside the packs and with the platform

pages = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def commands(page: Path) -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks(page, "sh") for line in block.splitlines()]
    return [line.removeprefix(".venv/bin/") for line in lines if re.match(r"(\.venv/bin/)?panhuo ", line)]


WITH_COMMANDS = [p for p in PAGES if commands(p) and p.parent.name != "zh" and p not in READMES[1:]]
WITH_PROGRAMS = [p for p in PAGES if blocks(p, "python") and p.parent.name != "zh" and p.name not in OWN]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda p: p.name)
def test_every_command_runs(page: Path, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in commands(page):
        words = shlex.split(command)[1:]
        if words[0] == "demo":  # the district is there already
            assert words[1] == "demo-district"
            continue
        if command in RUN and words[0] in ("check", "explain", "compare"):
            continue
        RUN.add(command)
        try:
            main(words)
        except SystemExit as end:
            assert end.code in (0, None), f"{command}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("page", WITH_PROGRAMS, ids=lambda p: p.name)
def test_every_program_runs(page: Path, desk: Path) -> None:
    for program in blocks(page, "python"):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(program, f"{page.name}", "exec"), {})


@pages
def test_tables_are_those_of_the_library(page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    assert written == renewed(page), "run: python tests/docs/docs_tables.py"


@pages
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert unquote(anchor) in anchors(file), target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "zh").glob("*.md")), ids=lambda p: p.name)
def test_chinese_pages_show_the_same(page: Path) -> None:
    english = page.parents[1] / page.name
    for kind in ("sh", "python"):
        assert blocks(page, kind) == blocks(english, kind)
    tables = re.compile(r"<!-- table: (\w+) -->")
    own, other = (tables.findall(p.read_text(encoding="utf-8")) for p in (page, english))
    assert own == other
    headings = [len(re.findall(r"^## ", p.read_text(encoding="utf-8"), re.MULTILINE)) for p in (page, english)]
    assert headings[0] == headings[1]


def test_both_readmes_show_the_same_commands() -> None:
    assert commands(READMES[0]) == commands(READMES[1])


@pytest.mark.parametrize(("guide", "spoken"), [("zh/work.md", "id"), ("work.md", "string")])
def test_the_guide_of_the_platform_calls_things_what_the_pages_call_them(guide: str, spoken: str) -> None:
    """Every bold word of the guide stands on a page, in the guide's language."""
    catalogues = (ROOT / "src" / "panhuo_platform").glob("**/locale/en/LC_MESSAGES/django.po")
    known = {str(getattr(m, spoken)) for file in catalogues for m in read_po(file.open("rb")) if m.id}
    said = re.findall(r"\*\*(.+?)\*\*", (ROOT / "docs" / guide).read_text(encoding="utf-8"))
    assert said and not [word for word in said if word not in known]
