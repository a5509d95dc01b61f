"""What a password must be, beside Django's own rules."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_KINDS = (str.islower, str.isupper, str.isdecimal, lambda c: not c.isalnum())


class KindsOfCharacters:
    """Small and capital letters, digits, other signs: at least ``least`` of these four kinds."""

    def __init__(self, least: int = 3) -> None:
        self.least = least

    def validate(self, password: str, user: Any = None) -> None:
        if sum(any(kind(c) for c in password) for kind in _KINDS) < self.least:
            raise ValidationError(self.get_help_text(), code="password_kinds")

    def get_help_text(self) -> str:
        told = _("大写字母、小写字母、数字、符号，至少用到其中 %(least)d 种。")
        return told % {"least": self.least}
