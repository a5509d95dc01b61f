"""Word, Excel, PDF, maps and charts from plain dataclasses."""

from panhuo.documents.charts import Chart, Series, chart, histogram
from panhuo.documents.excel import write_xlsx
from panhuo.documents.graphics import render_svg
from panhuo.documents.maps import BoundaryLayer, ClassStyle, MapLayer, MapSpec, map_svg
from panhuo.documents.model import (
    Block,
    Bullets,
    Cell,
    Clause,
    Column,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    PageBreak,
    Paper,
    Paragraph,
    Picture,
    Ref,
    Sheet,
    Strong,
    Table,
    Workbook,
)
from panhuo.documents.pdf import svg_to_png, write_pdf
from panhuo.documents.svg import Drawing
from panhuo.documents.tables import with_total
from panhuo.documents.word import write_docx, write_template

__all__ = [
    "Block",
    "BoundaryLayer",
    "Bullets",
    "Cell",
    "Chart",
    "ClassStyle",
    "Clause",
    "Column",
    "Drawing",
    "Figure",
    "Heading",
    "KeyFigure",
    "KeyFigures",
    "MapLayer",
    "MapSpec",
    "PageBreak",
    "Paper",
    "Paragraph",
    "Picture",
    "Ref",
    "Series",
    "Sheet",
    "Strong",
    "Table",
    "Workbook",
    "chart",
    "histogram",
    "map_svg",
    "render_svg",
    "svg_to_png",
    "with_total",
    "write_docx",
    "write_pdf",
    "write_template",
    "write_xlsx",
]
