"""``panhuo manage adopt PACK``: run this pack from now on; at the first time with the three administrators."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from panhuo.messages import PanhuoError
from panhuo.packs import load_pack
from panhuo_platform.organisations import commands
from panhuo_platform.organisations.models import Administrator, Locality

#: Account names of the first administrators where nobody says others.
NAMES = {"system": "xitong", "security": "anquan", "audit": "shenji"}


class Command(BaseCommand):
    """启用政策包；首次启用时建立系统、安全、审计三个管理员。"""

    help = "启用政策包；首次启用时建立系统、安全、审计三个管理员 / adopt a pack, the first time with the administrators"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("pack", help="政策包编号或文件夹 / id or folder of the pack")
        parser.add_argument(
            "--on", type=date.fromisoformat, help="按哪一天有效 / the day it is in force (default: today)"
        )
        for office, name in NAMES.items():
            parser.add_argument(f"--{office}", default=name, help=f"管理员账号 / account of the administrator ({name})")

    def handle(self, *arguments: Any, **options: Any) -> None:
        if Locality._meta.db_table not in connection.introspection.table_names():
            raise CommandError("数据库还没有建表，请先运行：panhuo manage migrate")
        name = options["pack"]
        try:
            folders = [Path(name).parent] if Path(name).is_dir() else None
            pack = load_pack(
                Path(name).name if folders else name, on=options["on"] or timezone.localdate(), folders=folders
            )
            with transaction.atomic():
                commands.adopt(pack)
                first = not Administrator.objects.exists()
                made = commands.found({office: options[office] for office in NAMES}) if first else {}
        except PanhuoError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"已启用 {pack.title('zh')}（{pack.id}）。")
        for office, (user, password) in made.items():
            self.stdout.write(f"{Administrator.Office(office).label}\t{user.username}\t{password}")
        if made:
            self.stdout.write("以上初始口令只显示这一次；首次登录时必须修改。")
