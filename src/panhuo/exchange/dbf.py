"""dBASE tables read column by column with NumPy: fast at a million rows, and texts decoded as they really are.

GDAL decodes by one declared encoding and turns integers wider than 18 digits into floating point; land codes of 19
digits would be destroyed. Here the bytes of a whole column are cut out at once and decoded in one go.
Source: dBASE III/IV and Visual FoxPro table structures as published by their makers.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from panhuo.exchange import encoding as enc
from panhuo.exchange.codes import finding
from panhuo.messages import Finding

_SAMPLE = 1 << 22


class Field(NamedTuple):
    """One field as the header declares it; ``raw`` is its name in bytes (up to 10, or 11 without a closing zero)."""

    raw: bytes
    kind: str
    offset: int
    width: int
    decimals: int


class Table(NamedTuple):
    """A DBF file: columns by name for the rows that are not deleted, and where those rows stand (0-based)."""

    columns: pa.Table
    kept: NDArray[np.int64]
    total: int
    codec: str
    how: str


def read(path: Path, source: str, declared: str | None, findings: list[Finding], layer: str) -> Table | None:
    """Read a DBF file; ``declared`` is the text of the .cpg file. None (with a finding) when the header is broken.

    Rows marked as deleted are left out with a finding. A file shorter than its header says is read as far as it goes.
    """
    raw = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
    head = raw[:32].tobytes()
    if len(head) < 32:
        findings.append(_broken(source, layer, "文件头不完整", "the header is cut"))
        return None
    stated, header, record = struct.unpack_from("<IHH", head, 4)
    fields = list(_fields(raw[32:header].tobytes()))
    need = max((f.offset + f.width for f in fields), default=1)
    if header < 33 or record < 1 or need > record or header > len(raw):
        findings.append(_broken(source, layer, "文件头与字段定义不一致", "header and fields disagree"))
        return None
    there = (len(raw) - header) // record
    total = min(stated, there)
    if there < stated:
        findings.append(
            finding(
                "D01",
                "error",
                f"属性表应有 {stated} 行，文件只含 {there} 行完整记录，余下缺失。",
                f"The attribute table announces {stated} rows but holds only {there} whole ones; the rest is missing.",
                source,
                layer=layer,
                do=("文件被截断，请重新导出并完整提供。", "The file was cut; export and send it again."),
                count=stated - there,
            )
        )
    rows = raw[header : header + total * record].reshape(total, record)
    deleted = rows[:, 0] == 0x2A
    kept = np.flatnonzero(~deleted)
    if kept.size < total:
        gone = np.flatnonzero(deleted)
        findings.append(
            finding(
                "R05",
                "note",
                f"有 {gone.size} 行已标记删除，未读入（首个为第 {gone[0] + 1} 行）。",
                f"{gone.size} rows are marked as deleted and were left out (the first is row {gone[0] + 1}).",
                source,
                layer=layer,
                row=int(gone[0]) + 1,
                count=int(gone.size),
                do=(
                    "如需保留，请在原软件中恢复后重新导出。",
                    "Restore them in the source software if they are wanted.",
                ),
            )
        )
        rows = rows[kept]
    codec, how = _codec(fields, rows, head[29], declared, source, layer, findings)
    names = _names(fields, codec, source, layer, findings)
    memo = path.with_suffix(".dbt"), path.with_suffix(".fpt")
    columns = [
        _column(f, rows, name, codec, kept, source, layer, findings) for f, name in zip(fields, names, strict=True)
    ]
    if any(f.kind in "MGP" for f in fields) and not any(m.exists() for m in memo):
        findings.append(
            finding(
                "R08",
                "warning",
                "属性表含备注字段，其内容存于另一文件，未读入，仅保留编号。",
                "The table has memo fields; their content lies in another file and only its numbers are kept.",
                source,
                layer=layer,
                do=("请将备注字段转为文本字段后导出。", "Turn memo fields into text fields before export."),
            )
        )
    keep = [k for k, f in enumerate(fields) if f.kind != "0"]
    table = pa.table([columns[k] for k in keep], names=[names[k] for k in keep]) if keep else _rows_only(len(rows))
    return Table(table, kept, total, codec, how)


def _rows_only(n: int) -> pa.Table:
    """A table of n rows without columns."""
    return pa.table({"_": pa.nulls(n)}).select([])


def _broken(source: str, layer: str, zh: str, en: str) -> Finding:
    return finding(
        "D01",
        "error",
        f"属性表（.dbf）读不出：{zh}。",
        f"The attribute table (.dbf) cannot be read: {en}.",
        source,
        layer=layer,
        do=("请在原软件中打开核对并重新导出。", "Open it in the source software and export it again."),
    )


def _fields(block: bytes) -> Iterator[Field]:
    offset = 1
    for at in range(0, len(block) - 31, 32):
        if block[at] in (0x0D, 0x00):
            return
        name, kind = block[at : at + 11].split(b"\x00")[0], chr(block[at + 11])
        width, decimals = block[at + 16], block[at + 17]
        if kind == "C" and decimals:  # FoxPro and Clipper: wide text
            width, decimals = width + 256 * decimals, 0
        yield Field(name, kind, offset, width, decimals)
        offset += width


def _codec(
    fields: list[Field],
    rows: NDArray[np.uint8],
    language: int,
    declared: str | None,
    source: str,
    layer: str,
    findings: list[Finding],
) -> tuple[str, str]:
    """The codec of all text, and how it was decided. A declaration that the bytes contradict is not believed."""
    sample = _sample(fields, rows)
    if not any(b >= 0x80 for b in set(sample)):
        codec = (enc.codec_of(declared) if declared else None) or enc.LANGUAGE_BYTES.get(language) or "utf-8"
        return codec, "ascii"
    stated = [("cpg", enc.codec_of(declared) if declared else None), ("ldid", enc.LANGUAGE_BYTES.get(language))]
    for how, named in stated:
        if named is None:
            continue
        if _holds(sample, named):
            return named, how
        findings.append(
            finding(
                "R01",
                "warning",
                f"声明的编码 {enc.shown(named)} 与文字内容不符，已按内容判断。",
                f"The declared encoding {enc.shown(named)} does not fit the text; it was decided from the content.",
                source,
                layer=layer,
                do=("请核对 .cpg 文件。", "Check the .cpg file."),
            )
        )
    guessed = enc.guess(sample)
    if guessed != "utf-8":
        findings.append(
            finding(
                "R01",
                "note",
                f"未声明文字编码（无 .cpg），按内容推断为 {enc.shown(guessed)}。",
                f"The text encoding is not stated (no .cpg); guessed from the content: {enc.shown(guessed)}.",
                source,
                layer=layer,
                do=("请抽查中文属性；今后导出时附 .cpg。", "Check some texts; export with a .cpg file in future."),
            )
        )
    return guessed, "content"


def _sample(fields: list[Field], rows: NDArray[np.uint8]) -> bytes:
    """Field names and texts, up to a few megabytes; each value closed by a zero so that none runs into the next."""
    parts = [b"\x00".join(f.raw for f in fields if f.raw.isascii() is False)]
    texts = [f for f in fields if f.kind == "C"]
    if texts and len(rows):
        width = sum(f.width + 1 for f in texts)
        step = max(1, len(rows) * width // _SAMPLE)
        some = rows[::step]
        for f in texts:
            block = np.zeros((len(some), f.width + 1), np.uint8)
            block[:, :-1] = some[:, f.offset : f.offset + f.width]
            parts.append(block[(block >= 0x80).any(axis=1)].tobytes())
    return b"\x00".join(parts)


def _holds(sample: bytes, codec: str) -> bool:
    """Whether the sample decodes, but for characters cut at the end of a field."""
    try:
        sample.decode(codec)
        return True
    except UnicodeDecodeError:
        pass
    values = [v.rstrip(b" ") for v in sample.split(b"\x00") if v]
    lost = sum("\ufffd" in v.decode(codec, "replace")[:-1] for v in values)
    return lost <= len(values) // 100


def _names(fields: list[Field], codec: str, source: str, layer: str, findings: list[Finding]) -> list[str]:
    """Field names; one cut inside a character loses the half character, one met twice gets a number."""
    names: list[str] = []
    for f in fields:
        name = f.raw.decode(codec, "ignore").strip()
        if "\ufffd" in f.raw.decode(codec, "replace"):
            findings.append(
                finding(
                    "R06",
                    "warning",
                    f"字段名在汉字中间被截断（限 10 字节），读作“{name}”。",
                    f"A field name is cut inside a character (10 bytes at most); read as '{name}'.",
                    source,
                    layer=layer,
                    field=name,
                    do=("请用短字段名，或附字段对照表。", "Use short field names or send a table of names."),
                )
            )
        name = name or f"字段{len(names) + 1}"
        unique, k = name, 1
        while unique in names:
            k += 1
            unique = f"{name}_{k}"
        if unique != name:
            findings.append(
                finding(
                    "R06",
                    "warning",
                    f"字段名“{name}”重复，后者改读作“{unique}”。",
                    f"The field name '{name}' occurs twice; the later one is read as '{unique}'.",
                    source,
                    layer=layer,
                    field=unique,
                )
            )
        names.append(unique)
    return names


def _column(
    f: Field,
    rows: NDArray[np.uint8],
    name: str,
    codec: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    cells = rows[:, f.offset : f.offset + f.width]
    n = len(rows)
    if f.kind in "I+" and f.width == 4:
        return pa.array(np.ascontiguousarray(cells).view("<i4").ravel())
    if f.kind == "O" or (f.kind == "B" and f.width == 8):
        return pa.array(np.ascontiguousarray(cells).view("<f8").ravel())
    if f.kind == "Y" and f.width == 8:
        return pa.array(np.ascontiguousarray(cells).view("<i8").ravel() / 10_000)
    if f.kind == "L":
        code = cells[:, 0] if f.width else np.zeros(n, np.uint8)
        yes, no = np.isin(code, list(b"TtYy1")), np.isin(code, list(b"FfNn0"))
        return pa.array(yes, mask=~(yes | no))
    texts = _strings(cells, codec, name, kept, source, layer, findings)
    if f.kind in "NF":
        return _numbers(texts, f, name, kept, source, layer, findings)
    if f.kind == "D":
        return _dates(texts, name, kept, source, layer, findings)
    return texts


def _strings(
    cells: NDArray[np.uint8],
    codec: str,
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    """Fixed-width cells (n, w) as texts: ended by the first zero, trailing blanks off; blank is null."""
    n, width = cells.shape
    if width == 0:
        return pa.nulls(n, pa.string())
    zero = cells == 0
    ends = np.where(zero.any(axis=1), zero.argmax(axis=1), width) if zero.any() else np.full(n, width)
    inked = cells != 32
    if zero.any():
        inked &= np.arange(width) < ends[:, None]
    lengths = np.where(inked.any(axis=1), width - inked[:, ::-1].argmax(axis=1), 0)
    data = cells[np.arange(width) < lengths[:, None]]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    if (data >= 0x80).any():
        data, offsets = _decoded(data, offsets, codec, width, name, kept, source, layer, findings)
    blank = pa.array(lengths > 0)
    texts = pa.LargeStringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data)))
    texts = texts.cast(pa.string()) if data.nbytes < 2**31 else texts
    return pc.if_else(blank, texts, pa.scalar(None, texts.type))


def _decoded(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    codec: str,
    width: int,
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All cells of a column to UTF-8 at once, with a zero between them that no multi-byte character can swallow."""
    n = len(offsets) - 1
    lengths = np.diff(offsets)
    joined = np.zeros(len(data) + n, np.uint8)
    place = np.ones(len(joined), bool)
    place[offsets[1:] + np.arange(n)] = False
    joined[place] = data
    blob = joined.tobytes()
    try:
        text = blob.decode(codec)
    except UnicodeDecodeError:
        text = _salvaged(blob, codec, width, lengths, name, kept, source, layer, findings)
    utf8 = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    marks = np.flatnonzero(utf8 == 0)
    starts = np.concatenate(([0], marks + 1))
    return utf8[utf8 != 0], (starts - np.arange(n + 1)).astype(np.int64)


def _salvaged(
    blob: bytes,
    codec: str,
    width: int,
    lengths: NDArray[np.int64],
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> str:
    """Cell by cell: a character cut by the field's width is dropped, other undecodable bytes become U+FFFD, both
    said."""
    cells, cut, lost = [], [], []
    for row, raw in enumerate(blob.split(b"\x00")[:-1]):
        text = raw.decode(codec, "replace")
        if "\ufffd" in text:
            if text.find("\ufffd") >= len(text) - 3 and lengths[row] >= width - 1:
                text = raw.decode(codec, "ignore")
                cut.append(row)
            else:
                lost.append(row)
        cells.append(text)
    for rows, zh, en in (
        (cut, "文字超出字段宽度，末尾汉字被截断", "texts longer than the field, their last character is cut"),
        (lost, "文字含无法解码的字节", "texts with bytes that cannot be decoded"),
    ):
        if rows:
            findings.append(
                finding(
                    "R02",
                    "warning",
                    f"字段“{name}”有 {len(rows)} 行{zh}（首个为第 {kept[rows[0]] + 1} 行）。",
                    f"Field '{name}': {len(rows)} {en} (the first in row {kept[rows[0]] + 1}).",
                    source,
                    layer=layer,
                    row=int(kept[rows[0]]) + 1,
                    field=name,
                    value=cells[rows[0]],
                    count=len(rows),
                    do=("请对照原始数据补全。", "Complete them from the source data."),
                )
            )
    return "\x00".join(cells) + "\x00"


def _numbers(
    texts: pa.Array,
    f: Field,
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    """Numbers; an integer field whose values pass 18 digits stays text, because no number holds them exactly."""
    plain = pc.utf8_trim_whitespace(texts)
    plain = pc.if_else(pc.equal(plain, ""), None, plain)
    whole = f.decimals == 0 and f.kind == "N"
    kind = pa.int64() if whole else pa.float64()
    if whole and f.width > 18 and (pc.max(pc.utf8_length(plain)).as_py() or 0) > 18:
        return plain
    try:
        return pc.cast(plain, kind)
    except pa.ArrowInvalid:
        pass
    if whole and pc.any(pc.match_substring_regex(plain, r"^[+-]?\d*\.\d*$|[eE]")).as_py():
        kind = pa.float64()
    pattern = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$" if kind == pa.float64() else r"^[+-]?\d{1,18}$"
    good = pc.fill_null(pc.match_substring_regex(plain, pattern), True)
    wrong = np.flatnonzero(~np.asarray(good))
    if wrong.size:
        value = plain[int(wrong[0])].as_py()
        findings.append(_misfit(name, "数值", "a number", wrong, value, kept, source, layer))
    plain = pc.if_else(good, pc.replace_substring_regex(plain, r"^\+", ""), None)
    return pc.cast(plain, kind)


def _dates(
    texts: pa.Array, name: str, kept: NDArray[np.int64], source: str, layer: str, findings: list[Finding]
) -> pa.Array:
    coded = texts.dictionary_encode()
    days = []
    unread = []
    for k, v in enumerate(coded.dictionary.to_pylist()):
        m = re.fullmatch(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})", v.strip())
        try:
            days.append(date(*map(int, m.groups())) if m else None)
        except ValueError:
            days.append(None)
        if days[-1] is None and v.strip("0 "):
            unread.append(k)
    if unread:
        wrong = np.flatnonzero(pc.fill_null(pc.is_in(coded.indices, pa.array(unread, coded.indices.type)), False))
        findings.append(_misfit(name, "日期", "a date", wrong, texts[int(wrong[0])].as_py(), kept, source, layer))
    return pa.array(days, pa.date32()).take(coded.indices)


def _misfit(
    name: str,
    zh: str,
    en: str,
    wrong: NDArray[np.int64],
    value: str | None,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
) -> Finding:
    row = int(kept[wrong[0]]) + 1
    return finding(
        "R08",
        "warning",
        f"字段“{name}”有 {wrong.size} 行的值不是{zh}，按空值读入（首个为第 {row} 行“{value}”）。",
        f"Field '{name}': {wrong.size} values are not {en} and are read as empty (the first in row {row}: '{value}').",
        source,
        layer=layer,
        row=row,
        field=name,
        value=value,
        count=int(wrong.size),
        do=("请更正后重新导出。", "Correct them and export again."),
    )
