"""Tables of the register: parcels, their versions and lineage, legacy land, issues, snapshots.

Two times: ``valid`` is when something was so on the ground (days), ``recorded`` is when the register learned it
(moments). A version of a parcel is written once. What is learned later only closes it: ``valid_to`` with the moment
``closed_at`` when that was learned, or ``superseded_at`` when it proved wrong or was undone. So what held on a day, as
the register knew it at a moment, can always be asked.
"""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.organisations import rights
from panhuo_platform.parcels.fields import CodeField
from panhuo_platform.scope import Scoped


class Parcels(Scoped["Parcel"]):
    def visible_to(self, user: Any) -> Self:
        """Those in the user's territory."""
        return self.filter(rights.rows(user, "database", "township_code"))

    def alive(self) -> Self:
        return self.filter(status=Parcel.Status.ALIVE)


class Parcel(models.Model):
    """A parcel for its whole life, as it is now: what lists filter and sort by. Its past stands in its versions.

    number            : permanent, never given twice: ``990112001P0000001``
    code              : 宗地代码 as delivered; may change, and be missing where a split has not been given codes yet
    current           : the version that holds now; None when the parcel has ended
    outcome … stage   : what identification found and where the record stands; words of the library and the pack
    in_upper_register : only such parcels may use the policies; each entry and removal is an ``UpperEntry``
    """

    class Status(models.TextChoices):
        ALIVE = "alive", _("现存")
        ENDED = "ended", _("已终止")

    number = CodeField(_("地块编号"), max_length=30, unique=True)
    code = CodeField(_("宗地代码"), max_length=40, blank=True, db_index=True)
    name = models.CharField(_("地块名称"), max_length=200, blank=True)
    township_code = CodeField(_("乡镇街道代码"), max_length=12)
    holder_name = models.CharField(_("权利人"), max_length=200, blank=True)
    credit_code = CodeField(_("统一社会信用代码"), max_length=40, blank=True, db_index=True)
    registered_use = CodeField(_("登记用途"), max_length=20, blank=True)
    area_m2 = models.FloatField(_("面积"), help_text=_("椭球面积，平方米"))
    status = models.CharField(_("状态"), max_length=10, choices=Status, default=Status.ALIVE)
    current = models.ForeignKey(
        "ParcelVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("现行版本")
    )
    outcome = models.CharField(_("认定结论"), max_length=20, blank=True)
    main_class = models.CharField(_("主要类别"), max_length=40, blank=True)
    classes = models.JSONField(_("全部类别"), default=list, blank=True)
    stage = models.CharField(_("办理环节"), max_length=40, blank=True)
    in_upper_register = models.BooleanField(_("已入上级库"), default=False)
    upper_number = models.CharField(_("上级库编号"), max_length=60, blank=True)

    objects = Parcels.as_manager()

    class Meta:
        verbose_name = _("宗地")
        verbose_name_plural = _("宗地")
        ordering = ("township_code", "number")
        indexes = (
            models.Index(fields=["township_code", "number"], name="parcels_by_township"),
            models.Index(fields=["outcome", "township_code", "number"], name="parcels_by_outcome"),
            models.Index(fields=["main_class", "township_code", "number"], name="parcels_by_class"),
            models.Index(fields=["stage", "township_code", "number"], name="parcels_by_stage"),
            models.Index(fields=["area_m2", "number"], name="parcels_by_area"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["code"], condition=Q(status="alive") & ~Q(code=""), name="parcels_code_once_alive"
            ),
            models.CheckConstraint(
                condition=Q(status="alive", current__isnull=False) | Q(status="ended", current=None),
                name="parcels_alive_has_current",
            ),
            models.CheckConstraint(condition=Q(area_m2__gte=0), name="parcels_area_not_negative"),
        )

    def __str__(self) -> str:
        return self.code or self.number


class Changes(Scoped["Change"]):
    def visible_to(self, user: Any) -> Self:
        """Those that made or ended something in the user's territory, or undid such a one."""
        territory = rights.rows(user, "database", "township_code")
        if not territory:  # no division bounds the user
            return self
        versions = ParcelVersion.objects.filter(territory)
        ended = versions.filter(ended_by__isnull=False)
        touched = Q(pk__in=versions.values("change")) | Q(pk__in=ended.values("ended_by"))
        undone = Change.objects.filter(touched, undone_by__isnull=False)
        return self.filter(touched | Q(pk__in=undone.values("undone_by")))


class Change(models.Model):
    """One act that changed the register: what it made and what it ended bears its key, and goes back together.

    counts : how many parcels were new, changed, split …
    """

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("交付")
        SPLIT = "split", _("分割")
        MERGED = "merged", _("合并")
        EDITED = "edited", _("修改")
        CORRECTED = "corrected", _("更正")
        UNDONE = "undone", _("撤销")

    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    day = models.DateField(_("生效"))
    at = models.DateTimeField(_("登记时间"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办人")
    )
    delivery = models.ForeignKey(
        Delivery, null=True, blank=True, on_delete=models.PROTECT, related_name="changes", verbose_name=_("交付")
    )
    note = models.CharField(_("说明"), max_length=500, blank=True)
    counts = models.JSONField(_("统计"), default=dict)
    undone_by = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undoes", verbose_name=_("被撤销于")
    )

    objects = Changes.as_manager()

    class Meta:
        verbose_name = _("变更")
        verbose_name_plural = _("变更")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.day}"


class Versions(Scoped["ParcelVersion"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(rights.rows(user, "database", "township_code"))

    def believed(self, known_on: Any = None) -> Self:
        """Those that the register held to be true at a moment; None: now."""
        if known_on is None:
            return self.filter(superseded_at=None)
        return self.filter(recorded_at__lte=known_on).filter(Q(superseded_at=None) | Q(superseded_at__gt=known_on))

    def on(self, day: Any, known_on: Any = None) -> Self:
        """What held on ``day``, as it was known at the moment ``known_on`` (None: now). At most one of each parcel."""
        until = Q(valid_to=None) | Q(valid_to__gt=day)
        if known_on is not None:
            until |= Q(closed_at__gt=known_on)
        return self.believed(known_on).filter(until, valid_from__lte=day)

    def now(self) -> Self:
        """The current version of each living parcel."""
        return self.filter(superseded_at=None, valid_to=None)


class ParcelVersion(models.Model):
    """A parcel from one day to another: shape and attributes. Written once, then only closed.

    valid_from, valid_to : the first day on which it is so, the first on which it is not any more
    recorded_at          : when the register learned of it; closed_at: when it learned of valid_to
    superseded_at        : when it was found wrong, replaced on its first day or undone
    geometry             : EPSG:4490
    area_m2              : on the ellipsoid; planar_area_m2 in the parcel's 3° zone; declared_area_m2 as delivered
    attributes           : the standard fields of the role ``parcels`` that have a value
    change, ended_by     : the act that made it, and the one that closed or superseded it
    """

    parcel = models.ForeignKey(
        Parcel, on_delete=models.PROTECT, related_name="versions", verbose_name=_("宗地"), db_index=False
    )
    n = models.PositiveIntegerField(_("版本"))
    township_code = CodeField(_("乡镇街道代码"), max_length=12)
    code = CodeField(_("宗地代码"), max_length=40, blank=True)
    valid_from = models.DateField(_("生效"))
    valid_to = models.DateField(_("失效"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("登记时间"), default=timezone.now)
    closed_at = models.DateTimeField(_("终止登记时间"), null=True, blank=True)
    superseded_at = models.DateTimeField(_("废止时间"), null=True, blank=True)
    reason = models.CharField(_("原因"), max_length=10, choices=Change.Kind)
    note = models.CharField(_("说明"), max_length=500, blank=True)
    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="made", verbose_name=_("变更"))
    ended_by = models.ForeignKey(
        Change, null=True, on_delete=models.PROTECT, related_name="ended", verbose_name=_("终止于"), db_index=False
    )
    delivery = models.ForeignKey(
        Delivery,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="versions",
        verbose_name=_("交付"),
        db_index=False,
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("经办人"),
        db_index=False,
    )
    geometry = models.MultiPolygonField(_("图形"), srid=4490, null=True)
    area_m2 = models.FloatField(_("椭球面积"))
    planar_area_m2 = models.FloatField(_("平面面积"), null=True)
    declared_area_m2 = models.FloatField(_("申报面积"), null=True)
    attributes = models.JSONField(_("属性"), default=dict)

    objects = Versions.as_manager()

    class Meta:
        verbose_name = _("宗地版本")
        verbose_name_plural = _("宗地版本")
        ordering = ("parcel", "n")
        indexes = (
            models.Index(fields=["delivery"], condition=Q(delivery__isnull=False), name="versions_by_delivery"),
            models.Index(fields=["ended_by"], condition=Q(ended_by__isnull=False), name="versions_by_end"),
            models.Index(fields=["township_code", "valid_from"], name="versions_by_township"),
        )
        constraints = (
            models.UniqueConstraint(fields=["parcel", "n"], name="versions_numbered"),
            models.UniqueConstraint(
                fields=["parcel"], condition=Q(valid_to=None, superseded_at=None), name="versions_one_current"
            ),
            models.UniqueConstraint(
                fields=["parcel", "valid_from"], condition=Q(superseded_at=None), name="versions_one_beginning"
            ),
            models.UniqueConstraint(
                fields=["parcel", "valid_to"],
                condition=Q(superseded_at=None, valid_to__isnull=False),
                name="versions_one_end",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="versions_order_of_days"
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None, closed_at=None)
                | Q(valid_to__isnull=False, closed_at__isnull=False, ended_by__isnull=False),
                name="versions_closed_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None) | Q(superseded_at__gte=F("recorded_at")),
                name="versions_order_of_moments",
            ),
        )

    def __str__(self) -> str:
        return f"{self.parcel} {self.n}"


class Lineages(Scoped["Lineage"]):
    def visible_to(self, user: Any) -> Self:
        """Where both ends are in the user's territory: a number of another township's says that there is one."""
        return self.filter(
            rights.rows(user, "database", "later__township_code"),
            rights.rows(user, "database", "earlier__township_code"),
        )


class Lineage(models.Model):
    """What became of what: a split has one earlier and several later versions, a merger the other way round."""

    class Kind(models.TextChoices):
        SPLIT = "split", _("分割")
        MERGED = "merged", _("合并")

    earlier = models.ForeignKey(
        ParcelVersion, on_delete=models.PROTECT, related_name="became", verbose_name=_("原宗地")
    )
    later = models.ForeignKey(ParcelVersion, on_delete=models.PROTECT, related_name="came_of", verbose_name=_("新宗地"))
    kind = models.CharField(_("关系"), max_length=10, choices=Kind)
    common_m2 = models.FloatField(_("共有面积"), help_text=_("两者重叠部分，平方米"))
    undone_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    objects = Lineages.as_manager()

    class Meta:
        verbose_name = _("沿革")
        verbose_name_plural = _("沿革")
        constraints = (models.UniqueConstraint(fields=["earlier", "later"], name="lineage_once"),)

    def __str__(self) -> str:
        return f"{self.earlier} → {self.later}"


class Counters(Scoped["NumberCounter"]):
    def visible_to(self, user: Any) -> Self:
        """Nobody's business but the register's."""
        return self.none()


class NumberCounter(models.Model):
    """The last number given in a division; numbers are drawn in blocks and never given back."""

    prefix = models.CharField(max_length=12, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    objects = Counters.as_manager()

    class Meta:
        verbose_name = _("编号")
        verbose_name_plural = _("编号")

    def __str__(self) -> str:
        return f"{self.prefix} {self.last}"


class UpperEntries(Scoped["UpperEntry"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(rights.rows(user, "database", "parcel__township_code"))


class UpperEntry(models.Model):
    """A parcel's entry into the register of the province, or its removal, with the receipt that says so."""

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="upper_entries", verbose_name=_("宗地"))
    entered = models.BooleanField(_("入库"))
    upper_number = models.CharField(_("上级库编号"), max_length=60, blank=True)
    receipt = models.CharField(_("回执"), max_length=200)
    on = models.DateField(_("日期"))
    recorded_at = models.DateTimeField(_("登记时间"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办人")
    )
    note = models.CharField(_("说明"), max_length=500, blank=True)

    objects = UpperEntries.as_manager()

    class Meta:
        verbose_name = _("上级库入库记录")
        verbose_name_plural = _("上级库入库记录")
        ordering = ("parcel", "pk")

    def __str__(self) -> str:
        return f"{self.parcel} {self.upper_number}"
