"""The blocks of a paper as Word paragraphs, tables, pictures and sections, put before a given paragraph.

Tables are written as XML text at once: python-docx's cell objects take time that grows with the square of the rows.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Emu, Mm, Pt
from docx.text.paragraph import Paragraph as WordParagraph

from panhuo.documents import structure as st
from panhuo.documents import tables as tb
from panhuo.documents.fonts import clean
from panhuo.documents.graphics import drawn
from panhuo.documents.model import (
    Bullets,
    Clause,
    Figure,
    Heading,
    KeyFigures,
    PageBreak,
    Paper,
    Paragraph,
    Picture,
    Table,
)
from panhuo.documents.pdf import svg_to_png
from panhuo.documents.svg import MM
from panhuo.documents.word_styles import FACES
from panhuo.documents.wording import WORDS

_ALIGN = {"left": "left", "center": "center", "right": "right", "justify": "both"}
_PPI = 220


class Body:
    """Writes blocks into ``document`` before an anchor paragraph, which is taken away at the end."""

    def __init__(self, document: Any, paper: Paper, blocks: tuple[st.Numbered, ...]) -> None:
        self.document, self.paper, self.blocks = document, paper, blocks
        self.refs = st.references(blocks)
        section = document.sections[-1]
        self.portrait = (section.page_width - section.left_margin - section.right_margin) / 12700
        self.landscape = (section.page_height - section.top_margin - section.bottom_margin) / 12700
        self.room = (self.portrait / MM, (self.landscape / MM) - 20)
        self.anchor: Any = None
        self.lying = False

    def put(
        self,
        anchor: Any,
        *,
        only: tuple[st.Numbered, ...] | None = None,
        contents: bool = False,
        sources: bool = True,
    ) -> None:
        """Write the blocks (all, or ``only`` these) where ``anchor`` stands."""
        self.anchor = anchor._p
        if contents:
            self.contents()
        for item in self.blocks if only is None else only:
            self.block(item)
        self.turn(False)
        if self.paper.sources and sources and only is not None or (only is None and self.paper.sources):
            self.sources()
        self.anchor.getparent().remove(self.anchor)

    # Pieces -----------------------------------------------------------------------------------------------------

    def paragraph(self, style: str, words: str = "") -> Any:
        element = parse_xml(f"<w:p {nsdecls('w')}/>")
        self.anchor.addprevious(element)
        made = WordParagraph(element, self.document._body)
        made.style = self.document.styles[style]
        if words:
            made.add_run(clean(words))
        return made

    def runs(self, paragraph: Any, content: Any) -> None:
        for words, strong in st.spans(content, self.refs):
            run = paragraph.add_run(clean(words))
            if strong:
                latin, east = FACES["hei"]
                run.font.name = latin
                run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), east)

    def block(self, item: st.Numbered) -> None:
        block = item.block
        if not isinstance(block, Table):
            self.turn(False)
        match block:
            case Heading(text, level):
                self.paragraph(f"Heading {max(1, min(level, 4))}", item.number + text)
            case Paragraph(content, indent, how):
                made = self.paragraph("公文正文")
                made.paragraph_format.alignment = {"justify": 3, "left": 0, "center": 1, "right": 2}[how]
                if not indent:
                    _no_indent(made)
                self.runs(made, content)
            case Bullets(items, ordered):
                for k, words in enumerate(items, 1):
                    made = self.paragraph("公文列表")
                    made.paragraph_format.left_indent = Pt(48 if self.paper.size == "official" else 36)
                    made.paragraph_format.first_line_indent = Pt(-16 if self.paper.size == "official" else -12)
                    made.add_run(f"{k}. " if ordered else "• ")
                    self.runs(made, words)
            case Table():
                self.table(block, item.number)
            case Figure():
                self.figure(block, item.number)
            case KeyFigures():
                self.key_figures(block)
            case Clause(citation, text):
                for words in (text, citation):
                    if words:
                        made = self.paragraph("条款", words)
                        made.paragraph_format.left_indent = Pt(18)
                        _bar(made)
            case PageBreak():
                made = self.paragraph("公文正文")
                made.paragraph_format.line_spacing = Pt(1)
                made.add_run().add_break(__import__("docx").enum.text.WD_BREAK.PAGE)

    def note(self, words: str) -> None:
        if words:
            self.paragraph("表注", WORDS["note"][self.paper.lang] + words)

    def sources(self) -> None:
        self.paragraph("表注")
        self.paragraph("表注").add_run(WORDS["sources"][self.paper.lang]).bold = True
        for words in st.source_lines(self.paper):
            self.paragraph("表注", words)

    def contents(self) -> None:
        """The list of headings, filled as text; Word puts page numbers in when the field is brought up to date."""
        made = self.paragraph("表题", WORDS["contents"][self.paper.lang])
        made.paragraph_format.space_after = Pt(6)
        shown = [i for i in self.blocks if isinstance(i.block, Heading) and i.block.level <= 2]
        for k, item in enumerate(shown):
            assert isinstance(item.block, Heading)
            line = self.paragraph("公文列表")
            line.paragraph_format.left_indent = Pt(18 * (item.block.level - 1))
            if k == 0:
                _field_part(line, "begin")
                _field_part(line, None, ' TOC \\o "1-2" \\h \\z \\u ')
                _field_part(line, "separate")
            line.add_run(clean(item.number + item.block.text))
            if k == len(shown) - 1:
                _field_part(line, "end")
        self.block(st.Numbered(PageBreak()))

    def turn(self, lying: bool) -> None:
        """Begin a section that stands or lies, when the page does not already."""
        if lying == self.lying:
            return
        last = self.document.sections[-1]._sectPr
        ends = copy.deepcopy(last)
        if self.lying:
            _lay(ends)
        holder = self.paragraph("公文正文")
        holder.paragraph_format.line_spacing = Pt(1)
        holder._p.get_or_add_pPr().append(ends)
        self.lying = lying

    # Tables -----------------------------------------------------------------------------------------------------

    def table(self, table: Table, number: str) -> None:
        lang = self.paper.lang
        tb.check(table)
        panels = tb.layout(table, lang, self.portrait, self.landscape)
        self.turn(panels[0].landscape)
        for k, panel in enumerate(panels):
            if table.caption:
                more = WORDS["continued"][lang] if k else ""
                self.paragraph("表题", st.caption(number, table.caption, lang) + more)
            elif k:
                self.paragraph("表题")
            self.anchor.addprevious(parse_xml(self.grid(table, panel)))
        if table.note:
            self.note(table.note)
        # Two tables without a paragraph between them would become one in Word.
        self.paragraph("表注").paragraph_format.line_spacing = Pt(9)

    def grid(self, table: Table, panel: tb.Panel) -> str:
        """One panel as WordprocessingML."""
        lang = self.paper.lang
        columns = tb.panel_columns(table, panel)
        widths = [round(w * 20) for w in panel.widths]
        head = tb.header(columns, lang)
        out = [_table_start(widths)]
        for level in range(tb.depth(columns)):
            out.append("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>")
            for cell, first in _across(head, level):
                merge = (
                    f"<w:vMerge{' w:val=' + chr(34) + 'restart' + chr(34) if first else ''}/>" if cell.rows > 1 else ""
                )
                w = sum(widths[cell.column : cell.column + cell.columns])
                form = (
                    f'<w:gridSpan w:val="{cell.columns}"/>{merge}<w:shd w:val="clear" w:color="auto" w:fill="F0F0F0"/>'
                )
                out.append(_cell(cell.words if first else "", w, "center", panel.size, form, strong=True))
            out.append("</w:tr>")
        for row in table.rows:
            cells = [tb.words(row[k], table.columns[k], lang) for k in panel.columns]
            out.append(self.row(cells, columns, widths, panel.size))
        if not table.rows:
            form = f'<w:gridSpan w:val="{len(columns)}"/>'
            none = _cell(WORDS["no_rows"][lang], sum(widths), "center", panel.size, form)
            out.append(f"<w:tr>{none}</w:tr>")
        if table.total is not None:
            cells = [
                "" if tb.blank(table.total[k]) else tb.words(table.total[k], table.columns[k], lang)
                for k in panel.columns
            ]
            out.append(self.row(cells, columns, widths, panel.size, total=True))
        out.append("</w:tbl>")
        return "".join(out)

    @staticmethod
    def row(cells: Sequence[str], columns: Any, widths: Sequence[int], size: float, *, total: bool = False) -> str:
        form = '<w:shd w:val="clear" w:color="auto" w:fill="F7F7F7"/>' if total else ""
        body = "".join(
            _cell(words, w, tb.align(column), size, form, strong=total)
            for words, column, w in zip(cells, columns, widths, strict=True)
        )
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{body}</w:tr>"

    def key_figures(self, block: KeyFigures) -> None:
        per = min(len(block.items), 4)
        width = round(self.portrait * 20 / per)
        out = [_table_start([width] * per)]
        for start in range(0, len(block.items), per):
            out.append("<w:tr><w:trPr><w:cantSplit/></w:trPr>")
            items = block.items[start : start + per]
            for k in range(per):
                if k >= len(items):
                    out.append(_cell("", width, "center", 10.5))
                    continue
                i = items[k]
                out.append(
                    f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
                    + _line(i.label, "center", 10)
                    + _line(f"{i.value} {i.unit}".strip(), "center", 16 if len(i.value) < 9 else 13, strong=True)
                    + (_line(i.note, "center", 9) if i.note else "")
                    + "</w:tc>"
                )
            out.append("</w:tr>")
        out.append("</w:tbl>")
        self.anchor.addprevious(parse_xml("".join(out)))
        self.paragraph("表注").paragraph_format.line_spacing = Pt(9)

    # Figures ----------------------------------------------------------------------------------------------------

    def figure(self, figure: Figure, number: str) -> None:
        graphic = drawn(figure.graphic, *self.room)
        png = graphic.png if isinstance(graphic, Picture) else svg_to_png(graphic, ppi=_PPI)
        scale = min(1.0, self.room[0] / graphic.width_mm, self.room[1] / graphic.height_mm)
        holder = self.paragraph("图")
        size = {"width": Mm(graphic.width_mm * scale), "height": Mm(graphic.height_mm * scale)}
        shape = holder.add_run().add_picture(io.BytesIO(png), **{k: Emu(int(v)) for k, v in size.items()})
        properties = shape._inline.docPr
        properties.set("descr", clean(figure.caption or getattr(graphic, "alt", "")))
        if figure.caption:
            self.paragraph("图题", st.caption(number, figure.caption, self.paper.lang))
        self.note(figure.note)
        self.paragraph("表注").paragraph_format.line_spacing = Pt(9)


def _across(head: Sequence[tb.HeaderCell], level: int) -> list[tuple[tb.HeaderCell, bool]]:
    """The header cells that reach into row ``level``, from left to right, and whether they begin there."""
    return sorted(
        ((c, c.row == level) for c in head if c.row <= level < c.row + c.rows), key=lambda pair: pair[0].column
    )


def _table_start(widths: Sequence[int]) -> str:
    edge = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="404040"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    margin = '<w:tblCellMar><w:left w:w="68" w:type="dxa"/><w:right w:w="68" w:type="dxa"/></w:tblCellMar>'
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{edge}</w:tblBorders><w:tblLayout w:type="fixed"/>{margin}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
    )


def _cell(words: str, width: int, how: str, size: float, form: str = "", *, strong: bool = False) -> str:
    properties = f'<w:tcW w:w="{width}" w:type="dxa"/>{form}<w:vAlign w:val="center"/>'
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{_line(words, how, size, strong=strong)}</w:tc>"


def _line(words: str, how: str, size: float, *, strong: bool = False) -> str:
    latin, east = FACES["hei" if strong else "song"]
    face = f'<w:rFonts w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{east}"/><w:sz w:val="{round(size * 2)}"/>'
    rows = clean(words).split("\n")
    texts = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(row)}</w:t>' for row in rows)
    spacing = '<w:spacing w:before="30" w:after="30" w:line="240" w:lineRule="auto"/>'
    properties = f'<w:pStyle w:val="{{style}}"/>{spacing}<w:jc w:val="{_ALIGN[how]}"/>'.replace(
        '<w:pStyle w:val="{style}"/>', ""
    )
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{face}</w:rPr>{texts}</w:r></w:p>"


def _field_part(paragraph: Any, kind: str | None, code: str = "") -> None:
    part = (
        f'<w:fldChar w:fldCharType="{kind}"/>'
        if kind
        else f'<w:instrText xml:space="preserve">{escape(code)}</w:instrText>'
    )
    paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{part}</w:r>"))


def _no_indent(paragraph: Any) -> None:
    indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
    indent.set(qn("w:firstLineChars"), "0")
    indent.set(qn("w:firstLine"), "0")


def _bar(paragraph: Any) -> None:
    """A rule to the left of the paragraph."""
    borders = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:left w:val="single" w:sz="16" w:space="8" w:color="8C8C8C"/></w:pBdr>'
    )
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:kinsoku", "w:wordWrap", "w:spacing", "w:ind", "w:jc"
    )


def _lay(section: Any) -> None:
    """Turn the page of a section's properties on its side."""
    size, margin = section.find(qn("w:pgSz")), section.find(qn("w:pgMar"))
    w, h = size.get(qn("w:w")), size.get(qn("w:h"))
    size.set(qn("w:w"), h)
    size.set(qn("w:h"), w)
    size.set(qn("w:orient"), "landscape")
    sides = {side: margin.get(qn(f"w:{side}")) for side in ("top", "bottom", "left", "right")}
    turned = {"top": "left", "right": "top", "bottom": "right", "left": "bottom"}
    for side, was in turned.items():
        margin.set(qn(f"w:{side}"), sides[was])
