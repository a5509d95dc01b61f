"""Paper -> PDF, and SVG -> PNG, by Typst with our own fonts.

The form of the page is ``paper.typ``; the paper goes to it as JSON, so that nothing a user wrote can be read as markup.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typst

from panhuo.documents import structure as st
from panhuo.documents import tables as tb
from panhuo.documents.fonts import Fonts, fonts, printable, text_width
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
from panhuo.documents.svg import Drawing
from panhuo.documents.wording import WORDS, written_date
from panhuo.messages import PanhuoError

#: Type area in millimetres, less the room for a caption.
_ROOM = (156.0, 205.0)


def write_pdf(paper: Paper, path: Path | str | None = None, *, standard: str = "a-2b") -> bytes:
    """``paper`` as a PDF (PDF/A-2b unless told otherwise), also written to ``path`` when given.

    Characters that no font holds are printed as 〓 and listed at the end. The same paper gives the same bytes.
    """
    with tempfile.TemporaryDirectory(prefix="panhuo-pdf-") as folder:
        root = Path(folder)
        _Setter(paper, root, fonts()).write()
        moment = dt.datetime(paper.date.year, paper.date.month, paper.date.day, tzinfo=dt.UTC)
        made = _compile(root / "paper.typ", root, "pdf", pdf_standards=[standard], timestamp=moment)
    if path is not None:
        Path(path).write_bytes(made)
    return made


def svg_to_png(drawing: Drawing, *, ppi: float = 220) -> bytes:
    """A drawing as PNG at ``ppi`` dots an inch of its printed size."""
    with tempfile.TemporaryDirectory(prefix="panhuo-png-") as folder:
        root = Path(folder)
        known, missing = fonts().characters, set[str]()
        (root / "d.svg").write_text(printable(drawing.svg, known, missing), encoding="utf-8")
        w, h = drawing.width_mm, drawing.height_mm
        source = f'#set page(width: {w}mm, height: {h}mm, margin: 0mm)\n#image("d.svg", width: {w}mm, height: {h}mm)'
        (root / "d.typ").write_text(source, encoding="utf-8")
        return _compile(root / "d.typ", root, "png", ppi=ppi)


def _compile(main: Path, root: Path, form: str, **options: Any) -> bytes:
    options |= {"root": str(root), "format": form, "ignore_system_fonts": True}
    options["font_paths"] = fonts().handle
    compiler: Any = typst.compile
    try:
        made = compiler(str(main), **options)
    except typst.TypstError as error:
        raise PanhuoError(
            f"文件排版失败：{error.message}", f"The paper could not be typeset: {error.message}", where=main.name
        ) from error
    return bytes(made[0] if isinstance(made, list) else made)


class _Setter:
    """One paper on its way to Typst: the JSON and the pictures beside it."""

    def __init__(self, paper: Paper, root: Path, fonts: Fonts) -> None:
        self.paper, self.root, self.fonts = paper, root, fonts
        self.missing: set[str] = set()
        self.pictures = 0
        self.blocks = st.numbered(paper)
        self.refs = st.references(self.blocks)
        self.laid: dict[int, list[tb.Panel]] = {}

    def say(self, words: str) -> str:
        return printable(words, self.fonts.characters, self.missing)

    def write(self) -> None:
        p, lang = self.paper, self.paper.lang
        sided = st.sided(self.blocks, lambda table: self.panels(table)[0].landscape)
        blocks = self.gather([self.block(item) | {"lying": lying} for item, lying in sided])
        sources = [self.say(s) for s in st.source_lines(p)]
        data: dict[str, Any] = {
            "title": self.say(p.title),
            "subtitle": self.say(p.subtitle),
            "number": self.say(p.number),
            "issuer": self.say(p.issuer),
            "mark": self.say(p.mark),
            "date": [p.date.year, p.date.month, p.date.day],
            "day": written_date(p.date, lang),
            "lang": lang,
            "size": p.size,
            "contents": p.contents,
            "sources": sources,
            "blocks": blocks,
            "fonts": {role: self.fonts.stack(role) for role in ("title", "body", "kai", "hei", "song")},
            "words": {name: said[lang] for name, said in WORDS.items()},
        }
        lost = sorted(self.missing)
        data["lost"] = WORDS["missing"][lang] + "、".join(f"U+{ord(c):04X}" for c in lost) if lost else ""
        (self.root / "paper.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        form = Path(__file__).with_name("paper.typ").read_text(encoding="utf-8")
        (self.root / "paper.typ").write_text(form, encoding="utf-8")

    @staticmethod
    def gather(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Neighbours that lie on their side share their pages."""
        out: list[dict[str, Any]] = []
        for block in blocks:
            if not block.get("lying"):
                out.append(block)
            elif out and out[-1]["t"] == "lying":
                out[-1]["blocks"].append(block)
            else:
                out.append({"t": "lying", "blocks": [block]})
        return out

    def runs(self, content: Any) -> list[dict[str, Any]]:
        return [{"s": self.say(words), "b": strong} for words, strong in st.spans(content, self.refs)]

    def block(self, item: st.Numbered) -> dict[str, Any]:
        match item.block:
            case Heading(text, level):
                return {"t": "h", "level": max(1, min(level, 4)), "number": item.number, "text": self.say(text)}
            case Paragraph(content, indent, how):
                return {"t": "p", "spans": self.runs(content), "indent": indent, "align": how}
            case Bullets(items, ordered):
                return {"t": "list", "items": [self.runs(i) for i in items], "ordered": ordered}
            case Table():
                return self.table(item.block, item.number)
            case Figure():
                return self.figure(item.block, item.number)
            case KeyFigures():
                return self.keys(item.block)
            case Clause(citation, text):
                return {"t": "clause", "citation": self.say(citation), "text": self.say(text)}
            case PageBreak():
                return {"t": "break"}

    def keys(self, block: KeyFigures) -> dict[str, Any]:
        # The values shrink alike until each stands with its unit on one line of its box.
        room = tb.PORTRAIT / block.across - 14
        widest = max(text_width(i.value) * 20 + text_width(i.unit) * 10 + 3 for i in block.items)
        cells = [
            {"label": self.say(i.label), "value": self.say(i.value), "unit": self.say(i.unit), "note": self.say(i.note)}
            for i in block.items
        ]
        size = max(8.0, min(20.0, 20 * room / widest))
        return {"t": "key", "across": block.across, "items": cells, "value_size": size}

    def panels(self, table: Table) -> list[tb.Panel]:
        if id(table) not in self.laid:
            self.laid[id(table)] = tb.layout(tb.check(table), self.paper.lang)
        return self.laid[id(table)]

    def note(self, words: str) -> str:
        return self.say(WORDS["note"][self.paper.lang] + words) if words else ""

    def table(self, table: Table, number: str) -> dict[str, Any]:
        lang = self.paper.lang
        return {
            "t": "table",
            "caption": self.say(st.caption(number, table.caption, lang)) if table.caption else "",
            "continued": WORDS["continued"][lang],
            "note": self.note(table.note),
            "panels": [self.panel(table, panel) for panel in self.panels(table)],
        }

    def panel(self, table: Table, panel: tb.Panel) -> dict[str, Any]:
        lang, columns = self.paper.lang, tb.panel_columns(table, panel)
        room = [w - tb.PADDING for w in panel.widths]

        def cells(row: Sequence[Any], total: bool = False) -> list[str]:
            return [
                ""
                if total and tb.blank(row[k])
                else _break(self.say(tb.words(row[k], table.columns[k], lang)), space, panel.size)
                for k, space in zip(panel.columns, room, strict=True)
            ]

        rows = [cells(row) for row in table.rows]
        tall = max((text_width(c) * panel.size / s for row in rows for c, s in zip(row, room, strict=True)), default=0)
        head = []
        for c in tb.header(columns, lang):
            space = sum(panel.widths[c.column : c.column + c.columns]) - tb.PADDING
            said = _break(self.say(tb.fitted(c.words, c.column_of, space, panel.size, lang)), space, panel.size)
            head.append({"x": c.column, "y": c.row, "cs": c.columns, "rs": c.rows, "s": said})
        return {
            "widths": list(panel.widths),
            "size": panel.size,
            "aligns": [tb.align(c) for c in columns],
            "header": head,
            "rows": rows,
            "total": cells(table.total, True) if table.total is not None else None,
            "empty": WORDS["no_rows"][lang],
            # A row stays together unless a cell is so long that it could fill a page.
            "breakable": tall > 20,
            # A short table is not divided; a long one may begin on any page.
            "long": tall > 20 or tb.height(table, panel, lang) > tb.SHORT[panel.landscape],
        }

    def figure(self, figure: Figure, number: str) -> dict[str, Any]:
        graphic = drawn(figure.graphic, *_ROOM)
        self.pictures += 1
        if isinstance(graphic, Picture):
            name = f"picture{self.pictures}.png"
            (self.root / name).write_bytes(graphic.png)
        else:
            name = f"picture{self.pictures}.svg"
            (self.root / name).write_text(self.say(graphic.svg), encoding="utf-8")
        scale = min(1.0, _ROOM[0] / graphic.width_mm, _ROOM[1] / graphic.height_mm)
        alt = figure.caption or (graphic.alt if isinstance(graphic, Drawing) else "")
        return {
            "t": "fig",
            "file": name,
            "width": graphic.width_mm * scale,
            "height": graphic.height_mm * scale,
            "alt": self.say(alt),
            "caption": self.say(st.caption(number, figure.caption, self.paper.lang)) if figure.caption else "",
            "note": self.note(figure.note),
        }


def _break(words: str, room: float, size: float) -> str:
    """``words`` with places to break inside runs that are wider than their cell (long codes, addresses of pages)."""
    if len(words) * size <= room:
        return words
    out, run = [], ""
    for char in words + "\n":
        if char.isspace() or ord(char) >= 0x2E80:
            if text_width(run, size, "serif") > room:
                run = "\u200b".join(run)
            out.append(run + char)
            run = ""
        else:
            run += char
    return "".join(out)[:-1]
