"""Papers as an office receives them: read back with other people's readers."""

from __future__ import annotations

import datetime as dt
import io
import re
import shutil
from pathlib import Path

import docx
import pylopdf_fonts_zh_cn
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from sample_papers import CLASSES, DAY, TOWNS, parcel_table, sample_paper, town_table

from panhuo.documents import (
    Bullets,
    Cell,
    Chart,
    Clause,
    Column,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paper,
    Paragraph,
    Picture,
    Ref,
    Series,
    Strong,
    Table,
    write_docx,
    write_pdf,
    write_template,
)
from panhuo.documents import tables as tb
from panhuo.documents.fonts import fonts, text_width
from panhuo.documents.pages import page_pictures
from panhuo.documents.pdf import _break
from panhuo.documents.wording import chinese_number
from panhuo.messages import PanhuoError

HOSTILE = (
    '#import "x.typ": *', "#panic(1)", "$x^2$ <label> @ref `raw` *bold* _it_ \\ // /* ]] }", '"; #read("/etc/passwd")',
    "{{ 7*7 }} {% for x in y %}", "</w:t></w:r><w:r><w:t>", "<svg onload=alert(1)>&amp;&#x0;", "=HYPERLINK(\"http://x\")",
    "甲\x00乙\x0b丙\ud800丁\ufffe", "\u202e倒写",
)  # fmt: skip


def text_of(pdf: bytes) -> str:
    # Line breaks and the thin spaces between Chinese and Latin are the typesetter's, not the author's.
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


@pytest.fixture(scope="module")
def chinese_pdf() -> bytes:
    return write_pdf(sample_paper("zh"))


@pytest.fixture(scope="module")
def chinese_pages(chinese_pdf: bytes) -> list[str]:
    return [re.sub(r"\s+", "", page.extract_text()) for page in PdfReader(io.BytesIO(chinese_pdf)).pages]


@pytest.fixture(scope="module")
def chinese_docx() -> bytes:
    return write_docx(sample_paper("zh"))


def test_the_pdf_says_what_the_paper_says(chinese_pages: list[str]) -> None:
    text = "".join(chinese_pages)
    for words in ("澄湖区低效用地调查成果报告", "一、调查工作概况", "（一）认定依据", "1.数据质量", "澄湖区自然资源局"):
        assert words in text
    assert "表1各乡镇（街道）低效用地汇总表" in text and "图1各乡镇（街道）低效用地面积" in text
    assert "各乡镇（街道）情况见表1和图1。" in text
    assert "2026年11月21日" in text
    assert "1,027.35" in text


def test_the_pdf_is_an_archive_file_with_a_title_and_page_numbers(chinese_pdf: bytes, chinese_pages: list[str]) -> None:
    reader = PdfReader(io.BytesIO(chinese_pdf))
    assert b"pdfaid:part" in chinese_pdf or "pdfaid" in str(
        reader.xmp_metadata and reader.xmp_metadata.stream.get_data()
    )
    assert reader.metadata is not None and reader.metadata.title == "澄湖区低效用地调查成果报告"
    for number, text in enumerate(chinese_pages, 1):
        assert f"—{number}—" in text
    first = reader.pages[0].mediabox
    assert (round(float(first.width) / 72 * 25.4), round(float(first.height) / 72 * 25.4)) == (210, 297)


def test_a_long_table_repeats_its_header_on_every_page(chinese_pages: list[str]) -> None:
    with_rows = [text for text in chinese_pages if re.search(r"99011200\d001GB\d{5}", text)]
    assert len(with_rows) > 3
    assert all("宗地代码" in text and "权利人" in text for text in with_rows)
    assert sum(len(re.findall(r"99011200\d001GB\d{5}", text)) for text in with_rows) == 90


def test_a_table_too_wide_for_any_page_goes_on_beside_itself_with_its_first_column(chinese_pages: list[str]) -> None:
    text = "".join(chinese_pages)
    assert text.count("表3分年度投入产出情况表（续表）") >= 2
    for year in range(2020, 2032):
        assert f"{year}年" in text


def test_two_runs_are_equal_byte_by_byte(chinese_pdf: bytes, chinese_docx: bytes) -> None:
    assert write_pdf(sample_paper("zh")) == chinese_pdf
    assert write_docx(sample_paper("zh")) == chinese_docx


def test_the_word_file_has_real_headings_captions_and_repeating_headers(chinese_docx: bytes) -> None:
    document = docx.Document(io.BytesIO(chinese_docx))
    headings = [(p.style.name, p.text) for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert headings[:2] == [("Heading 1", "一、调查工作概况"), ("Heading 2", "（一）认定依据")]
    assert ("Heading 3", "1.数据质量") in headings
    captions = [p.text for p in document.paragraphs if p.style.name == "表题"]
    assert "表1　各乡镇（街道）低效用地汇总表" in captions
    details = document.tables[-1]
    rows = details._tbl.tr_lst
    assert rows[0].trPr.find(qn("w:tblHeader")) is not None
    assert all(row.trPr.find(qn("w:cantSplit")) is not None for row in rows)
    assert len(rows) == 1 + 90 + 1
    assert details.rows[1].cells[0].text.endswith("GB00001")
    assert details.rows[-1].cells[0].text == "合计"


def test_the_word_table_merges_its_header_as_the_paper_groups_it(chinese_docx: bytes) -> None:
    table = docx.Document(io.BytesIO(chinese_docx)).tables[1]
    top, second = table.rows[0].cells, table.rows[1].cells
    assert top[1].text == top[2].text == CLASSES[0]
    assert top[0]._tc is second[0]._tc
    assert [c.text for c in second[1:3]] == ["宗数", "面积\n（公顷）"]
    assert [row.cells[0].text for row in table.rows[2:-1]] == list(TOWNS)


def test_the_word_file_names_official_faces_numbers_its_pages_and_turns_wide_tables(chinese_docx: bytes) -> None:
    document = docx.Document(io.BytesIO(chinese_docx))
    body = document.styles["公文正文"].element
    assert body.find(f"{qn('w:rPr')}/{qn('w:rFonts')}").get(qn("w:eastAsia")) == "仿宋_GB2312"
    assert "PAGE" in document.sections[0].footer._element.xml
    turned = [s.page_width > s.page_height for s in document.sections]
    assert True in turned and turned[0] is False and turned[-1] is False
    first = document.sections[0]
    assert [round(v.mm) for v in (first.top_margin, first.bottom_margin, first.left_margin, first.right_margin)] == [
        37,
        35,
        28,
        26,
    ]


def test_pictures_in_word_have_print_quality_and_say_what_they_show(chinese_docx: bytes) -> None:
    document = docx.Document(io.BytesIO(chinese_docx))
    assert len(document.inline_shapes) == 7
    for shape in document.inline_shapes:
        picture = document.part.related_parts[shape._inline.graphic.graphicData.pic.blipFill.blip.embed].image
        assert picture.px_width / (shape.width / 914400) >= 200
        assert shape._inline.docPr.get("descr")


def test_officials_can_change_the_template(tmp_path: Path) -> None:
    form = tmp_path / "模板.docx"
    write_template(form)
    document = docx.Document(str(form))
    document.paragraphs[0].insert_paragraph_before("澄湖区人民政府文件")
    document.add_paragraph("{{ place.towns }}")
    document.add_paragraph("联系人：{{ issuer }}")
    document.save(str(form))

    made = docx.Document(io.BytesIO(write_docx(sample_paper("zh"), template=form)))

    words = [p.text for p in made.paragraphs]
    assert words[0] == "澄湖区人民政府文件" and words[1] == "澄湖区低效用地调查成果报告"
    assert words[-1] == "联系人：澄湖区自然资源局"
    assert words.count("表1　各乡镇（街道）低效用地汇总表") == 1
    last = made.tables[-1]
    assert last.rows[2].cells[0].text == TOWNS[0]
    assert not any("{{" in w or "\ue0f0" in w for w in words)


def test_a_template_without_a_place_for_the_body_is_refused_with_a_sentence(tmp_path: Path) -> None:
    form = tmp_path / "无正文.docx"
    document = docx.Document()
    document.add_paragraph("{{ title }}")
    document.save(str(form))
    with pytest.raises(PanhuoError, match="body"):
        write_docx(sample_paper("zh"), template=form)
    form.write_bytes(b"not a document")
    with pytest.raises(PanhuoError, match="模板"):
        write_docx(sample_paper("zh"), template=form)
    # A template cannot reach into Python.
    document.add_paragraph("{{ title.__class__.__mro__ }} {{ body }}")
    document.save(str(form))
    with pytest.raises(PanhuoError):
        write_docx(sample_paper("zh"), template=form)


def hostile_paper() -> Paper:
    cells = tuple((words,) for words in HOSTILE)
    return Paper(
        HOSTILE[0],
        DAY,
        (
            *(Heading(words) for words in HOSTILE),
            *(Paragraph((words, Strong(words))) for words in HOSTILE),
            Bullets(HOSTILE),
            KeyFigures(tuple(KeyFigure(w, w, w, w) for w in HOSTILE[:3])),
            Clause(HOSTILE[1], HOSTILE[2]),
            Table((Column(HOSTILE[3], HOSTILE[2], group=(HOSTILE[1],)),), cells, HOSTILE[5], HOSTILE[6]),
            Figure(
                Chart("bar", HOSTILE, (Series(HOSTILE[6], tuple(range(len(HOSTILE)))),), HOSTILE[2], HOSTILE[6]),
                HOSTILE[4],
            ),
        ),
        subtitle=HOSTILE[1],
        number=HOSTILE[2],
        issuer=HOSTILE[4],
        sources=HOSTILE,
        mark=HOSTILE[6],
    )


def test_hostile_words_are_printed_and_never_obeyed(tmp_path: Path) -> None:
    text = text_of(write_pdf(hostile_paper()))
    for words in ('#import"x.typ":*', "#panic(1)", "{{7*7}}", '#read("/etc/passwd")', "甲乙丙丁"):
        assert words in text
    write_template(tmp_path / "t.docx")
    for made in (write_docx(hostile_paper()), write_docx(hostile_paper(), template=tmp_path / "t.docx")):
        words = [p.text for p in docx.Document(io.BytesIO(made)).paragraphs]
        assert any("{{ 7*7 }}" in w for w in words) and any("</w:t></w:r>" in w for w in words)
        assert not any("\u202e" in w for w in words)


@settings(max_examples=8, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_words_at_all_can_be_printed(title: str, cell: str) -> None:
    paper = Paper(title, DAY, (Paragraph(cell), Table((Column(title),), ((cell,),), cell)), issuer=title)
    assert write_pdf(paper).startswith(b"%PDF")
    docx.Document(io.BytesIO(write_docx(paper)))


def test_a_character_that_no_font_holds_is_named_at_the_end() -> None:
    rare = chr(0x2A6B2)
    text = text_of(write_pdf(Paper("权利人名单", DAY, (Paragraph(f"王{rare}"),))))
    assert "王〓" in text and "U+2A6B2" in text
    # Word finds fonts of its own: nothing is replaced there.
    made = docx.Document(io.BytesIO(write_docx(Paper("名单", DAY, (Paragraph(f"王{rare}"),)))))
    assert any(p.text == f"王{rare}" for p in made.paragraphs)


def test_a_total_that_is_not_the_sum_is_refused() -> None:
    table = town_table("zh")
    assert table.total is not None
    wrong = Table(table.columns, table.rows, table.caption, total=(table.total[0], 1, *table.total[2:]))
    with pytest.raises(PanhuoError, match="不符"):
        write_pdf(Paper("表", DAY, (wrong,)))


def test_a_reference_to_nothing_is_an_error_and_an_empty_table_says_so() -> None:
    with pytest.raises(PanhuoError, match="nowhere"):
        write_pdf(Paper("题", DAY, (Paragraph((Ref("nowhere"),)),)))
    empty = Table((Column("宗地代码", kind="code"), Column("面积", "㎡", "number")), (), "名单")
    assert "（无记录）" in text_of(write_pdf(Paper("题", DAY, (empty,))))
    assert (
        docx.Document(io.BytesIO(write_docx(Paper("题", DAY, (empty,))))).tables[0].rows[1].cells[0].text
        == "（无记录）"
    )


def test_the_english_paper_counts_and_dates_in_english() -> None:
    text = text_of(write_pdf(sample_paper("en", "compact")))
    for words in ("1.1Grounds", "Table1.Inefficientlandbytownship", "21November2026", "Contents"):
        assert words in text


def test_long_codes_never_leave_their_cell() -> None:
    code = "370000000000GB00001F00000001" * 4
    paper = Paper(
        "题",
        dt.date(2026, 1, 2),
        (Table(tuple(Column(f"第{k}列", kind="code") for k in range(9)), ((code,) * 9,), "表"),),
    )
    assert text_of(write_pdf(paper)).replace("\u200b", "").count("370000000000GB00001F00000001"[:6]) >= 9


def test_a_register_of_hundreds_of_rows_is_typeset() -> None:
    made = write_pdf(Paper("登记册", DAY, (parcel_table("zh", 800),)))
    assert len(PdfReader(io.BytesIO(made)).pages) > 40


def test_pages_can_be_looked_at_and_a_picture_stands_in_a_paper(chinese_pdf: bytes) -> None:
    pages = page_pictures(chinese_pdf, ppi=30, most=2)
    assert len(pages) == 2 and all(p.startswith(b"\x89PNG") for p in pages)
    paper = Paper("附图", DAY, (Figure(Picture(pages[0], 60, 85), "首页"),))
    assert "图1首页" in text_of(write_pdf(paper))
    assert len(docx.Document(io.BytesIO(write_docx(paper))).inline_shapes) == 1
    with pytest.raises(PanhuoError, match="PDF"):
        page_pictures(b"no pdf")


def test_an_office_can_bring_its_own_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(pylopdf_fonts_zh_cn.serif_path(), tmp_path / "own.otf")
    monkeypatch.setenv("PANHUO_FONT_DIRS", str(tmp_path))
    assert fonts().folders[0] == tmp_path
    assert "字体" in text_of(write_pdf(Paper("字体", DAY)))
    monkeypatch.setenv("PANHUO_FONT_DIRS", str(tmp_path / "没有"))
    with pytest.raises(PanhuoError, match="PANHUO_FONT_DIRS"):
        write_pdf(Paper("字体", DAY))


def test_a_cell_longer_than_a_page_is_divided_and_not_cut() -> None:
    story = "".join(f"第{k}句。" for k in range(1500))
    table = Table((Column("编号", kind="code"), Column("问题描述")), (("1", story), ("2", "短")), "问题清单")
    assert "第1499句。" in text_of(write_pdf(Paper("清单", DAY, (table,))))


def test_a_table_whose_rows_do_not_match_its_columns_is_refused() -> None:
    for table in (
        Table((Column("甲"),), (("一", "二"),), "表"),
        Table((), (), "表"),
        Table((Column("甲"),), (), total=(1, 2)),
    ):
        with pytest.raises(PanhuoError):
            write_docx(Paper("表", DAY, (table,)))


@pytest.mark.parametrize(
    ("value", "column", "said"),
    [
        (None, Column("面积", kind="number"), "—"),
        (float("nan"), Column("面积", kind="number"), "—"),
        (-0.001, Column("面积", kind="number", decimals=2), "0.00"),
        (1234567.891, Column("面积", kind="number", decimals=2), "1,234,567.89"),
        (1234, Column("宗数", kind="number"), "1,234"),
        (2025, Column("年份", kind="code"), "2025"),
        (True, Column("登记"), "是"),
        (dt.date(2026, 1, 2), Column("日期", kind="date"), "2026-01-02"),
        ("", Column("权利人"), "—"),
    ],
)
def test_cells_stand_as_an_office_writes_them(value: Cell, column: Column, said: str) -> None:
    assert tb.words(value, column, "zh") == said


def test_chinese_numerals_count_as_headings_do() -> None:
    assert [chinese_number(n) for n in (1, 10, 11, 20, 35, 99)] == ["一", "十", "十一", "二十", "三十五", "九十九"]


@pytest.mark.parametrize("size", [8.0, 9.0, 10.5])
def test_a_number_is_not_broken_in_a_column_made_for_it(size: float) -> None:
    number = "334,357"
    room = text_width(number, size, "serif") + 0.1 * size  # what the layout leaves the widest number of a column
    assert _break(number, room, size) == number
    assert "\u200b" in _break(number, room / 2, size)


@pytest.mark.parametrize("count", [9_999, 1_000_037, 499_999_999])
def test_a_written_down_width_gives_way_to_figures(count: int) -> None:
    """A column fixed for a district's counts still holds a province's in one piece."""
    fixed = (Column("类别", width=60), Column("条件", width=75), Column("不符合", kind="number", decimals=0, width=14))
    table = Table(fixed, [("效益低下类", "亩均税收低于同行业平均水平", count)], caption="条件", landscape=False)
    (panel,) = tb.layout(table, "zh")
    room = panel.widths[2] - tb.PADDING
    assert text_width(f"{count:,}", panel.size, "serif") < room
