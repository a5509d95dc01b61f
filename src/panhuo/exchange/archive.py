"""Archives, unpacked with care: names in GBK or UTF-8, no way out of the folder, no bombs, encrypted members named."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.stage import Item, Limits, Stage, item
from panhuo.messages import Finding

_ASK_ZIP = (
    "请解压后重新打成不加密的 zip 包，或直接提供文件夹。",
    "Unpack it and send an unencrypted zip, or the folder itself.",
)


class Budget:
    """What may still be unpacked in this delivery, over all its archives."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bytes_left = limits.bytes_total
        self.members_left = limits.members


def member_name(info: zipfile.ZipInfo) -> str:
    """The member's name as its maker meant it.

    A set UTF-8 flag is believed; then the Unicode Path extra field (0x7075, Info-ZIP); else the raw bytes are UTF-8 if
    they can be, GB18030 if they can be, and code page 437 (the zip default) at last.
    """
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    extra, at = info.extra, 0
    while at + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + size]
        if tag == 0x7075 and len(body) > 5 and struct.unpack_from("<I", body, 1)[0] == zlib.crc32(raw):
            return body[5:].decode("utf-8", "replace")
        at += 4 + size
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return info.filename


def safe_path(name: str) -> str | None:
    """The name as a path inside the archive, or None when it would lead out of it."""
    plain = name.replace("\\", "/")
    parts = [p for p in PurePosixPath(plain).parts if p not in (".", "")]
    if plain.startswith("/") or ".." in parts or (parts and len(parts[0]) > 1 and parts[0][1] == ":"):
        return None
    if not parts or any("\x00" in p for p in parts):
        return None
    return "/".join(parts)


def unpack(archive: Item, stage: Stage, budget: Budget, findings: list[Finding]) -> Iterator[Item]:
    """The members of a zip as items in a room of the stage; what is refused becomes a finding that names it."""
    try:
        with zipfile.ZipFile(archive.local) as z:
            yield from _members(z, archive, stage, budget, findings)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, struct.error) as error:
        findings.append(
            unreadable(
                f"压缩包打不开：{error}。",
                f"The archive cannot be opened: {error}.",
                archive.path,
                ("文件可能没有传完整，请重新压缩并提供。", "It may have been cut in transfer; pack and send it again."),
            )
        )


def _members(
    z: zipfile.ZipFile, archive: Item, stage: Stage, budget: Budget, findings: list[Finding]
) -> Iterator[Item]:
    room, seen = stage.room(), set[str]()
    for number, info in enumerate(z.infolist()):
        if info.is_dir() or info.filename.endswith("/"):
            continue
        name = member_name(info)
        path = safe_path(name)
        where = f"{archive.path}/{name}"
        if path is None or (info.external_attr >> 16) & 0o170000 == 0o120000:
            findings.append(
                finding(
                    "R16",
                    "error",
                    f"压缩包成员路径“{name}”指向包外或是链接，已拒绝。",
                    f"Archive member '{name}' points outside the archive or is a link; it was refused.",
                    where,
                    do=("请检查压缩包来源并重新打包。", "Check where the archive comes from and pack it again."),
                )
            )
            continue
        if info.flag_bits & 1:
            findings.append(unreadable(f"“{name}”已加密。", f"'{name}' is encrypted.", where, _ASK_ZIP))
            continue
        if path in seen:
            findings.append(
                finding(
                    "R16",
                    "warning",
                    f"压缩包中“{path}”出现多次，均已读取并加序号。",
                    f"'{path}' occurs more than once in the archive; all are read, numbered.",
                    where,
                )
            )
            head, dot, tail = path.rpartition(".")
            path = f"{head or tail}~{number}{dot}{tail if head else ''}"
        seen.add(path)
        local = room / str(number)
        problem = _extract(z, info, local, budget)
        if problem is None:
            yield item(f"{archive.path}/{path}", local)
            continue
        local.unlink(missing_ok=True)
        findings.append(problem(where))
        if budget.members_left < 0 or budget.bytes_left < 0:
            return


class _Problem:
    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en

    def __call__(self, where: str) -> Finding:
        return finding("R16", "error", self.zh, self.en, where, do=_ASK_ZIP)


def _extract(z: zipfile.ZipFile, info: zipfile.ZipInfo, local: Path, budget: Budget) -> _Problem | None:
    """One member to ``local``; counts real bytes, because sizes in the directory can lie."""
    budget.members_left -= 1
    if budget.members_left < 0:
        n = budget.limits.members
        return _Problem(
            f"压缩包成员超过 {n} 个，其余未读。", f"More than {n} members in the archive; the rest is not read."
        )
    done, packed = 0, max(info.compress_size, 1)
    try:
        with z.open(info) as source, local.open("wb") as target:
            while chunk := source.read(1 << 20):
                done += len(chunk)
                budget.bytes_left -= len(chunk)
                if budget.bytes_left < 0:
                    size = budget.limits.bytes_total >> 20
                    return _Problem(
                        f"解压后超过 {size} MB，其余未读。", f"More than {size} MB unpacked; the rest is not read."
                    )
                if done > budget.limits.ratio_from and done / packed > budget.limits.ratio:
                    return _Problem(
                        "压缩比异常（疑似压缩炸弹），未读取。",
                        "Abnormal compression ratio (a zip bomb?); it was not read.",
                    )
                target.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        return _Problem(f"成员解压失败：{error}。", f"The member cannot be unpacked: {error}.")
    return None
