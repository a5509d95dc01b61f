"""docs/packs.md says nothing that does not work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packs_on_disk import ON

from panhuo.packs import check_pack, load_pack, new_pack
from panhuo.packs.problems import Place, Problems
from panhuo.packs.yamlfile import parse_yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "packs.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_every_example_is_yaml_that_a_pack_may_hold() -> None:
    assert len(blocks("yaml")) >= 3
    for block in blocks("yaml"):
        problems = Problems()
        assert parse_yaml(block, Place("docs", "packs.md"), problems) is not None
        assert problems.all() == ()


def test_the_examples_make_a_sound_pack(tmp_path: Path, packs_folder: Path) -> None:
    """The files named in the page's examples, put into a new pack that extends the demonstration."""
    folder = new_pack("lake-county", "demo", tmp_path, folders=[packs_folder])
    named = {m.group(1): b for b in blocks("yaml") if (m := re.match(r"# lake-county/(\S+)\n", b))}
    assert set(named) == {"standard.yaml", "tests/认定.yaml"}
    for name, block in named.items():
        (folder / name).write_text(block, "utf-8")
    assert [p.say() for p in check_pack(folder, ON)] == []
    pack = load_pack(folder, ON)
    assert pack.condition("sparse").operand == 0.25 and pack.condition("tax_table") is None  # type: ignore[union-attr]


def test_the_python_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks("python"):
        exec(compile(block, "docs/packs.md", "exec"), {})
    said = capsys.readouterr().out
    assert "min_tax_per_mu" in said and re.search(r"\b[0-9a-f]{64}\b", said)
