"""Forms of the three administrators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import Administrator, Organisation, Seat, User
from panhuo_platform.organisations.rights import role_names
from panhuo_platform.pages.templatetags.panhuo_tags import told
from panhuo_platform.regions.models import Region
from panhuo_platform.scope import in_force


class Day(forms.DateField):
    """A day, picked in the browser's own calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AccountForm(forms.Form):
    """A new account."""

    username = forms.CharField(
        label=_("账号"), max_length=150, help_text=_("字母、数字和 @ . + - _，不能用真实身份证号。")
    )
    name = forms.CharField(label=_("姓名或职务"), max_length=60, required=False)


class ReasonForm(forms.Form):
    """Why something is ended."""

    reason = forms.CharField(label=_("原因"), max_length=200)


class AssignmentForm(forms.Form):
    """A role for a user, for a unit, from a day on."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("用户"))
    role = forms.ChoiceField(label=_("角色"))
    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("单位"))
    region = forms.ModelChoiceField(
        Region.objects.none(), label=_("辖区"), required=False, help_text=_("不填时为单位自己的辖区。")
    )
    seat = forms.ModelChoiceField(Seat.objects.none(), label=_("专班席位"), required=False)
    starts_on = Day(label=_("起"))
    ends_on = Day(label=_("止"), required=False, help_text=_("当日起不再有效；不填为长期。"))

    def __init__(self, actor: User, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        today = timezone.localdate()
        choices: dict[str, Any] = {
            "user": User.objects.visible_to(actor).filter(is_active=True, offices=None),
            "organisation": Organisation.objects.visible_to(actor).filter(in_force(today)).exclude(kind="group"),
            "region": Region.objects.visible_to(actor).on(today),
            "seat": Seat.objects.visible_to(actor).select_related("task_force", "organisation"),
        }
        for name, rows in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows
        seat = self.fields["seat"]
        assert isinstance(seat, forms.ModelChoiceField)
        seat.label_from_instance = lambda obj: f"{obj.task_force} · {obj}"  # type: ignore[method-assign]
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = [("", "—"), *((r, told(name)) for r, name in role_names().items())]
        self.fields["starts_on"].initial = today


class EndForm(ReasonForm):
    """The day on which an assignment ends, and why."""

    on = Day(label=_("结束日期"))


class HandOverForm(forms.Form):
    """Who takes over, from which day."""

    successor = forms.ModelChoiceField(User.objects.none(), label=_("接任者"))
    on = Day(label=_("移交日期"))

    def __init__(self, actor: User, leaving: User, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        field = self.fields["successor"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.visible_to(actor).filter(is_active=True, offices=None).exclude(pk=leaving.pk)
        self.fields["on"].initial = timezone.localdate()


class OfficeForm(forms.Form):
    """Which of the three administrators somebody becomes."""

    office = forms.ChoiceField(label=_("职责"), choices=Administrator.Office.choices)


class AuditFilter(forms.Form):
    """What to look for in the audit."""

    q = forms.CharField(label=_("内容、对象编号"), required=False)
    account = forms.CharField(label=_("账号"), required=False)
    action = forms.ChoiceField(label=_("动作"), required=False, choices=[("", _("全部")), *AuditEvent.Action.choices])
    first = Day(label=_("从"), required=False)
    last = Day(label=_("到"), required=False)
