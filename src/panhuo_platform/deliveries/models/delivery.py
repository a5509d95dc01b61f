"""A delivery, the files that it came in, and its layers."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.contrib.gis.db import models
from django.utils.translation import gettext_lazy as _

from panhuo_platform.deliveries.rights import within
from panhuo_platform.organisations.models import Organisation
from panhuo_platform.scope import Scoped


class Deliveries(Scoped["Delivery"]):
    def visible_to(self, user: Any) -> Self:
        """Those of one's territory and those that one's unit sent; the office sees all."""
        return self.filter(within(user))

    def in_force(self) -> Self:
        return self.filter(state=Delivery.State.ACCEPTED)


class Delivery(models.Model):
    """What one unit handed over at one time.

    township_code : the division that it is about; empty for the whole locality
    files in      : ``MEDIA_ROOT/deliveries/<key>/received``, as they came; nobody writes there once they are received
    understood    : how often its files have been read; the layers kept on disk carry this number
    run           : the number of the check whose findings count; 0 before the first
    told          : why it was refused or withdrawn, in words
    """

    class State(models.TextChoices):
        RECEIVING = "receiving", _("上传中")
        RECEIVED = "received", _("已收到")
        CHECKING = "checking", _("检查中")
        CHECKED = "checked", _("已检查")
        ACCEPTED = "accepted", _("已接收")
        UNDONE = "undone", _("已撤销接收")
        WITHDRAWN = "withdrawn", _("已撤回")
        REFUSED = "refused", _("已拒收")

    key = models.UUIDField(_("编号"), default=uuid.uuid4, unique=True, editable=False)
    sender = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="deliveries", verbose_name=_("报送单位")
    )
    township_code = models.CharField(_("区划代码"), max_length=12, blank=True, db_index=True)
    title = models.CharField(_("名称"), max_length=120)
    note = models.TextField(_("说明"), blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.RECEIVING)
    request = models.ForeignKey(
        "DataRequest", null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries",
        verbose_name=_("数据需求"),
    )  # fmt: skip
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办人")
    )
    opened_at = models.DateTimeField(_("建立时间"), auto_now_add=True)
    received_at = models.DateTimeField(_("收到时间"), null=True, blank=True)
    checked_at = models.DateTimeField(_("检查时间"), null=True, blank=True)
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        verbose_name=_("决定人"),
    )  # fmt: skip
    understood = models.PositiveIntegerField(default=0)
    run = models.PositiveIntegerField(default=0)
    told = models.TextField(_("原因"), blank=True)
    told_en = models.TextField(blank=True)

    objects = Deliveries.as_manager()

    class Meta:
        verbose_name = _("交付")
        verbose_name_plural = _("交付")
        ordering = ("-opened_at",)
        indexes = (models.Index(fields=["state", "opened_at"], name="deliveries_by_state"),)

    def __str__(self) -> str:
        return self.title

    @property
    def folder(self) -> Path:
        """Everything of this delivery on disk."""
        return Path(settings.MEDIA_ROOT) / "deliveries" / str(self.key)

    @property
    def received(self) -> Path:
        """The files as they came."""
        return self.folder / "received"

    @property
    def may_change(self) -> bool:
        """May layers be described anew and cells be mended?"""
        return self.state in (self.State.RECEIVED, self.State.CHECKED, self.State.UNDONE)


class Uploads(Scoped["Upload"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, "delivery__"))


class Upload(models.Model):
    """One file on its way in. How much of it is here, the file on disk says.

    name   : as the sender's machine calls it
    stored : as it is called below ``received``
    sha256 : as the sender says, or as it was found at the end
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="uploads", verbose_name=_("交付"))
    name = models.CharField(_("文件名"), max_length=500)
    stored = models.CharField(max_length=500)
    size = models.PositiveBigIntegerField(_("大小"))
    sha256 = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = Uploads.as_manager()

    class Meta:
        verbose_name = _("文件")
        verbose_name_plural = _("文件")
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=["delivery", "stored"], name="uploads_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def arriving(self) -> Path:
        """Where its bytes are until they are all here."""
        return self.delivery.folder / "arriving" / str(self.key)


class DeliveredLayers(Scoped["DeliveredLayer"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, "delivery__"))

    def in_force(self) -> Self:
        """Those of accepted deliveries, newest first."""
        accepted = self.filter(state=DeliveredLayer.State.ACCEPTED, delivery__state=Delivery.State.ACCEPTED)
        return accepted.order_by("-accepted_at", "-pk")


class DeliveredLayer(models.Model):
    """One layer or table of a delivery: what it seems to be, and what a person said that it is.

    source, name : the file (path in the delivery) and the layer in it
    kept         : its file below the delivery's folder, see :mod:`panhuo_platform.deliveries.kept`
    role         : of ``panhuo.land.roles``; empty where nobody can tell
    guesses      : ``[[role, score], …]``, best first
    suggested    : standard field -> ``{column, score, doubtful, rivals}`` as guessed for ``role``
    field_map    : standard field -> column, as a person (or memory) said; it wins over the guess
    units        : standard field -> unit of its column
    crs          : ``EPSG:…`` or WKT that the shapes are read in; ``crs_said`` is True where a person said so
    year, date   : the year that the data speaks of, the day they were issued
    box          : west, south, east, north of its polygons in degrees, as its last check found them
    """

    class State(models.TextChoices):
        NEW = "new", _("待检查")
        CHECKED = "checked", _("已检查")
        ACCEPTED = "accepted", _("已接收")
        LEFT_OUT = "left_out", _("不采用")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="layers", verbose_name=_("交付"))
    number = models.PositiveIntegerField()
    source = models.CharField(_("文件"), max_length=600)
    name = models.CharField(_("图层"), max_length=300)
    driver = models.CharField(_("格式"), max_length=60)
    encoding = models.CharField(_("编码"), max_length=40, blank=True)
    geometry_type = models.CharField(_("图形"), max_length=40, blank=True)
    rows = models.PositiveBigIntegerField(_("行数"))
    columns = models.JSONField(default=list)
    kept = models.CharField(max_length=200)
    role = models.CharField(_("角色"), max_length=40, blank=True, db_index=True)
    role_said = models.BooleanField(default=False)
    guesses = models.JSONField(default=list)
    suggested = models.JSONField(default=dict)
    field_map = models.JSONField(default=dict)
    units = models.JSONField(default=dict)
    crs = models.TextField(_("坐标系"), blank=True)
    crs_name = models.CharField(max_length=200, blank=True)
    crs_said = models.BooleanField(default=False)
    year = models.PositiveSmallIntegerField(_("数据年份"), null=True, blank=True)
    date = models.DateField(_("数据日期"), null=True, blank=True)
    box = models.JSONField(null=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.NEW)
    accepted_at = models.DateTimeField(_("接收时间"), null=True, blank=True)

    objects = DeliveredLayers.as_manager()

    class Meta:
        verbose_name = _("图层")
        verbose_name_plural = _("图层")
        ordering = ("delivery", "number")
        constraints = (models.UniqueConstraint(fields=["delivery", "number"], name="layers_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def has_shapes(self) -> bool:
        return bool(self.geometry_type)
