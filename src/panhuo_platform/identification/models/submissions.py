"""Tables of submissions upward (报送): what was sent to whom, what came back, and the receipt."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.identification.models.records import ByTerritory
from panhuo_platform.identification.models.runs import Verdict
from panhuo_platform.organisations.models import Organisation
from panhuo_platform.organisations.rights import rows
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.scope import Scoped


class Submissions(Scoped["Submission"]):
    def visible_to(self, user: Any) -> Self:
        """The sender's and the receiver's; and of everybody who sees one of its parcels."""
        units = [a.organisation_id for a in user.assignments_in_force]
        mine = SubmissionItem.objects.filter(rows(user, "database", "parcel__township_code")).values("submission")
        return self.filter(Q(sender__in=units) | Q(receiver__in=units) | Q(pk__in=mine))


class Submission(models.Model):
    """Parcels sent to the unit above (报送), its answer on each, and its receipt.

    receipt_* : number, day and file of the upper register's receipt; with it the parcels may use the policies
    """

    class State(models.TextChoices):
        SENT = "sent", _("已报送")
        ANSWERED = "answered", _("已反馈")
        RECEIPTED = "receipted", _("已回执")

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("名称"), max_length=200)
    sender = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("报送单位"))
    receiver = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("接收单位"))
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("报送人")
    )
    sent_at = models.DateTimeField(_("报送时间"), default=timezone.now)
    note = models.TextField(_("说明"), blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.SENT)
    parcels_count = models.PositiveIntegerField(_("宗数"))
    area_m2 = models.FloatField(_("面积"))
    sha256 = models.CharField(_("清单校验值"), max_length=64)
    receipt_number = models.CharField(_("回执编号"), max_length=100, blank=True)
    receipt_on = models.DateField(_("回执日期"), null=True)
    receipt_file = models.CharField(_("回执文件"), max_length=200, blank=True)
    receipt_sha256 = models.CharField(_("回执文件校验值"), max_length=64, blank=True)
    receipt_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("回执登记人")
    )
    receipt_at = models.DateTimeField(_("回执登记时间"), null=True)

    objects = Submissions.as_manager()

    class Meta:
        verbose_name = _("报送")
        verbose_name_plural = _("报送")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(state="receipted") | (~Q(receipt_number="") & Q(receipt_on__isnull=False)),
                name="submissions_receipt_whole",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def folder(self) -> Path:
        return Path(settings.MEDIA_ROOT) / "submissions" / str(self.key)


class SubmissionItem(models.Model):
    """One parcel of a submission: as it was sent, and what was said of it."""

    class State(models.TextChoices):
        SENT = "sent", _("待核实")
        ACCEPTED = "accepted", _("核实通过")
        RETURNED = "returned", _("退回")

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="items")
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="submitted", verbose_name=_("宗地"))
    verdict = models.ForeignKey(Verdict, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    stage = models.CharField(_("报送时环节"), max_length=64)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.SENT)
    feedback = models.TextField(_("反馈意见"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("反馈人")
    )
    answered_at = models.DateTimeField(_("反馈时间"), null=True)
    upper_number = models.CharField(_("上级库编号"), max_length=60, blank=True)

    objects = ByTerritory.as_manager()

    class Meta:
        verbose_name = _("报送宗地")
        verbose_name_plural = _("报送宗地")
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["submission", "parcel"], name="submission_items_once"),)

    def __str__(self) -> str:
        return f"{self.submission} {self.parcel}"
