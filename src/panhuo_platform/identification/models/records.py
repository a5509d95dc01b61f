"""Tables of a record's life (认定流程): what was due, confirmed, decided, overridden, objected, and what was shown.

Rows of steps, confirmations and what was shown are only ever added. An override or an objection is closed once.
"""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.identification.models.runs import Run, Verdict
from panhuo_platform.organisations.models import Organisation
from panhuo_platform.organisations.rights import rows
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.scope import Scoped


class ShownRows(Scoped["Shown"]):
    def visible_to(self, user: Any) -> Self:
        """Through the step it was shown at, whose rows know their territory."""
        return self.filter(Q(pk__in=RecordStep.objects.visible_to(user).values("shown")))


class Shown(models.Model):
    """What somebody had before their eyes when they decided: the card, or the list, as it was, by its hash."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    content = models.JSONField()
    made_at = models.DateTimeField(default=timezone.now)

    objects = ShownRows.as_manager()

    class Meta:
        verbose_name = _("决定时所示内容")
        verbose_name_plural = _("决定时所示内容")

    def __str__(self) -> str:
        return self.sha256[:12]


class ByTerritory(Scoped[Any]):
    """Rows of parcels, by the parcel's territory."""

    def visible_to(self, user: Any) -> Self:
        return self.filter(rows(user, "database", "parcel__township_code"))


class RecordStep(models.Model):
    """One step of a parcel along the pack's chain: a row a step, many rows with one ``batch`` when taken together.

    step       : the transition's id in the chain; ``override`` and the like are no steps
    unit, role : for whom the actor acted; second : who agreed, where two persons are needed
    """

    id = models.BigAutoField(primary_key=True)
    batch = models.UUIDField(default=uuid.uuid4, db_index=True)
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="steps", verbose_name=_("宗地"))
    step = models.CharField(_("步骤"), max_length=64)
    action = models.CharField(_("动作"), max_length=100)
    from_stage = models.CharField(_("原环节"), max_length=64)
    to_stage = models.CharField(_("新环节"), max_length=64)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办人")
    )
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办单位"))
    role = models.CharField(_("角色"), max_length=60)
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("复核人")
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)
    reason = models.TextField(_("理由"), blank=True)
    verdict = models.ForeignKey(
        Verdict, null=True, on_delete=models.PROTECT, related_name="steps", verbose_name=_("认定结论"), db_index=False
    )
    shown = models.ForeignKey(
        Shown, null=True, on_delete=models.PROTECT, related_name="steps", verbose_name=_("所示内容"), db_index=False
    )

    objects = ByTerritory.as_manager()

    class Meta:
        verbose_name = _("办理步骤")
        verbose_name_plural = _("办理步骤")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.parcel} {self.action}"


class Confirmation(models.Model):
    """A unit's word on one condition of a parcel (部门确认): that it is so, or that it is doubted and why."""

    class Answer(models.TextChoices):
        CONFIRMED = "confirmed", _("确认")
        DOUBTED = "doubted", _("有异议")

    id = models.BigAutoField(primary_key=True)
    batch = models.UUIDField(default=uuid.uuid4, db_index=True)
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="confirmations", verbose_name=_("宗地"))
    verdict = models.ForeignKey(
        Verdict, on_delete=models.PROTECT, related_name="confirmations", verbose_name=_("认定结论"), db_index=False
    )
    condition = models.CharField(_("条件"), max_length=100)
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("确认单位"))
    answer = models.CharField(_("意见"), max_length=10, choices=Answer)
    note = models.TextField(_("说明"), blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办人")
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)

    objects = ByTerritory.as_manager()

    class Meta:
        verbose_name = _("部门确认")
        verbose_name_plural = _("部门确认")
        ordering = ("pk",)
        indexes = (models.Index(fields=["parcel", "condition", "unit"], name="confirmations_of_condition"),)
        constraints = (
            models.CheckConstraint(condition=Q(answer="confirmed") | ~Q(note=""), name="confirmations_doubt_says_why"),
        )

    def __str__(self) -> str:
        return f"{self.parcel} {self.condition} {self.answer}"


class Due(models.Model):
    """A confirmation that the verdict in force asks of a unit. Made anew with each run; what was answered is kept.

    needed : without it the record is not complete; False where the pack gives the unit no seat at the table, or the
             unit is the one that identifies
    answer : the unit's last word on it
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="dues", db_index=False)
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="dues")
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, related_name="dues", db_index=False)
    condition = models.CharField(_("条件"), max_length=100)
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    needed = models.BooleanField(default=True)
    answer = models.ForeignKey(
        Confirmation, null=True, on_delete=models.PROTECT, related_name="answers", db_index=False
    )

    objects = ByTerritory.as_manager()

    class Meta:
        verbose_name = _("待确认事项")
        verbose_name_plural = _("待确认事项")
        constraints = (models.UniqueConstraint(fields=["parcel", "condition", "unit"], name="dues_once"),)
        indexes = (
            models.Index(fields=["unit", "parcel"], condition=Q(answer=None), name="dues_open_by_unit"),
            models.Index(fields=["run"], name="dues_of_run"),
        )

    def __str__(self) -> str:
        return f"{self.parcel} {self.condition}"


class Override(models.Model):
    """A decision other than the verdict (人工改判), with its reason. The verdict stays as it was found."""

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="overrides", verbose_name=_("宗地"))
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, related_name="overrides", verbose_name=_("原结论"))
    outcome = models.CharField(_("改判结论"), max_length=20)
    main_class = models.CharField(_("改判类别"), max_length=40, blank=True)
    reason = models.TextField(_("理由"))
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办单位"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办人")
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)
    shown = models.ForeignKey(Shown, null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(_("撤销时间"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("撤销人")
    )
    ended_because = models.TextField(_("撤销理由"), blank=True)

    objects = ByTerritory.as_manager()

    class Meta:
        verbose_name = _("人工改判")
        verbose_name_plural = _("人工改判")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["parcel"], condition=Q(ended_at=None), name="overrides_one_in_force"),
            models.CheckConstraint(condition=~Q(reason=""), name="overrides_say_why"),
        )

    def __str__(self) -> str:
        return f"{self.parcel} {self.outcome}"


class Objection(models.Model):
    """What an owner says against a condition (权利人异议), and what was answered."""

    class State(models.TextChoices):
        OPEN = "open", _("待答复")
        UPHELD = "upheld", _("成立")
        REJECTED = "rejected", _("不成立")

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="objections", verbose_name=_("宗地"))
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, related_name="+", verbose_name=_("认定结论"))
    condition = models.CharField(_("条件"), max_length=100)
    by = models.CharField(_("异议人"), max_length=100)
    text = models.TextField(_("异议内容"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("登记人")
    )
    recorded_at = models.DateTimeField(_("登记时间"), default=timezone.now)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    answer = models.TextField(_("答复"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("答复人")
    )
    answered_at = models.DateTimeField(_("答复时间"), null=True)

    objects = ByTerritory.as_manager()

    class Meta:
        verbose_name = _("权利人异议")
        verbose_name_plural = _("权利人异议")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(state="open") | ~Q(answer=""), name="objections_are_answered"),
        )

    def __str__(self) -> str:
        return f"{self.parcel} {self.condition}"


class PendingSteps(Scoped["PendingStep"]):
    def visible_to(self, user: Any) -> Self:
        """Those asked by the user's units."""
        return self.filter(unit__in=[a.organisation_id for a in user.assignments_in_force])


class PendingStep(models.Model):
    """A step that a second person has yet to agree to (双人复核)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("待复核")
        AGREED = "agreed", _("已复核")
        REFUSED = "refused", _("未同意")

    step = models.CharField(_("步骤"), max_length=64)
    parcels = models.ManyToManyField(Parcel, related_name="+", verbose_name=_("宗地"))
    reason = models.TextField(_("理由"), blank=True)
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办单位"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("提出人")
    )
    asked_at = models.DateTimeField(_("提出时间"), default=timezone.now)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING)
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("复核人")
    )
    answered_at = models.DateTimeField(_("复核时间"), null=True)
    answer = models.TextField(_("复核意见"), blank=True)

    objects = PendingSteps.as_manager()

    class Meta:
        verbose_name = _("待复核步骤")
        verbose_name_plural = _("待复核步骤")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(second=None) | ~Q(second=models.F("asked_by")), name="pending_steps_by_two"
            ),
        )

    def __str__(self) -> str:
        return f"{self.step} {self.asked_at:%Y-%m-%d}"
