"""The tables in docs/ that are made from the library's own data. Run this file to write them anew."""

from __future__ import annotations

import re
from pathlib import Path

from panhuo.exchange.codes import READER_CODES
from panhuo.land.facts import FACTS
from panhuo.land.schema import ROLES
from panhuo.messages import Lang, Text
from panhuo.quality.catalogue import catalogue
from panhuo.quality.repairs import REPAIRABLE
from panhuo.survey.gather import REASONS
from panhuo.survey.measure.parameters import PARAMETERS

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"<!-- table: (\w+) -->\n(.*?)<!-- end of table -->", re.DOTALL)
_SEVERITY = {"error": Text("错误", "error"), "warning": Text("警告", "warning"), "note": Text("提示", "note")}
_YES = Text("是", "yes")


def checks(lang: Lang) -> list[tuple[str, ...]]:
    heads = Text("规则|程度|内容|参数（默认值）|来源", "rule|severity|what it asks|parameters (default)|source")
    rows = [
        (
            c.code,
            _SEVERITY[c.severity](lang),
            c.rule(lang),
            "; ".join(f"`{c.code}.{k}` {v:g} ({c.notes[k](lang)})" for k, v in c.parameters.items()),
            c.source,
        )
        for c in catalogue().values()
    ]
    return [tuple(heads(lang).split("|")), *rows]


def readings(lang: Lang) -> list[tuple[str, ...]]:
    return [
        tuple(Text("代码|内容", "code|what it says")(lang).split("|")),
        *((c, t(lang)) for c, t in READER_CODES.items()),
    ]


def facts(lang: Lang) -> list[tuple[str, ...]]:
    heads = Text("指标|名称|类型|单位|取自|缺少时问谁", "fact|name|type|unit|from|whom to ask")
    rows = [
        (
            f"`{f.name}`",
            f.text(lang),
            f.kind,
            f.unit_text(lang) or (f.unit or ""),
            ROLES[f.source_role].text(lang) if f.source_role in ROLES else f.source_role,
            f.ask(lang),
        )
        for f in FACTS.values()
    ]
    return [tuple(heads(lang).split("|")), *rows]


def parameters(lang: Lang) -> list[tuple[str, ...]]:
    heads = Text("指标|参数|不写时", "indicator|parameter|when the pack says nothing")
    rows = [(f"`{fact}`", f"`{name}`", str(v)) for fact, known in PARAMETERS.items() for name, v in known.items()]
    return [tuple(heads(lang).split("|")), *rows]


def roles(lang: Lang) -> list[tuple[str, ...]]:
    heads = Text("角色|含义|图形|关键字段|必填字段", "role|meaning|shapes|key|required fields")
    shapes = {True: _YES(lang), False: "", None: Text("均可", "either")(lang)}
    rows = [
        (
            f"`{r.id}`",
            r.text(lang),
            shapes[r.geometry],
            f"`{r.key}`" if r.key else "",
            "、".join(f"`{f.name}`" for f in r.fields if f.required),
        )
        for r in ROLES.values()
    ]
    return [tuple(heads(lang).split("|")), *rows]


def reasons(lang: Lang) -> list[tuple[str, ...]]:
    heads = tuple(Text("原因|含义", "reason|meaning")(lang).split("|"))
    return [heads, *((f"`{k}`", t(lang)) for k, t in REASONS.items())]


def repairs(lang: Lang) -> list[tuple[str, ...]]:
    heads = tuple(Text("检查|修复内容", "check|what a repair does")(lang).split("|"))
    return [heads, *((k, t(lang)) for k, t in REPAIRABLE.items())]


TABLES = {f.__name__: f for f in (checks, readings, facts, parameters, roles, reasons, repairs)}


def markdown(rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


def language(page: Path) -> Lang:
    return "zh" if page.parent.name == "zh" else "en"


def renewed(page: Path) -> str:
    """The text of a page with its tables made anew."""

    def table(found: re.Match[str]) -> str:
        rows = TABLES[found[1]](language(page))
        return f"<!-- table: {found[1]} -->\n{markdown(rows)}<!-- end of table -->"

    return _BLOCK.sub(table, page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for path in sorted(DOCS.rglob("*.md")):
        path.write_text(renewed(path), encoding="utf-8")
