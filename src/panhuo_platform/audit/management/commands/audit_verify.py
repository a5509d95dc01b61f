"""``panhuo manage audit_verify``: does the chain of the audit hold?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from panhuo_platform.audit.models import ChainHead
from panhuo_platform.audit.queries import verify

SAID = {
    "changed": "内容被改动 / its content was changed",
    "gap": "缺失 / is missing",
    "moved": "与前一条不相连 / does not follow the one before",
    "cut": "链的末端被截断或替换 / the end of the chain was cut or replaced",
}


class Command(BaseCommand):
    help = "核对审计链 / check the chain of the audit"

    def handle(self, *args: Any, **options: Any) -> None:
        count, found = verify()
        if found:
            lines = "\n".join(f"  第 {b.number} 条 / event {b.number}: {SAID[b.kind]}" for b in found[:50])
            raise CommandError(
                f"审计链不完整（{len(found)} 处）/ the chain does not hold ({len(found)} places):\n{lines}"
            )
        head = ChainHead.objects.filter(pk=1).first()
        end = head.hash if head else ""
        self.stdout.write(f"审计链完整，共 {count} 条，末端 {end} / the chain holds: {count} events, its end is {end}")
