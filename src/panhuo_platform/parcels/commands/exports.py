"""Taking data out: who may see them may have them as a file, and the audit says who did."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from panhuo.messages import PanhuoError
from panhuo.progress import Progress, silent
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.jobs import commands as jobs
from panhuo_platform.jobs.models import Job
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels import exporting, queries
from panhuo_platform.parcels.filters import ParcelFilter

#: Kind of the job that makes a long export.
EXPORT = "parcels.export"


def export_folder(name: str) -> Path:
    """Where an export lies until it is fetched."""
    return Path(settings.MEDIA_ROOT) / "exports" / str(uuid.UUID(name))


def export(user: User, chosen: ParcelFilter, kind: str) -> bytes | Job:
    """A filtered list as a file: its bytes where it is short, else a job that makes it."""
    require(user, "S", "database")
    if kind not in exporting.FORMATS:
        raise ValidationError(_("不支持这种导出格式。"))
    count, _whole = queries.counted(chosen.parcels(queries.seen(user)), exporting.AT_ONCE)
    if count >= exporting.AT_ONCE:
        return jobs.start(
            EXPORT, actor=user, arguments={"query": chosen.parameters(), "kind": kind}, title=_("导出宗地")
        )
    with tempfile.TemporaryDirectory() as folder:
        path, _count = write_export(user, chosen, kind, Path(folder))
        return path.read_bytes()


@transaction.atomic
def write_export(
    user: User, chosen: ParcelFilter, kind: str, folder: Path, *, progress: Progress = silent
) -> tuple[Path, int]:
    """Write the file into ``folder``, and the audit event with filter and count; the path and the count."""
    require(user, "S", "database")
    try:
        path, count = exporting.write(user, chosen, kind, folder, progress=progress)
    except PanhuoError as error:
        raise ValidationError(error.say("zh")) from error
    record(
        AuditEvent.Action.EXPORTED, f"导出宗地 {count} 宗（{kind}）", actor=user,
        detail={"filter": chosen.parameters(), "count": count, "format": kind},
    )  # fmt: skip
    return path, count
