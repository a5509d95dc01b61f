"""Paper -> Word, plain or from a template that officials edit.

A template is an ordinary .docx with the places ``{{ title }}``, ``{{ subtitle }}``, ``{{ number }}``, ``{{ issuer }}``,
``{{ date }}``, ``{{ body }}`` and, for a table or figure with a key, ``{{ place.<key> }}`` in a paragraph of its own;
what the template places itself is left out of the body.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from panhuo.documents import structure as st
from panhuo.documents import word_styles as ws
from panhuo.documents.fonts import clean
from panhuo.documents.model import Figure, Paper, Table
from panhuo.documents.word_body import Body
from panhuo.documents.wording import written_date
from panhuo.messages import Lang, PanhuoError

#: Marks that stand in a rendered template until the body is put there; no keyboard types them.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"


def write_docx(paper: Paper, path: Path | str | None = None, *, template: Path | str | None = None) -> bytes:
    """``paper`` as .docx, also written to ``path`` when given; ``template`` is a Word file with places (see above).

    The same paper gives the same bytes. Raises :class:`PanhuoError` when the template cannot be used.
    """
    document = _plain(paper) if template is None else _filled(paper, Path(template))
    properties = document.core_properties
    moment = dt.datetime(paper.date.year, paper.date.month, paper.date.day)
    properties.created = properties.modified = moment
    properties.title, properties.author = clean(paper.title)[:255], clean(paper.issuer)[:255]
    properties.last_modified_by, properties.revision, properties.comments = clean(paper.issuer)[:255], 1, ""
    properties.language = "zh-CN" if paper.lang == "zh" else "en-GB"
    made = _still(_saved(document))
    if path is not None:
        Path(path).write_bytes(made)
    return made


def write_template(path: Path | str | None = None, *, lang: Lang = "zh") -> bytes:
    """The template that ``write_docx`` follows by itself, for officials to edit in Word."""
    paper = Paper("{{ title }}", dt.date(2000, 1, 1), lang=lang)
    document = docx.Document()
    _set_up(document, paper)
    for place, style in (("title", "公文标题"), ("subtitle", "公文副标题"), ("number", "发文字号")):
        document.add_paragraph(f"{{{{ {place} }}}}", style=style)
    document.add_paragraph("", style="公文正文")
    document.add_paragraph("{{ body }}", style="公文正文")
    document.add_paragraph("", style="公文正文")
    document.add_paragraph("{{ issuer }}", style="落款")
    document.add_paragraph("{{ date }}", style="落款")
    document.core_properties.created = document.core_properties.modified = dt.datetime(2000, 1, 1)
    document.core_properties.author = document.core_properties.comments = ""
    made = _still(_saved(document))
    if path is not None:
        Path(path).write_bytes(made)
    return made


def _set_up(document: Any, paper: Paper) -> None:
    ws.page(document.sections[0])
    ws.set_face(document.styles["Normal"], "body")
    ws.prepare(document, paper)
    ws.footers(document)
    ws.font_table(document)


def _plain(paper: Paper) -> Any:
    document = docx.Document()
    _set_up(document, paper)
    if paper.mark:
        ws.headers(document, clean(paper.mark))
    for words, style in ((paper.title, "公文标题"), (paper.subtitle, "公文副标题"), (paper.number, "发文字号")):
        if words:
            document.add_paragraph(clean(words), style=style)
    document.add_paragraph("", style="公文正文")
    anchor = document.add_paragraph("", style="公文正文")
    body = Body(document, paper, st.numbered(paper))
    body.put(anchor, contents=paper.contents)
    if paper.issuer:
        document.add_paragraph("", style="公文正文")
        document.add_paragraph(clean(paper.issuer), style="落款").paragraph_format.keep_with_next = True
        document.add_paragraph(written_date(paper.date, paper.lang), style="落款")
    return document


def _filled(paper: Paper, template: Path) -> Any:
    blocks = st.numbered(paper)
    named = {item.block.key: item for item in blocks if isinstance(item.block, Table | Figure) and item.block.key}
    try:
        form = DocxTemplate(str(template))
        form.render(
            {
                "title": clean(paper.title),
                "subtitle": clean(paper.subtitle),
                "number": clean(paper.number),
                "issuer": clean(paper.issuer),
                "date": written_date(paper.date, paper.lang),
                "mark": clean(paper.mark),
                "body": f"{_OPEN}{_CLOSE}",
                "place": {key: f"{_OPEN}{key}{_CLOSE}" for key in named},
            },
            SandboxedEnvironment(),
            autoescape=True,
        )
    except (PackageNotFoundError, KeyError, zipfile.BadZipFile, TemplateError, OSError) as error:
        raise PanhuoError(
            f"Word 模板无法使用：{error}。请在 Word 中检查模板及其中的 {{{{ }}}} 占位符。",
            f"The Word template cannot be used: {error}. Check it and its {{{{ }}}} places in Word.",
            where=str(template),
        ) from error
    document = form.docx
    ws.prepare(document, paper)
    places = [(p, p.text.strip()[1:-1]) for p in _paragraphs(document) if p.text.strip().startswith(_OPEN)]
    if not any(key == "" for _, key in places):
        raise PanhuoError(
            "Word 模板中没有单独成段的正文占位符 {{ body }}。",
            "The Word template has no paragraph {{ body }} for the text.",
            where=str(template),
        )
    taken = {key for _, key in places if key}
    rest = tuple(item for item in blocks if not (isinstance(item.block, Table | Figure) and item.block.key in taken))
    for anchor, key in places:
        if key:
            Body(document, paper, blocks).put(anchor, only=(named[key],), sources=False)
        else:
            Body(document, paper, blocks).put(anchor, only=rest, contents=paper.contents)
    return document


def _paragraphs(document: Any) -> list[Any]:
    found = list(document.paragraphs)
    for table in document.tables:
        for row in table.rows:
            for cell in row.cells:
                found.extend(cell.paragraphs)
    return found


def _saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _still(package: bytes) -> bytes:
    """The same package with every part dated 1980-01-01, so that equal papers are equal files."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            part.compress_type = zipfile.ZIP_DEFLATED
            part.external_attr = 0o600 << 16
            new.writestr(part, old.read(name))
    return out.getvalue()
