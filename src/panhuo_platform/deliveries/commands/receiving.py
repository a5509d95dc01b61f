"""Taking in: a delivery is opened, its files arrive in parts, and it is received."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.exchange.grouping import walk
from panhuo.messages import PanhuoError
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import files
from panhuo_platform.deliveries.jobs import READ
from panhuo_platform.deliveries.models import DataRequest, Delivery, Upload
from panhuo_platform.deliveries.rights import require_send
from panhuo_platform.jobs.commands import start
from panhuo_platform.organisations.models import Organisation, User

Action = AuditEvent.Action
State = Delivery.State
#: States of a delivery whose files count towards the quota of the user who sent them.
_COUNTED = (State.RECEIVING, State.RECEIVED, State.CHECKING, State.CHECKED, State.UNDONE)


@transaction.atomic
def open_delivery(
    actor: User, *, sender: Organisation, title: str, township_code: str = "", note: str = "",
    request: DataRequest | None = None,
) -> Delivery:  # fmt: skip
    """A unit begins to hand something over, for a division or for the whole locality."""
    _may_open(actor, sender, title, township_code)
    if request is not None and request.unit_id != sender.pk:
        raise ValidationError(_("这项数据需求不是向该单位提出的。"))
    row = Delivery.objects.create(
        sender=sender, title=title.strip()[:120], township_code=township_code, note=note, request=request,
        opened_by=actor,
    )  # fmt: skip
    record(
        Action.CHANGED, f"{sender.name}新建交付“{row.title}”", actor=actor, subject=row,
        detail={"township_code": township_code, "key": str(row.key)},
    )  # fmt: skip
    return row


def _may_open(actor: User, sender: Organisation, title: str, township_code: str) -> None:
    require_send(actor, sender.pk, township_code)
    if not title.strip():
        raise ValidationError(_("请填写交付的名称，例如“石桥埠镇 2026 年宗地调查”。"))


def begin_upload(actor: User, delivery: Delivery, *, name: str, size: int, sha256: str = "") -> Upload:
    """A file is announced; the same file announced again is gone on with where it stopped."""
    name = files.storable(name)
    try:
        return _begin(actor, delivery, name=name, size=size, sha256=sha256)
    except ValidationError as error:
        record(
            Action.REFUSED, f"拒绝上传文件：{'；'.join(error.messages)}", actor=actor, subject=delivery,
            detail={"name": name[:200], "size": size},
        )  # fmt: skip
        raise


@transaction.atomic
def _begin(actor: User, delivery: Delivery, *, name: str, size: int, sha256: str) -> Upload:
    row = _receiving(actor, delivery)
    stored = files.safe_name(name)
    known = Upload.objects.filter(delivery=row, stored=stored).first()
    if known is not None:
        if known.size == size and known.done_at is None and sha256 in ("", known.sha256):
            return known
        raise ValidationError(_("已有同名文件“%(name)s”；如需替换，请先删除原来的文件。") % {"name": name[:120]})
    files.room_for(size)
    used = Upload.objects.filter(by=actor, delivery__state__in=_COUNTED).aggregate(n=Sum("size"))["n"] or 0
    if used + size > settings.DELIVERY_QUOTA:
        raise ValidationError(
            _("您尚未接收的交付已占用 %(used)s，加上本文件将超过 %(quota)s；请先撤回不需要的交付。")
            % {"used": files.shown(used), "quota": files.shown(settings.DELIVERY_QUOTA)}
        )
    try:
        with transaction.atomic():
            return Upload.objects.create(
                delivery=row, name=name[:500], stored=stored, size=size, sha256=sha256.lower(), by=actor
            )
    except IntegrityError as error:  # announced twice at once
        raise ValidationError(_("该文件正在由另一个窗口上传。")) from error


def put_part(actor: User, upload: Upload, *, offset: int, part: bytes) -> int:
    """A part of a file; returns how many bytes are here. ValidationError where it does not go on from what is here."""
    _receiving(actor, upload.delivery)
    here = files.offset(upload)
    if offset != here:
        raise ValidationError(_("文件已收到 %(here)s 字节，请从那里继续。") % {"here": here}, code="offset")
    if not part or len(part) > settings.DELIVERY_PART or here + len(part) > upload.size:
        raise ValidationError(_("分片大小不符，请重新上传该文件。"), code="size")
    try:
        here = files.write_part(upload, offset, part)
    except OSError as error:
        raise PanhuoError(
            f"服务器无法写入文件：{error.strerror}。请联系系统管理员。",
            f"The server cannot write the file: {error.strerror}. Tell the system administrator.",
        ) from error
    if here == upload.size:
        finish_upload(upload)
    return here


def finish_upload(upload: Upload) -> None:
    """A file that is whole: its checksum is held against the announced one, and it goes to the received ones."""
    found = files.checksum(upload.arriving)  # before the transaction: several GB take their time
    if upload.sha256 and upload.sha256 != found:
        upload.arriving.unlink(missing_ok=True)
        raise ValidationError(_("文件“%(name)s”在传输中损坏，请重新上传。") % {"name": upload.name}, code="damaged")
    with transaction.atomic():
        row = Upload.objects.select_for_update().get(pk=upload.pk)
        if row.done_at is None:
            row.sha256, row.done_at = found, timezone.now()
            row.save(update_fields=["sha256", "done_at"])
            files.settle(row)
    upload.sha256, upload.done_at = row.sha256, row.done_at


@transaction.atomic
def drop_upload(actor: User, upload: Upload) -> None:
    """The sender takes a file back before the delivery is handed over."""
    delivery = _receiving(actor, upload.delivery)
    files.forget(upload)
    Upload.objects.filter(pk=upload.pk).delete()
    record(Action.CHANGED, f"删除上传文件“{upload.name}”", actor=actor, subject=delivery)


@transaction.atomic
def receive(actor: User, delivery: Delivery) -> Delivery:
    """The sender says that all files are there; reading and checking begin."""
    row = _receiving(actor, delivery)
    uploads = list(row.uploads.all())
    if not uploads:
        raise ValidationError(_("还没有文件，请先上传。"))
    if waiting := [u.name for u in uploads if u.done_at is None]:
        raise ValidationError(
            _("还有文件没有传完：%(names)s。请继续上传，或删除这些文件。") % {"names": "、".join(waiting[:5])}
        )
    row.state, row.received_at = State.RECEIVED, timezone.now()
    row.save(update_fields=["state", "received_at"])
    start(READ, actor=actor, subject=row, arguments={"delivery": row.pk})
    record(
        Action.CHANGED, f"收到交付“{row.title}”：{len(uploads)} 个文件", actor=actor, subject=row,
        detail={"files": [{"name": u.name, "size": u.size, "sha256": u.sha256} for u in uploads[:200]]},
    )  # fmt: skip
    return row


def take_in(
    actor: User, path: Path, *, sender: Organisation, title: str, township_code: str = "", note: str = ""
) -> Delivery:
    """Take in a file or folder that lies on the server, as if it had been uploaded. Nothing at ``path`` is changed.

    All files are here before there is a delivery: one that dies while it copies leaves none that holds half of them.
    """
    if not path.exists():
        raise PanhuoError("没有这个文件或文件夹。", "There is no such file or folder.", where=str(path))
    found = [(said, local) for said, local in walk(path) if local.is_file()]
    if not found:
        raise PanhuoError("文件夹中没有文件。", "The folder holds no files.", where=str(path))
    _may_open(actor, sender, title, township_code)
    with files.taking() as folder:
        uploads = [_copied(said, local, folder) for said, local in found]
        with transaction.atomic():
            row = open_delivery(actor, sender=sender, title=title, township_code=township_code, note=note)
            for upload in uploads:
                upload.delivery, upload.by, upload.done_at = row, actor, timezone.now()
                upload.save()
            row.folder.mkdir(parents=True, exist_ok=True)
            folder.rename(row.received)
            return receive(actor, row)


def _copied(said: str, local: Path, folder: Path) -> Upload:
    """A file that has been copied to ``folder``; what it is, as yet of no delivery."""
    stored = files.safe_name(said)
    files.room_for(max(1, min(local.stat().st_size, settings.DELIVERY_FILE_LIMIT)))
    target = folder / stored
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(local, target)
    return Upload(name=said[:500], stored=stored, size=target.stat().st_size, sha256=files.checksum(target))


def _receiving(actor: User, delivery: Delivery) -> Delivery:
    """The delivery while it is open for files, locked; only for whoever may send it."""
    row = Delivery.objects.get(pk=delivery.pk)
    require_send(actor, row.sender_id, row.township_code)
    if row.state != State.RECEIVING:
        raise ValidationError(_("交付已经提交，不能再改动文件；需要补充时请新建一次交付。"))
    return row
