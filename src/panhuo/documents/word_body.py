"""The blocks of a paper as Word paragraphs, tables, pictures and sections, put before a given paragraph.

Tables are written as XML text at once: python-docx's cell objects take time that grows with the square of the rows.
"""

from __future__ import annotations

import copy
import io
from typing import Any
from xml.sax.saxutils import escape

from docx.enum.text import WD_BREAK
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
from panhuo.documents.word_tables import grid, key_grid
from panhuo.documents.wording import WORDS

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
        self.laid: dict[int, list[tb.Panel]] = {}
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
        chosen = self.blocks if only is None else only
        for item, lying in st.sided(chosen, lambda table: self.panels(table)[0].landscape):
            self.turn(lying)
            self.block(item)
        self.turn(False)
        if self.paper.sources and sources:
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
                made.add_run().add_break(WD_BREAK.PAGE)

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

    def panels(self, table: Table) -> list[tb.Panel]:
        if id(table) not in self.laid:
            self.laid[id(table)] = tb.layout(tb.check(table), self.paper.lang, self.portrait, self.landscape)
        return self.laid[id(table)]

    # Tables -----------------------------------------------------------------------------------------------------

    def table(self, table: Table, number: str) -> None:
        lang = self.paper.lang
        for k, panel in enumerate(self.panels(table)):
            if table.caption:
                more = WORDS["continued"][lang] if k else ""
                self.paragraph("表题", st.caption(number, table.caption, lang) + more)
            elif k:
                self.paragraph("表题")
            self.anchor.addprevious(parse_xml(grid(table, panel, lang, self.document.styles["表格"].style_id)))
        if table.note:
            self.note(table.note)
        # Two tables without a paragraph between them would become one in Word.
        self.paragraph("表注").paragraph_format.line_spacing = Pt(9)

    def key_figures(self, block: KeyFigures) -> None:
        self.paragraph("表注").paragraph_format.line_spacing = Pt(6)
        self.anchor.addprevious(parse_xml(key_grid(block, self.portrait, self.document.styles["表格"].style_id)))
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
