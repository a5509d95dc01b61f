# ruff: noqa: E501 - a sample stays on one line
"""Reading YAML: traps are explained, hostile files refused, every value knows its line."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from panhuo.packs.problems import Place, Problem, Problems
from panhuo.packs.yamlfile import MAX_BYTES, Located, parse_yaml, read_yaml

HERE = Place("p", "f.yaml")


def read(text: str) -> tuple[Located | None, list[Problem]]:
    problems = Problems()
    return parse_yaml(text, HERE, problems), list(problems.all())


def test_values_know_their_lines() -> None:
    tree, problems = read("a: 1\nlist:\n  - {id: x, on: 2026-11-21}\n  - second\ntext: 'a: b'\n")
    assert not problems and tree is not None
    assert tree.plain() == {"a": 1, "list": ({"id": "x", "on": datetime.date(2026, 11, 21)}, "second"), "text": "a: b"}
    assert tree.value["list"].value[0].place.line == 3
    assert tree.value["list"].value[1].place.line == 4
    assert tree.value["text"].place.line == 5


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3), ("-2", -2), ("0.5", 0.5), ("1e3", 1000.0), ("true", True), ("False", False), ("~", None), ("", None),
        ("'0101'", "0101"), ('"yes"', "yes"), ("四(一)", "四(一)"), ("限制发展类", "限制发展类"), ("2号楼", "2号楼"), ("0.8-1.0", "0.8-1.0"),
    ],
)  # fmt: skip
def test_plain_values(written: str, value: object) -> None:
    tree, problems = read(f"key: {written}\n")
    assert not problems and tree is not None and tree.plain() == {"key": value}


@pytest.mark.parametrize(
    ("text", "kind", "line", "says_zh", "says_en"),
    [
        ("a: 1\nb: yes\n", "yes_no", 2, "true/false", "true/false"),
        ("a: NO\n", "yes_no", 1, "NO", "NO"),
        ("codes: [0101]\n", "octal", 1, "'0101'", "'0101'"),
        ("code: 05H1\n", "octal", 1, "加引号", "quotes"),
        ("n: 1_000\n", "octal", 1, "1_000", "1_000"),
        ("t: 12:30\n", "sexagesimal", 1, "六十进制", "base-60"),
        ("d: 2026-02-30\n", "date", 1, "2026-02-30", "2026-02-30"),
        ("n: .inf\n", "number", 1, ".inf", ".inf"),
        ("n: 1e999\n", "number", 1, "1e999", "1e999"),
        ("n: " + "9" * 5000 + "\n", "number", 1, "9999", "9999"),
        ("a: 1\na: 2\n", "duplicate_key", 2, "第 1 行", "line 1"),
        ("x:\n  b: &anchor [1]\n  c: 2\n", "alias", 2, "锚点", "anchors"),
        ("x: !!python/object/apply:os.system [ls]\n", "tag", 1, "标签", "tags"),
        ("a: 1\n---\nb: 2\n", "documents", 2, "一个文件", "one document"),
        ("? [1, 2]\n: 3\n", "key", 1, "键", "key"),
        ("<<: {a: 1}\n", "alias", 1, "<<", "<<"),
        ("a: b: c\n", "syntax", 1, "冒号", "mapping values"),
        ("a:\n\t- 1\n", "syntax", 2, "Tab", "tabs"),
        ("a: [1, 2\n", "syntax", 2, "括号", "YAML"),
        ("a: 'open\n", "syntax", 2, "引号", "quotes"),
        ("a: \x07\n", "character", 1, "U+0007", "U+0007"),
    ],
)
def test_traps_are_explained_with_their_line(text: str, kind: str, line: int, says_zh: str, says_en: str) -> None:
    _, problems = read(text)
    found = [p for p in problems if p.kind == kind]
    assert found, [p.say() for p in problems]
    assert found[0].place.line == line
    assert says_zh in found[0].text.zh
    assert says_en in found[0].text.en


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    tree, problems = read(bomb)
    assert tree is None and problems[0].kind == "alias"


def test_depth_and_size_are_limited(tmp_path: Path) -> None:
    assert read("[" * 200 + "]" * 200)[1][0].kind == "too_large"
    big = tmp_path / "big.yaml"
    big.write_bytes(b"a: " + b"x" * MAX_BYTES)
    problems = Problems()
    assert read_yaml(big, HERE, problems) is None
    assert problems.all()[0].kind == "too_large"


def test_encodings(tmp_path: Path) -> None:
    """UTF-8 with or without the mark that Windows writes; anything else is refused with the remedy."""
    marked = tmp_path / "bom.yaml"
    marked.write_text("标题: 一\n", encoding="utf-8-sig")
    problems = Problems()
    tree = read_yaml(marked, HERE, problems)
    assert tree is not None and tree.plain() == {"标题": "一"} and not problems.all()
    gbk = tmp_path / "gbk.yaml"
    gbk.write_text("标题: 一\n", encoding="gbk")
    assert read_yaml(gbk, HERE, problems) is None
    assert "UTF-8" in problems.all()[0].text.zh


def test_an_empty_file_is_nothing() -> None:
    assert read("# only a comment\n") == (None, [])
