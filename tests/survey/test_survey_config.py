"""survey.yaml says what is wrong, on which line, and what was probably meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from panhuo.messages import PanhuoError
from panhuo.survey.config import load_config

GOOD = """\
title: 某区调查
pack: demo
on: 2026-11-21
division: "990112"
inputs:
  - {path: 交付/宗地.shp, role: parcels}
  - path: 交付/三调.gpkg
    layer: DLTB
    role: patches
    year: 2025
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "survey.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_survey_is_read_from_its_file_or_its_folder(tmp_path: Path) -> None:
    write(tmp_path, GOOD)

    config = load_config(tmp_path)

    assert config == load_config(tmp_path / "survey.yaml")
    assert (config.pack, config.on, config.division) == ("demo", date(2026, 11, 21), "990112")
    assert [(i.role, i.layer, i.year, i.line) for i in config.inputs] == [
        ("parcels", None, None, 6),
        ("patches", "DLTB", 2025, 7),
    ]
    assert config.results_folder == tmp_path / "成果"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "survey.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    assert load_config(tmp_path).title == "某区调查"


@pytest.mark.parametrize(
    ("change", "line", "hint"),
    [
        (("role: parcels", "role: parcel"), 6, "parcels"),
        (("year: 2025", "yaer: 2025"), 10, "year"),
        (("pack: demo", "pakc: demo"), 2, "pack"),
        (('division: "990112"', "division: 990112"), 4, "引号"),
        (("on: 2026-11-21", "on: 昨天"), 3, "日期"),
        (("role: patches", "role: patches\n    fields: {land_clas: DLBM}"), 7, "land_class"),
        (("year: 2025", "crs: 本地坐标"), 10, "CGCS2000 39带"),
        (('division: "990112"', "crs: CGCS2000 77带"), 4, "25–45"),
    ],
)
def test_a_mistake_names_its_line_and_what_was_meant(
    tmp_path: Path, change: tuple[str, str], line: int, hint: str
) -> None:
    file = write(tmp_path, GOOD.replace(*change))

    with pytest.raises(PanhuoError) as caught:
        load_config(file)

    told = str(caught.value)
    assert f"survey.yaml:{line}" in told
    assert hint in told


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("role: parcels", "role: parcel").replace("pack: demo\n", ""))

    with pytest.raises(PanhuoError) as caught:
        load_config(file)

    assert "parcel" in str(caught.value)
    assert "pack" in str(caught.value)


@pytest.mark.parametrize("text", ["", "- 1\n", "title: [\n", "a: b: c\n"])
def test_what_is_no_configuration_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(PanhuoError):
        load_config(write(tmp_path, text))


def test_a_missing_or_wrongly_saved_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PanhuoError, match="survey init"):
        load_config(tmp_path)
    (tmp_path / "survey.yaml").write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(PanhuoError, match="UTF-8"):
        load_config(tmp_path)
