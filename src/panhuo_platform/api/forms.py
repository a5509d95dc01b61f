"""Forms of tokens."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from panhuo_platform.api.models import ApiToken


class TokenForm(forms.Form):
    """What a token is for, what it gives and for how long."""

    name = forms.CharField(
        label=_("用途"), max_length=60, help_text=_("给什么程序用，例如“QGIS 办公电脑”。"),
        widget=forms.TextInput(attrs={"autofocus": True}),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=_("范围"), choices=ApiToken.Scope.choices, initial=[ApiToken.Scope.READ],
        widget=forms.CheckboxSelectMultiple, help_text=_("令牌的权限不会超过您自己的权限。"),
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label=_("有效期"), coerce=int, initial=90,
        choices=[(30, _("30 天")), (90, _("90 天")), (180, _("180 天")), (365, _("一年"))],
    )  # fmt: skip
