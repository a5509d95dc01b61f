"""CSV, TSV and other separated texts: encoding, separator, ragged rows, and geometry in a WKT column or two
coordinates."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.exchange import encoding as enc
from panhuo.exchange import tabular, text_kernels
from panhuo.exchange.codes import finding
from panhuo.exchange.delivery import Layer
from panhuo.exchange.result import ReadResult
from panhuo.messages import Finding

#: So many rows are looked at for the header.
_TOP = 200
#: So many characters for the separator.
_HEAD = 200_000
_SEPARATORS = (",", "\t", ";", "|", "，", " ")


class Lines(NamedTuple):
    """Rows of a separated text and the number of the line on which each begins."""

    rows: list[list[str]]
    at: list[int]


def read(data: bytes, source: str, stem: str, ext: str) -> ReadResult:
    """One separated text as one layer, all columns text; an empty result without findings when it is prose, not a
    table."""
    utf8 = enc.as_utf8(data, _HEAD)
    quick = None if utf8 is None else _regular_layer(utf8, source, stem, ext)
    if quick is not None:
        return quick
    findings: list[Finding] = []
    decoded = enc.decode(data)
    text = decoded.text.removesuffix("\x1a").rstrip("\x00")
    separator = _separator(text, ext)
    if separator is None:
        return ReadResult((), [])
    encoding = enc.shown(decoded.encoding)
    if decoded.guessed:
        findings.append(_guessed(encoding, source))
    if decoded.lost:
        line = text[: text.find("\ufffd")].count("\n") + 1
        findings.append(
            finding(
                "R02",
                "warning",
                f"有 {decoded.lost} 个字符无法解码（首个在第 {line} 行）。",
                f"{decoded.lost} characters cannot be decoded (the first in line {line}).",
                source,
                row=line,
                count=decoded.lost,
                do=("请用 UTF-8 或 GBK 重新导出。", "Export it again as UTF-8 or GBK."),
            )
        )
    read = _table(text, separator, source, stem, findings)
    if read is None:
        return ReadResult((), findings)
    return _result(read, encoding, source, stem, findings)


def _regular_layer(utf8: enc.Utf8, source: str, stem: str, ext: str) -> ReadResult | None:
    """A text as regular as a machine writes it, from its bytes; None for any other."""
    head = utf8.head
    if not head.strip() or head[:4].lower() == "sep=" or utf8.data[-2] == 0x1A:
        return None
    separator = _separator(head, ext)
    regular = None if separator is None else _regular(utf8.data, separator)
    if regular is None:
        return None
    encoding = enc.shown(utf8.encoding)
    findings = [_guessed(encoding, source)] if utf8.guessed else []
    try:
        read = _read_regular(*regular, source, stem, findings)
    except ValueError:
        return None
    return ReadResult((), findings) if read is None else _result(read, encoding, source, stem, findings)


def _result(read: tabular.Read, encoding: str, source: str, stem: str, findings: list[Finding]) -> ReadResult:
    """The table as the one layer of its file."""
    notes = (*read.notes, f"编码 {encoding} / encoding")
    layer = Layer(stem, source, "CSV", read.table, encoding=encoding, rows=read.rows, notes=notes)
    if layer.count == 0:
        findings.append(
            finding(
                "D01",
                "warning",
                "只有表头，没有数据行。",
                "A header and no rows.",
                source,
                layer=stem,
                do=("请填写后提供，或说明确无数据。", "Fill it in, or say that there is none."),
            )
        )
    return ReadResult((layer,), findings)


def _guessed(encoding: str, source: str) -> Finding:
    return finding(
        "R01",
        "note",
        f"文件未声明编码，按内容推断为 {encoding}。",
        f"The encoding is not stated; guessed from the content: {encoding}.",
        source,
        do=("请抽查中文内容。", "Check some Chinese texts."),
    )


def _separator(text: str, ext: str) -> str | None:
    """The separator that parts most lines into the same number of fields; None for prose."""
    if ext in ("csv", "tsv", "tab"):
        first = next((x for x in text[:10_000].splitlines() if x.strip()), "")
        if ext == "csv" and first.lower().startswith("sep=") and len(first.strip()) == 5:
            return first.strip()[-1]
    head = text[:_HEAD].replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    best: tuple[float, str] | None = None
    for sep in _SEPARATORS[:-1]:
        widths = (
            [len(r) for r in csv.reader(io.StringIO(head), delimiter=sep) if any(c.strip() for c in r)][:500]
            if _safe(sep)
            else []
        )
        if not widths:
            continue
        usual = max(set(widths), key=widths.count)
        share = widths.count(usual) / len(widths)
        if usual >= 2 and (best is None or (share * min(usual, 8)) > best[0]):
            best = (share * min(usual, 8), sep)
            if ext not in ("csv", "tsv", "tab", "resource") and (share < 0.8 or len(widths) < 2):
                best = None
    if best is None and ext in ("csv", "tsv", "tab") and text.strip():
        return "\t" if ext != "csv" else ","
    return best[1] if best else None


def _safe(separator: str) -> bool:
    return len(separator) == 1


def _table(text: str, separator: str, source: str, layer: str, findings: list[Finding]) -> tabular.Read | None:
    """Header and columns; a text as regular as a machine writes it goes the short way, any other row by row."""
    if text[:4].lower() == "sep=":
        text = "\n" + text.partition("\n")[2]
    plain = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    raw = plain.encode("utf-8", "replace")
    raw = raw if raw.endswith(b"\n") else raw + b"\n"
    regular = _regular(np.frombuffer(raw, np.uint8), separator)
    if regular is not None:
        with suppress(ValueError):
            return _read_regular(*regular, source, layer, findings)
    lines = _lines(plain, separator)
    rows = _even(lines, source, layer, findings)
    return tabular.read(rows, (), source, layer, findings, lines=lines.at)


def _read_regular(
    texts: pl.DataFrame, at: NDArray[np.int64], source: str, layer: str, findings: list[Finding]
) -> tabular.Read | None:
    """The table that columns of texts are. ValueError when its header is longer than the rows looked at."""
    top = [list(row) for row in texts.head(_TOP).iter_rows()]
    return tabular.read_texts(top, texts, at, source, layer, findings)


def _regular(data: NDArray[np.uint8], separator: str) -> tuple[pl.DataFrame, NDArray[np.int64]] | None:
    """Columns of texts (empty ones null) and line numbers of a text without quotes whose rows have one width; else
    None. ``data`` is its UTF-8, each line ended by a line feed.

    Empty lines, and lines of separators only, are left out.
    """
    if not separator.isascii():
        return None
    lines, quoted = text_kernels.count_lines(data)
    if quoted:
        return None
    ends, separators = text_kernels.lines_of(data, lines, ord(separator))
    lengths = np.diff(ends, prepend=-1) - 1
    there = lengths > 0
    if not there.any() or len(set(np.unique(separators[there]).tolist()) - {0}) != 1 or not separators[there].all():
        return None
    if not there.all():
        keep = np.ones(len(data), bool)
        keep[ends[~there]] = False
        data = data[keep]
    width = int(separators[there][0]) + 1
    names = [str(k) for k in range(width)]
    texts = pl.read_csv(
        data.tobytes(), has_header=False, new_columns=names, separator=separator, quote_char=None, infer_schema=False
    )
    if texts.shape != (int(there.sum()), width):
        return None
    filled = lengths[there] > separators[there]
    return texts.filter(pl.Series(filled)), (np.flatnonzero(there) + 1)[filled]


def _lines(plain: str, separator: str) -> Lines:
    """Rows with their line numbers; a quoted field may run over lines."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(plain, newline=""), delimiter=separator)
    rows, at, before = [], [], 0
    for row in reader:
        if row and any(row):
            rows.append(row)
            at.append(before + 1)
        before = reader.line_num
    return Lines(rows, at)


def _even(lines: Lines, source: str, layer: str, findings: list[Finding]) -> list[list[str | None]]:
    """Rows of one width. A short row is filled with empties, the surplus of a long one is kept in further columns."""
    widths = [len(r) for r in lines.rows]
    usual = max(set(widths), key=widths.count) if widths else 0
    head = next((w for w in widths if w >= max(2, 0.6 * usual)), usual)
    start = widths.index(head) if head in widths else 0
    long, short = [], []
    for k, (row, width) in enumerate(zip(lines.rows, widths, strict=True)):
        if k <= start or width == head:
            continue
        if width > head and any(c.strip() for c in row[head:]):
            long.append(k)
        elif width < head:
            short.append(k)
    for rows, zh, en in (
        (
            long,
            "列数多于表头，多出的内容保留在后面的列",
            "more fields than the header; the surplus is kept in further columns",
        ),
        (short, "列数少于表头，缺少的列按空值读入", "fewer fields than the header; the missing ones are read as empty"),
    ):
        if rows:
            k = rows[0]
            findings.append(
                finding(
                    "R10",
                    "warning",
                    f"有 {len(rows)} 行{zh}（首个为第 {lines.at[k]} 行：{widths[k]} 列，表头 {head} 列）。",
                    f"{len(rows)} rows have {en} (the first is line {lines.at[k]}: {widths[k]} fields, header {head}).",
                    source,
                    layer=layer,
                    row=lines.at[k],
                    count=len(rows),
                    do=(
                        "请检查该行是否有未加引号的分隔符或换行。",
                        "Look for separators or line breaks without quotes in that line.",
                    ),
                )
            )
    return [[c if c != "" else None for c in row] for row in lines.rows]
