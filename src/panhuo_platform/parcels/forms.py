"""Forms of the register."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def _day(**more: Any) -> forms.DateField:
    return forms.DateField(
        label=_("生效日期"), initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more,
    )  # fmt: skip


class ActForm(forms.Form):
    """What every change of parcels asks: from which day it is so, and why."""

    day = _day()
    note = forms.CharField(label=_("说明"), required=False, max_length=500)


class SplitForm(ActForm):
    shape = forms.CharField(widget=forms.HiddenInput, required=False)
    codes = forms.CharField(
        label=_("新宗地代码"), required=False, help_text=_("从西到东，一行一个；还没有编码的留空。"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    field_order = ("day", "codes", "note", "shape")


class MergeForm(ActForm):
    others = forms.CharField(
        label=_("一并合并的宗地"), help_text=_("宗地代码或地块编号，一行一个。"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    code = forms.CharField(label=_("合并后的宗地代码"), required=False, max_length=40)

    field_order = ("others", "code", "day", "note")


class ReshapeForm(ActForm):
    shape = forms.CharField(widget=forms.HiddenInput, required=False)
    correction = forms.BooleanField(
        label=_("更正"), required=False, help_text=_("原来登记有误：自该版本生效之日起就应如此，不另设生效日期。")
    )
    parcel_code = forms.CharField(label=_("宗地代码"), required=False, max_length=40)
    parcel_name = forms.CharField(label=_("地块名称"), required=False, max_length=200)
    holder_name = forms.CharField(label=_("权利人"), required=False, max_length=200)
    credit_code = forms.CharField(label=_("统一社会信用代码"), required=False, max_length=40)
    registered_use = forms.CharField(label=_("登记用途"), required=False, max_length=20)
    current_use = forms.CharField(label=_("现状用途"), required=False, max_length=200)
    declared_area_m2 = forms.FloatField(label=_("申报面积（平方米）"), required=False, min_value=0)
    remark = forms.CharField(label=_("备注"), required=False, max_length=500)

    #: Standard fields that can be changed here.
    FIELDS = (
        "parcel_code", "parcel_name", "holder_name", "credit_code", "registered_use", "current_use",
        "declared_area_m2", "remark",
    )  # fmt: skip
    field_order = (*FIELDS, "day", "correction", "note", "shape")


class AcceptForm(ActForm):
    """From which day the delivered state holds; the decisions come beside it."""


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("原因"), max_length=500)


class SnapshotForm(forms.Form):
    title = forms.CharField(label=_("名称"), max_length=200)
    region_code = forms.ChoiceField(label=_("范围"), required=False)

    def __init__(self, *arguments: Any, regions: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["region_code"].choices = regions  # type: ignore[attr-defined]


class SealForm(forms.Form):
    region_code = forms.ChoiceField(label=_("范围"), required=False)

    def __init__(self, *arguments: Any, regions: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["region_code"].choices = regions  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("办理情况"), widget=forms.Textarea(attrs={"rows": 4}))
    close = forms.BooleanField(label=_("已办结"), required=False)


class AssignForm(forms.Form):
    """Who sees to an issue, and by when. ``units`` are offered; another may be written."""

    unit = forms.CharField(label=_("责任单位"), max_length=100, widget=forms.TextInput(attrs={"list": "units"}))
    due_on = forms.DateField(
        label=_("完成时限"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class IssueForm(AssignForm):
    """An issue of a parcel, reported by hand."""

    kind = forms.CharField(label=_("问题类型"), max_length=60)
    description = forms.CharField(label=_("问题描述"), widget=forms.Textarea(attrs={"rows": 4}))
    wish = forms.CharField(label=_("诉求"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    field_order = ("kind", "description", "wish", "unit", "due_on")

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.fields["unit"].required = False


class UpperForm(forms.Form):
    """Entry into the upper register or removal from it, by a document that is at hand."""

    act = forms.ChoiceField(label=_("登记"), choices=[("enter", _("入上级库")), ("leave", _("移出上级库"))])
    receipt = forms.CharField(
        label=_("文号"), max_length=200, help_text=_("上级部门的入库回执、批复或移出通知的编号。")
    )
    on = forms.DateField(
        label=_("文件日期"), initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip
    note = forms.CharField(
        label=_("说明"), required=False, max_length=500, help_text=_("移出时写明原因。"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("act") == "leave" and not told.get("note", "").strip():
            self.add_error("note", _("请写明移出的原因。"))
        return told
