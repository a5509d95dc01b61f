"""dBASE tables read column by column with NumPy: fast at a million rows, and texts decoded as they really are.

GDAL decodes by one declared encoding and turns integers wider than 18 digits into floating point; land codes of 19
digits would be destroyed. Here the bytes of a whole column are cut out at once and decoded in one go.
Source: dBASE III/IV and Visual FoxPro table structures as published by their makers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from panhuo.exchange import encoding as enc
from panhuo.exchange.codes import finding
from panhuo.exchange.dbf_columns import Field, Records, columns
from panhuo.messages import Finding

_SAMPLE = 1 << 22


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
    codec, how = _codec(fields, rows, kept, head[29], declared, source, layer, findings)
    names = _names(fields, codec, source, layer, findings)
    memo = path.with_suffix(".dbt"), path.with_suffix(".fpt")
    records = Records(path, header, record, total, kept)
    read_columns = columns(fields, names, records, codec, source, layer, findings)
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
    some = [read_columns[k] for k in keep]
    table = pa.table(some, names=[names[k] for k in keep]) if keep else _rows_only(kept.size)
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
    kept: NDArray[np.int64],
    language: int,
    declared: str | None,
    source: str,
    layer: str,
    findings: list[Finding],
) -> tuple[str, str]:
    """The codec of all text, and how it was decided. A declaration that the bytes contradict is not believed."""
    sample = _sample(fields, rows, kept)
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


def _sample(fields: list[Field], rows: NDArray[np.uint8], kept: NDArray[np.int64]) -> bytes:
    """Field names and texts, up to a few megabytes; each value closed by a zero so that none runs into the next."""
    parts = [b"\x00".join(f.raw for f in fields if f.raw.isascii() is False)]
    texts = [f for f in fields if f.kind == "C"]
    if texts and kept.size:
        width = sum(f.width + 1 for f in texts)
        step = max(1, kept.size * width // _SAMPLE)
        some = rows[kept[::step]]
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
