"""Styles, page and fields of a Word paper after GB/T 9704-2012.

The licensed faces are named (officials' machines have them) and Word falls back by the alternative names it knows;
nothing is embedded.
"""

from __future__ import annotations

from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from panhuo.documents.model import Paper

#: (ascii font, East Asian font) of each part.
FACES = {
    "title": ("Times New Roman", "方正小标宋简体"),
    "body": ("Times New Roman", "仿宋_GB2312"),
    "kai": ("Times New Roman", "楷体_GB2312"),
    "hei": ("Arial", "黑体"),
    "song": ("Times New Roman", "宋体"),
}
#: What stands in where a machine has not the licensed face: written to the font table as w:altName.
STAND_INS = {"方正小标宋简体": "宋体", "仿宋_GB2312": "仿宋", "楷体_GB2312": "楷体", "黑体": "SimHei", "宋体": "SimSun"}

#: Paragraph styles of the body: name -> (face, size official, size compact, align, first-line indent, keep with next).
STYLES: dict[str, tuple[str, float, float, str, bool, bool]] = {
    "公文标题": ("title", 22, 22, "center", False, True),
    "公文副标题": ("kai", 16, 16, "center", False, True),
    "发文字号": ("body", 14, 14, "center", False, False),
    "公文正文": ("body", 16, 12, "both", True, False),
    "公文列表": ("body", 16, 12, "left", False, False),
    "条款": ("kai", 14, 11, "left", False, False),
    "表题": ("hei", 12, 10.5, "center", False, True),
    "图题": ("hei", 12, 10.5, "center", False, False),
    "图": ("song", 10.5, 10.5, "center", False, True),
    "表格": ("song", 10.5, 10.5, "left", False, False),
    "表注": ("song", 10.5, 9, "left", False, False),
    "落款": ("body", 16, 12, "right", False, False),
}
#: Latin names of the styles, by which templates in English may also carry them.
MARGINS = {"top": 37, "bottom": 35, "left": 28, "right": 26}


def set_face(style: Any, face: str) -> None:
    """Name the fonts of ``style``, for Latin and for Chinese letters."""
    latin, east = FACES[face]
    properties = style.element.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for slot, family in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", east)):
        fonts.set(qn(f"w:{slot}"), family)


def prepare(document: Any, paper: Paper) -> None:
    """Give ``document`` the styles that the body uses; a style the template already has keeps the template's form."""
    styles = document.styles
    official = paper.size == "official"
    for name, (face, big, small, how, indent, keep) in STYLES.items():
        if name in styles:
            continue
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.quick_style = True
        size = big if official else small
        _form(style, face, size, how, keep)
        lines = style.paragraph_format
        if face in ("body", "kai") and name not in ("条款",):
            lines.line_spacing = Pt(29 if size > 14 else 28 if name == "发文字号" else 21)
        if name == "公文标题":
            lines.line_spacing = Pt(35)
            style.font.bold = False
        if indent and paper.lang == "zh":
            _indent(style, 200)
    for level in range(1, 5):
        name = f"Heading {level}"
        there = name in styles
        style = styles[name] if there else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=True)
        if there and _own(style):
            continue
        face = {1: "hei", 2: "kai"}.get(level, "body")
        _form(style, face, 16 if official else 12, "left", True)
        style.font.bold = level in (2, 3) or paper.lang == "en"
        style.font.italic = False
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.paragraph_format.line_spacing = Pt(29 if official else 21)
        style.paragraph_format.space_before = Pt(0)
        style.next_paragraph_style = styles["公文正文"]
        if paper.lang == "zh":
            _indent(style, 200)


def _own(style: Any) -> bool:
    """True when a template's maker gave this heading a Chinese font: then it stays as it is."""
    fonts = style.element.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
    return fonts is not None and fonts.get(qn("w:eastAsia")) is not None


def _form(style: Any, face: str, size: float, how: str, keep: bool) -> None:
    set_face(style, face)
    style.font.size = Pt(size)
    lines = style.paragraph_format
    lines.space_before = lines.space_after = Pt(0)
    lines.keep_with_next = keep
    lines.widow_control = True
    lines.alignment = {
        "center": WD_ALIGN_PARAGRAPH.CENTER,
        "right": WD_ALIGN_PARAGRAPH.RIGHT,
        "left": WD_ALIGN_PARAGRAPH.LEFT,
        "both": WD_ALIGN_PARAGRAPH.JUSTIFY,
    }[how]


def _indent(style: Any, chars: int) -> None:
    """Indent the first line by hundredths of a character, so that it follows the size of the type."""
    properties = style.element.get_or_add_pPr()
    for old in properties.findall(qn("w:ind")):
        properties.remove(old)
    indent = properties.get_or_add_ind()
    indent.set(qn("w:firstLineChars"), str(chars))
    indent.set(qn("w:firstLine"), str(round(chars / 100 * (style.font.size.pt if style.font.size else 16) * 20)))


def page(section: Any) -> None:
    """A4 with the margins of the type area of 156 mm x 225 mm."""
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(MARGINS["top"]), Mm(MARGINS["bottom"])
    section.left_margin, section.right_margin = Mm(MARGINS["left"]), Mm(MARGINS["right"])
    section.header_distance, section.footer_distance = Mm(20), Mm(24)


def footers(document: Any) -> None:
    """Page numbers — 1 —: outside on the page, odd right, even left, one character in (GB/T 9704-2012, 7.5)."""
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    for footer, how in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.alignment = how
        indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
        side = "right" if how == WD_ALIGN_PARAGRAPH.RIGHT else "left"
        indent.set(qn(f"w:{side}Chars"), "100")
        indent.set(qn(f"w:{side}"), "280")
        _piece(paragraph, "— ")
        _field(paragraph, "PAGE")
        _piece(paragraph, " —")


def headers(document: Any, mark: str) -> None:
    """``mark`` at the head of each page, odd and even."""
    section = document.sections[0]
    for header in (section.header, section.even_page_header):
        header.is_linked_to_previous = False
        paragraph = header.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        run = _piece(paragraph, mark)
        run.font.size = Pt(10.5)


def _piece(paragraph: Any, words: str) -> Any:
    run = paragraph.add_run(words)
    run.font.size = Pt(14)
    run.font.name = "宋体"
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "宋体")
    return run


def _field(paragraph: Any, code: str) -> None:
    run = _piece(paragraph, "")
    for kind in ("begin", "instr", "separate", "text", "end"):
        if kind == "instr":
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = f" {code} "
        elif kind == "text":
            part = OxmlElement("w:t")
            part.text = "1"
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)


def font_table(document: Any) -> None:
    """Write the stand-ins of the licensed faces into the font table (w:altName), where Word looks for them."""
    for rel in document.part.rels.values():
        if rel.reltype.endswith("/fontTable"):
            fonts = "".join(
                f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/><w:family w:val="auto"/>'
                f'<w:pitch w:val="variable"/></w:font>'
                for name, other in STAND_INS.items()
            )
            table = parse_xml(f"<w:fonts {nsdecls('w')}>{fonts}</w:fonts>")
            rel.target_part._blob = serialize_part_xml(table)
