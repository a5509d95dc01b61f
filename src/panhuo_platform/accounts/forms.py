"""Forms of one's own account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from panhuo_platform.organisations.models import User


def _rules() -> str:
    return "；".join(text.rstrip("。.") for text in password_validators_help_texts())


class PasswordForm(forms.Form):
    """The old password, and the new one twice."""

    old = forms.CharField(
        label=_("当前口令"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True})
    )
    new = forms.CharField(
        label=_("新口令"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=lazy(_rules, str)(),
    )
    again = forms.CharField(
        label=_("再输一次新口令"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, user: User, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.user = user

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise forms.ValidationError(_("当前口令不对。"))
        return old

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        validate_password(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("new") and given.get("again") and given["new"] != given["again"]:
            self.add_error("again", _("两次输入的新口令不一样。"))
        if given.get("new") and given.get("new") == given.get("old"):
            self.add_error("new", _("新口令不能与当前口令相同。"))
        return given
