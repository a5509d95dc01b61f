from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "panhuo_platform.accounts"
    label = "accounts"

    def ready(self) -> None:
        from panhuo_platform.accounts import recorded

        recorded.listen()
