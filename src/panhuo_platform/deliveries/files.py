"""Files of deliveries on disk: safe names, parts that arrive one after the other, and what they may ask for.

Everything of a delivery lies in ``MEDIA_ROOT/deliveries/<key>``: ``arriving`` (files that are not whole yet),
``received`` (as they came), ``layers`` (as they were read, see :mod:`panhuo_platform.deliveries.kept`). Files that the
server itself takes in are copied to ``MEDIA_ROOT/deliveries/.taking`` first.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from panhuo.exchange.archive import safe_path
from panhuo.messages import format_number
from panhuo_platform.deliveries.models import Upload
from panhuo_platform.jobs.processes import lives, me

#: Bytes that stay free on the disk whatever arrives.
RESERVE = 1 << 30
_TAKING = ".taking"
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))})
_LONGEST = 180


def safe_name(name: str) -> str:
    """A name (with folders perhaps) as it is stored below ``received``; ValidationError for one that leads elsewhere.

    The stem stays as it is where it can: files of a shapefile know each other by it.
    """
    path = safe_path(unicodedata.normalize("NFC", name))
    if path is None or len(path.split("/")) > 8:
        raise ValidationError(_("文件名“%(name)s”不能使用：路径指向文件夹以外。") % {"name": name[:120]})
    return "/".join(_part(p) for p in path.split("/"))


def _part(part: str) -> str:
    plain = _NOT_IN_NAMES.sub("_", part).strip(" ").rstrip(". ").lstrip(".") or "_"
    if plain.split(".")[0].lower() in _RESERVED:
        plain = "_" + plain
    stem, dot, ext = plain.rpartition(".")
    while len(plain.encode()) > _LONGEST:
        stem = (stem or ext)[:-1]
        plain = f"{stem}{dot}{ext}" if dot else stem
    return plain


def storable(text: str) -> str:
    """A text that every database and log takes: no NUL, no half of a character."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def room_for(size: int) -> None:
    """ValidationError where the file is too large, or the disk has no room for it."""
    if size <= 0:
        raise ValidationError(_("文件是空的。"))
    if size > settings.DELIVERY_FILE_LIMIT:
        raise ValidationError(
            _("文件有 %(size)s，超过单个文件上限 %(limit)s；请分开压缩后上传，或请系统管理员在服务器上接收。")
            % {"size": shown(size), "limit": shown(settings.DELIVERY_FILE_LIMIT)}
        )
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(root).free < size + RESERVE:
        raise ValidationError(_("服务器磁盘空间不足，请联系系统管理员后再上传。"))


def shown(size: int) -> str:
    """Bytes as people say them."""
    amount, unit = float(size), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if amount < 1024 or unit == "TB":
            break
        amount /= 1024
    return f"{format_number(amount, 0 if unit == 'B' else 1)} {unit}"


def offset(upload: Upload) -> int:
    """How many bytes of it are here."""
    if upload.done_at is not None:
        return upload.size
    try:
        return upload.arriving.stat().st_size
    except FileNotFoundError:
        return 0


def write_part(upload: Upload, at: int, part: bytes) -> int:
    """Put a part where it belongs; returns how many bytes are here now. The same part twice is the same as once."""
    upload.arriving.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(upload.arriving, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:  # a handle that is open already is not cut
        file.seek(at)
        file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return offset(upload)


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settle(upload: Upload) -> None:
    """A file that is whole goes to ``received``, in one step."""
    target = upload.delivery.received / upload.stored
    target.parent.mkdir(parents=True, exist_ok=True)
    upload.arriving.rename(target)


@contextmanager
def taking() -> Iterator[Path]:
    """A folder for files that are copied before there is a delivery of theirs. What is left there at the end goes, and
    so does what dead processes have left."""
    root = Path(settings.MEDIA_ROOT) / "deliveries" / _TAKING
    mine = root / quote(me(), safe="") / secrets.token_hex(4)
    mine.mkdir(parents=True)
    for other in root.iterdir():
        if lives(unquote(other.name)) is False:
            shutil.rmtree(other, ignore_errors=True)
    try:
        yield mine
    finally:
        shutil.rmtree(mine, ignore_errors=True)
        with suppress(OSError):  # this process is taking something else too
            mine.parent.rmdir()


def forget(upload: Upload) -> None:
    """Remove a file that its sender takes back."""
    upload.arriving.unlink(missing_ok=True)
    (upload.delivery.received / upload.stored).unlink(missing_ok=True)
