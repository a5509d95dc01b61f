"""Forms of deliveries."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from panhuo.land.roles import ROLES
from panhuo.messages import Lang
from panhuo_platform.deliveries.models import DataRequest
from panhuo_platform.deliveries.rights import keeps_all, own_units
from panhuo_platform.organisations.models import Organisation, User
from panhuo_platform.organisations.rights import holdings
from panhuo_platform.regions.models import Region
from panhuo_platform.scope import in_force


def role_choices() -> list[tuple[str, str]]:
    """Every kind of data, by its name in the reader's language."""
    lang: Lang = "en" if (get_language() or "").startswith("en") else "zh"
    return [(r.id, r.text(lang)) for r in ROLES.values()]


def towns(user: User) -> Any:
    """The townships for which the user may send something."""
    bounds = {h.within for h in holdings(user, "survey") if "E" in h.rights}
    found = Region.objects.on(timezone.localdate()).filter(
        kind__in=(Region.Kind.STREET, Region.Kind.TOWN, Region.Kind.TOWNSHIP, Region.Kind.ZONE)
    )
    if "" in bounds or "-" in bounds:
        return found
    condition = Q(pk__in=[])
    for code in bounds:
        condition |= Q(code__startswith=code)
    return found.filter(condition)


class Day(forms.DateField):
    """A day, picked in the browser's own calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class DeliveryForm(forms.Form):
    """A new delivery: whose, about which township, what it is called."""

    title = forms.CharField(label=_("名称"), max_length=120, help_text=_("例如：石桥埠镇 2026 年宗地调查"))
    sender = forms.ModelChoiceField(Organisation.objects.none(), label=_("报送单位"), empty_label=None)
    township = forms.ModelChoiceField(
        Region.objects.none(), label=_("乡镇街道"), required=False, empty_label=_("全区"), to_field_name="code"
    )
    request = forms.ModelChoiceField(
        DataRequest.objects.none(), label=_("对应的数据需求"), required=False, empty_label=_("不对应")
    )
    note = forms.CharField(label=_("说明"), required=False, widget=forms.Textarea({"rows": 2}))

    def __init__(self, user: User, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        fields: dict[str, Any] = self.fields
        units = Organisation.objects.visible_to(user).filter(in_force(timezone.localdate())).exclude(kind="group")
        fields["sender"].queryset = units if keeps_all(user) else units.filter(pk__in=own_units(user))
        fields["township"].queryset = towns(user)
        bounded = not any(not h.within or h.within == "-" for h in holdings(user, "survey") if "E" in h.rights)
        if bounded:  # a township sends for itself
            fields["township"].required = True
            fields["township"].empty_label = None
        mine = own_units(user)
        if keeps_all(user) and mine:
            self.initial.setdefault("sender", mine[0])
        open_ones = DataRequest.objects.visible_to(user).open().filter(unit__in=mine).select_related("unit")
        fields["request"].queryset = open_ones
        fields["request"].label_from_instance = lambda r: f"{dict(role_choices()).get(r.role, r.role)}（{r.due}）"
        if not open_ones.exists():
            del fields["request"]


class RequestForm(forms.Form):
    """A unit is asked for data."""

    unit = forms.ModelChoiceField(Organisation.objects.none(), label=_("单位"))
    role = forms.ChoiceField(label=_("数据"))
    township = forms.ModelChoiceField(
        Region.objects.none(), label=_("乡镇街道"), required=False, empty_label=_("全区"), to_field_name="code"
    )
    due = Day(label=_("截止日期"))
    note = forms.CharField(label=_("要求"), required=False, widget=forms.Textarea({"rows": 2}))

    def __init__(self, user: User, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        fields: dict[str, Any] = self.fields
        units = Organisation.objects.visible_to(user).filter(in_force(timezone.localdate())).exclude(kind="group")
        fields["unit"].queryset = units
        fields["role"].choices = role_choices()
        fields["township"].queryset = towns(user)


class LayerForm(forms.Form):
    """What a layer is; its fields are a table of their own in the page."""

    role = forms.ChoiceField(label=_("这是什么数据"), required=False)
    used = forms.BooleanField(label=_("采用这个图层"), required=False)
    crs = forms.CharField(
        label=_("坐标系"), required=False, max_length=500, help_text=_("例如 EPSG:4527，或“CGCS2000 39带”。")
    )
    year = forms.IntegerField(label=_("数据年份"), required=False)
    issued = Day(label=_("数据日期"), required=False)

    def __init__(self, *arguments: Any, shapes: bool, **named: Any) -> None:
        super().__init__(*arguments, **named)
        fields: dict[str, Any] = self.fields
        fields["role"].choices = [("", _("其他（只检查图形）")), *role_choices()]
        if not shapes:
            del fields["crs"]
