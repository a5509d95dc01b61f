"""What the readers and writers themselves can find, beside the catalogue of checks (families D, A, G, C).

D01 (cannot be read, empty, missing) and D02 (no coordinate system) are the catalogue's own codes and are used as they
are.
"""

from __future__ import annotations

from collections.abc import Mapping

from panhuo.messages import Finding, Severity, Text

READER_CODES: Mapping[str, Text] = {
    "R01": Text("文字编码系推断", "text encoding was guessed"),
    "R02": Text("文字无法解码或被截断", "text cannot be decoded or was cut"),
    "R03": Text("Shapefile 组成文件缺失或不一致", "parts of a shapefile are missing or disagree"),
    "R04": Text("图形数与属性行数不一致", "numbers of shapes and of attribute rows differ"),
    "R05": Text("含已标记删除的记录", "records marked as deleted"),
    "R06": Text("字段名被截断、重复或改名", "field names cut, repeated or renamed"),
    "R07": Text("图形读取时作了转换", "geometry was converted on reading"),
    "R08": Text("值与字段类型不符", "value does not fit the field's type"),
    "R09": Text("文件内容与扩展名不符", "content differs from the file's extension"),
    "R10": Text("行的列数与表头不一致", "row has another number of columns than the header"),
    "R11": Text("长数字被电子表格损坏", "long number damaged by the spreadsheet"),
    "R12": Text("单元格公式错误", "formula error in a cell"),
    "R13": Text("合并单元格已向下填充", "merged cells were filled down"),
    "R14": Text("表头以外的行，隐藏的工作表或行列", "rows outside the table; hidden sheets, rows or columns"),
    "R15": Text("图层几何类型混杂", "mixed geometry types in a layer"),
    "R16": Text("压缩包成员被拒绝", "archive member refused"),
    "R17": Text("图形无法解析", "geometry cannot be read"),
    "R18": Text("同一表含多种坐标系", "several coordinate systems in one table"),
    "R19": Text("坐标系系推断", "coordinate system was recognised, not stated"),
    "R20": Text("写出时内容受格式限制", "the format's limits changed what was written"),
}

#: Readers that number their own findings; the part before the hyphen names the format.
FORMAT_CODES: Mapping[str, Text] = {
    "DXF": Text("读取 DXF 图形文件", "reading a DXF drawing"),
    "KML": Text("读取 KML、KMZ 文件", "reading KML or KMZ"),
    "TXT": Text("读取界址点坐标文件", "reading a boundary point text file"),
    "VCT": Text("读取 VCT 交换文件", "reading a VCT exchange file"),
}


def reader_rule(code: str) -> Text | None:
    """What a reader's code concerns, in words; None where the code is not a reader's."""
    return READER_CODES.get(code) or FORMAT_CODES.get(code.partition("-")[0])


def finding(
    code: str,
    severity: Severity,
    zh: str,
    en: str,
    source: str,
    *,
    do: tuple[str, str] | None = None,
    layer: str | None = None,
    row: int | None = None,
    field: str | None = None,
    value: str | None = None,
    count: int = 1,
) -> Finding:
    """A finding of the exchange floor; ``do`` is the suggestion (zh, en)."""
    return Finding(
        code=code,
        severity=severity,
        text=Text(zh, en),
        source=source,
        layer=layer,
        row=row,
        field=field,
        value=value if value is None or len(value) <= 200 else f"{value[:199]}…",
        suggestion=Text(*do) if do else None,
        count=count,
    )


def unreadable(zh: str, en: str, source: str, do: tuple[str, str], layer: str | None = None) -> Finding:
    """D01: a file, or a layer of it, that cannot be read."""
    return finding("D01", "error", zh, en, source, do=do, layer=layer)
