"""Tables as WordprocessingML text.

Written at once and parsed once: python-docx's cell objects take time that grows with the square of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from docx.oxml.ns import nsdecls

from panhuo.documents import tables as tb
from panhuo.documents.fonts import clean, text_width
from panhuo.documents.model import Column, KeyFigures, Table
from panhuo.documents.word_styles import FACES
from panhuo.documents.wording import WORDS
from panhuo.messages import Lang

_HEAD = '<w:shd w:val="clear" w:color="auto" w:fill="F0F0F0"/>'
_TOTAL = '<w:shd w:val="clear" w:color="auto" w:fill="F7F7F7"/>'


def grid(table: Table, panel: tb.Panel, lang: Lang, style: str) -> str:
    """One panel of ``table``: header rows that repeat, rows that are not divided; ``style`` is the cells' style id."""
    columns = tb.panel_columns(table, panel)
    widths = [round(w * 20) for w in panel.widths]
    head = tb.header(columns, lang)
    # The rows of a short table hold on to each other, so that it is not divided.
    short = tb.height(table, panel, lang) <= tb.SHORT[panel.landscape]
    out = [_start(widths)]
    for level in range(tb.depth(columns)):
        out.append("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>")
        for cell, first in _across(head, level):
            restart = ' w:val="restart"' if first else ""
            merge = f"<w:vMerge{restart}/>" if cell.rows > 1 else ""
            w = sum(widths[cell.column : cell.column + cell.columns])
            said = tb.fitted(cell.words, cell.column_of, w / 20 - tb.PADDING, panel.size, lang) if first else ""
            form = f'<w:gridSpan w:val="{cell.columns}"/>{merge}{_HEAD}'
            out.append(_cell(_line(said, "center", panel.size, style, strong=True, keep=True), w, form))
        out.append("</w:tr>")
    last = len(table.rows) - 1
    for n, row in enumerate(table.rows):
        cells = [tb.words(row[k], table.columns[k], lang) for k in panel.columns]
        out.append(
            _row(cells, columns, widths, panel.size, style, keep=short and (n < last or table.total is not None))
        )
    if not len(table.rows):
        none = _line(WORDS["no_rows"][lang], "center", panel.size, style)
        out.append(f"<w:tr>{_cell(none, sum(widths), f'<w:gridSpan w:val={quoteattr(str(len(columns)))}/>')}</w:tr>")
    if table.total is not None:
        total = table.total
        cells = ["" if tb.blank(total[k]) else tb.words(total[k], table.columns[k], lang) for k in panel.columns]
        out.append(_row(cells, columns, widths, panel.size, style, strong=True))
    return "".join(out) + "</w:tbl>"


def key_grid(block: KeyFigures, width: float, style: str) -> str:
    """Key figures side by side, four at most, over ``width`` points."""
    per = block.across
    each = round(width * 20 / per)
    widest = max(text_width(f"{i.value} {i.unit}", 16.0) for i in block.items)
    size = max(9.0, round(min(16.0, 16.0 * (width / per - 14) / widest) * 2) / 2)
    out = [_start([each] * per)]
    for start in range(0, len(block.items), per):
        items = block.items[start : start + per]
        out.append("<w:tr><w:trPr><w:cantSplit/></w:trPr>")
        for i in items:
            body = _line(i.label, "center", 10, style)
            body += _line(f"{i.value} {i.unit}".strip(), "center", size, style, strong=True)
            out.append(_cell(body + (_line(i.note, "center", 9, style) if i.note else ""), each))
        out += [_cell(_line("", "center", 10, style), each)] * (per - len(items))
        out.append("</w:tr>")
    return "".join(out) + "</w:tbl>"


def _across(head: Sequence[tb.HeaderCell], level: int) -> list[tuple[tb.HeaderCell, bool]]:
    """The header cells that reach into row ``level``, from left to right, and whether they begin there."""
    reach = [(c, c.row == level) for c in head if c.row <= level < c.row + c.rows]
    return sorted(reach, key=lambda pair: pair[0].column)


def _start(widths: Sequence[int]) -> str:
    edge = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="404040"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    columns = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    margin = '<w:tblCellMar><w:left w:w="68" w:type="dxa"/><w:right w:w="68" w:type="dxa"/></w:tblCellMar>'
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{edge}</w:tblBorders><w:tblLayout w:type="fixed"/>{margin}</w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>"
    )


def _row(
    cells: Sequence[str],
    columns: Sequence[Column],
    widths: Sequence[int],
    size: float,
    style: str,
    *,
    strong: bool = False,
    keep: bool = False,
) -> str:
    body = "".join(
        _cell(_line(words, tb.align(column), size, style, strong=strong, keep=keep), w, _TOTAL if strong else "")
        for words, column, w in zip(cells, columns, widths, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{body}</w:tr>"


def _cell(body: str, width: int, form: str = "") -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{form}<w:vAlign w:val="center"/></w:tcPr>{body}</w:tc>'


def _line(words: str, how: str, size: float, style: str, *, strong: bool = False, keep: bool = False) -> str:
    latin, east = FACES["hei" if strong else "song"]
    face = f'<w:rFonts w:ascii="{latin}" w:hAnsi="{latin}" w:eastAsia="{east}"/><w:sz w:val="{round(size * 2)}"/>'
    texts = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(row)}</w:t>' for row in clean(words).split("\n"))
    hold = "<w:keepNext/>" if keep else ""
    spacing = '<w:spacing w:before="30" w:after="30" w:line="240" w:lineRule="auto"/>'
    form = f'<w:pStyle w:val={quoteattr(style)}/>{hold}{spacing}<w:jc w:val="{how}"/>'
    return f"<w:p><w:pPr>{form}</w:pPr><w:r><w:rPr>{face}</w:rPr>{texts}</w:r></w:p>"
