"""Numbers of headings, tables and figures, and the words around them in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from panhuo.documents.model import Block, Figure, Heading, Inline, PageBreak, Paper, Ref, Strong, Table
from panhuo.documents.wording import chinese_number
from panhuo.messages import Lang, PanhuoError


@dataclass(frozen=True, slots=True)
class Numbered:
    """A block with its printed number: ``一、`` for a heading, ``表1`` for a table, ``图2`` for a figure, or none."""

    block: Block
    number: str = ""


def heading_number(path: tuple[int, ...], lang: Lang) -> str:
    """The number of a heading from its position at each level (GB/T 9704-2012, 7.3.3)."""
    if lang == "en":
        return ".".join(map(str, path)) + " "
    n = path[-1]
    return (f"{chinese_number(n)}、", f"（{chinese_number(n)}）", f"{n}.", f"（{n}）")[min(len(path), 4) - 1]


def numbered(paper: Paper) -> tuple[Numbered, ...]:
    """The blocks of ``paper`` with their numbers, counted from 1 through the whole paper."""
    out: list[Numbered] = []
    path: list[int] = []
    tables = figures = 0
    for block in paper.blocks:
        number = ""
        match block:
            case Heading(numbered=True, level=level):
                level = max(1, min(level, 4))
                path = (path + [0] * level)[:level]
                path[-1] += 1
                # A level that was skipped counts as its first.
                path = [max(n, 1) for n in path]
                number = heading_number(tuple(path), paper.lang)
            case Table(caption=caption) if caption:
                tables += 1
                number = f"表{tables}" if paper.lang == "zh" else f"Table {tables}"
            case Figure(caption=caption) if caption:
                figures += 1
                number = f"图{figures}" if paper.lang == "zh" else f"Figure {figures}"
        out.append(Numbered(block, number))
    return tuple(out)


def sided(blocks: tuple[Numbered, ...], lies: Callable[[Table], bool]) -> list[tuple[Numbered, bool]]:
    """The blocks with True where their page lies on its side: wide tables, and the headings right above them.

    A page break beside such a turn is left out: the turn begins a new page itself.
    """
    out: list[tuple[Numbered, bool]] = []
    lying = False
    for item in reversed(blocks):
        if isinstance(item.block, Table):
            lying = lies(item.block)
        elif not isinstance(item.block, Heading):
            lying = False
        out.append((item, lying))
    out.reverse()
    kept = []
    for k, (item, turned) in enumerate(out):
        if isinstance(item.block, PageBreak):
            sides = {out[n][1] for n in (k - 1, k + 1) if 0 <= n < len(out)}
            if len(sides) == 2:
                continue
            turned = sides == {True}
        kept.append((item, turned))
    return kept


def references(blocks: tuple[Numbered, ...]) -> dict[str, str]:
    """Key -> printed number of each table and figure that has a key. Two blocks with one key are an error."""
    found: dict[str, str] = {}
    for item in blocks:
        if isinstance(item.block, Table | Figure) and item.block.key:
            key = item.block.key
            if key in found:
                raise PanhuoError(f"图表标识“{key}”重复。", f"Two tables or figures have the key “{key}”.", where=key)
            found[key] = item.number
    return found


def spans(content: str | tuple[Inline, ...], refs: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Running text as (words, strong) pieces with references filled in."""
    for piece in (content,) if isinstance(content, str) else content:
        match piece:
            case str():
                yield piece, False
            case Strong(text):
                yield text, True
            case Ref(key):
                if key not in refs:
                    raise PanhuoError(
                        f"没有标识为“{key}”的图表。", f"No table or figure has the key “{key}”.", where=key
                    )
                yield refs[key], False


def plain(content: str | tuple[Inline, ...], refs: dict[str, str]) -> str:
    """Running text without marks."""
    return "".join(words for words, _ in spans(content, refs))


def source_lines(paper: Paper) -> list[str]:
    """The list of sources at the end, numbered."""
    return [f"{k}. {words}" for k, words in enumerate(paper.sources, 1)]


def caption(number: str, words: str, lang: Lang) -> str:
    """表1　标题, Table 1  Title."""
    return f"{number}　{words}" if lang == "zh" else f"{number}. {words}"
