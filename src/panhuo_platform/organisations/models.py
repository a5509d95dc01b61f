"""Tables of units, seats, users and assignments."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.regions.models import Region
from panhuo_platform.scope import Scoped, in_force


class Localities(Scoped["Locality"]):
    def visible_to(self, user: Any) -> Self:
        return self


class Locality(models.Model):
    """The place whose policy this installation runs: one row. ``frozen`` is its pack as it was adopted."""

    pack = models.CharField(_("政策包"), max_length=60)
    on = models.DateField(_("按此日有效"))
    adopted_at = models.DateTimeField(_("启用时间"))
    sha256 = models.CharField(max_length=64)
    frozen = models.JSONField()
    with_inferred = models.BooleanField(
        _("含推定权限"), default=True, help_text=_("政策没有明文、由职责推定的权限是否生效")
    )

    objects = Localities.as_manager()

    class Meta:
        verbose_name = _("地区配置")
        verbose_name_plural = _("地区配置")
        constraints = (models.CheckConstraint(condition=Q(pk=1), name="organisations_one_locality"),)

    def __str__(self) -> str:
        return self.pack


class Organisations(Scoped["Organisation"]):
    def visible_to(self, user: Any) -> Self:
        """Who there is, is no secret among those who work together."""
        return self


class Organisation(models.Model):
    """A unit (单位), or a group of units that texts speak of together (各镇街)."""

    code = models.CharField(_("代号"), max_length=60, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    name_en = models.CharField(_("英文名称"), max_length=150, blank=True)
    kind = models.CharField(_("类别"), max_length=20)
    region = models.ForeignKey(
        Region, null=True, blank=True, on_delete=models.PROTECT, related_name="organisations", verbose_name=_("辖区")
    )
    members = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="groups", verbose_name=_("成员")
    )
    clause = models.CharField(_("条款"), max_length=100, blank=True)
    starts_on = models.DateField(_("设立"), null=True, blank=True)
    ends_on = models.DateField(_("撤销"), null=True, blank=True)

    objects = Organisations.as_manager()

    class Meta:
        verbose_name = _("单位")
        verbose_name_plural = _("单位")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class TaskForces(Scoped["TaskForce"]):
    def visible_to(self, user: Any) -> Self:
        return self


class TaskForce(models.Model):
    """A leading group, task force or committee (领导小组、工作专班、委员会)."""

    code = models.CharField(_("代号"), max_length=60, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    name_en = models.CharField(_("英文名称"), max_length=150, blank=True)
    kind = models.CharField(_("类别"), max_length=20)
    office = models.ForeignKey(
        Organisation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="offices",
        verbose_name=_("办公室设在"),
    )
    clause = models.CharField(_("条款"), max_length=100, blank=True)

    objects = TaskForces.as_manager()

    class Meta:
        verbose_name = _("领导小组、专班")
        verbose_name_plural = _("领导小组、专班")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class Seats(Scoped["Seat"]):
    def visible_to(self, user: Any) -> Self:
        return self


class Seat(models.Model):
    """A seat is a post in a unit (席位). Who sits there is an assignment; the successor in the post takes it over."""

    class Place(models.TextChoices):
        HEAD = "head", _("组长")
        DEPUTY = "deputy", _("副组长")
        MEMBER = "member", _("成员")
        OFFICE = "office", _("办公室主任")

    task_force = models.ForeignKey(TaskForce, on_delete=models.CASCADE, related_name="seats", verbose_name=_("专班"))
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="seats", verbose_name=_("单位")
    )
    post = models.CharField(_("职务"), max_length=60)
    place = models.CharField(_("席位"), max_length=10, choices=Place)
    count = models.PositiveSmallIntegerField(_("人数"), default=1)

    objects = Seats.as_manager()

    class Meta:
        verbose_name = _("席位")
        verbose_name_plural = _("席位")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["task_force", "organisation", "post", "place"], name="seats_once"),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.post}"


class Users(UserManager["User"]):
    """Creates users; superusers there are none."""

    def get_queryset(self) -> UserRows:
        return UserRows(self.model, using=self._db)

    def visible_to(self, user: Any) -> UserRows:
        return self.get_queryset().visible_to(user)

    def create_superuser(self, *args: Any, **more: Any) -> User:
        raise NotImplementedError("no account may do everything; see organisations.commands.appoint")


class UserRows(Scoped["User"]):
    def visible_to(self, user: Any) -> Self:
        """Accounts are personal data: one's own, those of one's units, all for the three administrators."""
        if user.administers:
            return self
        units = [a.organisation_id for a in user.assignments_in_force]
        today = timezone.localdate()
        colleagues = Assignment.objects.filter(in_force(today), organisation__in=units).values("user")
        return self.filter(Q(pk=user.pk) | Q(pk__in=colleagues))


class User(AbstractBaseUser):
    """An account. What it may do stands in its assignments, or in its office as one of the three administrators."""

    username = models.CharField(_("账号"), max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    name = models.CharField(_("姓名或职务"), max_length=60, blank=True)
    is_active = models.BooleanField(_("启用"), default=True)
    must_change_password = models.BooleanField(_("首次登录须改口令"), default=True)
    date_joined = models.DateTimeField(_("建立时间"), default=timezone.now)

    objects: ClassVar[Users] = Users()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")
        ordering = ("username",)

    def __str__(self) -> str:
        return self.name or self.username

    @cached_property
    def assignments_in_force(self) -> list[Assignment]:
        """Today's assignments, with their unit and territory; those for units that have ended give nothing."""
        today = timezone.localdate()
        rows = Assignment.objects.filter(
            in_force(today), user=self, organisation__in=Organisation.objects.filter(in_force(today))
        )
        near = rows.select_related("organisation__region", "region")
        return list(near.defer("organisation__region__boundary", "region__boundary"))

    @cached_property
    def administers(self) -> str | None:
        """Which of the three administrators the user is: ``system``, ``security``, ``audit`` or none."""
        office = Administrator.objects.filter(user=self, ended_at=None).first()
        return office.office if office else None

    @property
    def is_audit_administrator(self) -> bool:
        return self.administers == Administrator.Office.AUDIT


class Administrators(Scoped["Administrator"]):
    def visible_to(self, user: Any) -> Self:
        return self if user.administers else self.filter(user=user)


class Administrator(models.Model):
    """One of the three administrators (三员). The database holds that nobody is two of them at a time."""

    class Office(models.TextChoices):
        SYSTEM = "system", _("系统管理员")
        SECURITY = "security", _("安全管理员")
        AUDIT = "audit", _("审计管理员")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="offices", verbose_name=_("用户"))
    office = models.CharField(_("职责"), max_length=10, choices=Office)
    appointed_at = models.DateTimeField(_("任命时间"), default=timezone.now)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    objects = Administrators.as_manager()

    class Meta:
        verbose_name = _("管理员")
        verbose_name_plural = _("管理员")
        constraints = (
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None), name="administrators_exclude_each_other"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_office_display()} {self.user}"


class Assignments(Scoped["Assignment"]):
    def visible_to(self, user: Any) -> Self:
        return self if user.administers else self.filter(user=user)

    def on(self, day: date) -> Self:
        return self.filter(in_force(day))


class Assignment(models.Model):
    """A role of the pack, held by a user for a unit from one day to another. Ended, never deleted.

    region : a territory narrower or other than the unit's own; None for the unit's
    seat   : the seat in a task force that comes with it
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("用户"))
    role = models.CharField(_("角色"), max_length=60)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("单位")
    )
    region = models.ForeignKey(
        Region, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("辖区")
    )
    seat = models.ForeignKey(
        Seat, null=True, blank=True, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("席位")
    )
    starts_on = models.DateField(_("起"))
    ends_on = models.DateField(_("止"), null=True, blank=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("授权人"))
    granted_at = models.DateTimeField(_("授权时间"), default=timezone.now)
    ended_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("结束人")
    )
    reason = models.CharField(_("结束原因"), max_length=200, blank=True)

    objects = Assignments.as_manager()

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = _("任职")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="assignments_order_of_days"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "organisation"], condition=Q(ends_on=None), name="assignments_once_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} {self.role} {self.organisation}"
