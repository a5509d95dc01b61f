from __future__ import annotations

from django.apps import AppConfig

from panhuo.messages import Text


class PagesConfig(AppConfig):
    name = "panhuo_platform.pages"
    label = "pages"

    def ready(self) -> None:
        # a text says itself in a language when it is called; a template would call it before a filter could ask which
        setattr(Text, "do_not_call_in_templates", True)  # noqa: B010 - the library's class does not know of templates
