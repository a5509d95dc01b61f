"""``panhuo manage transfer URL``: move everything into another, empty database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.utils import OperationalError

from panhuo.messages import PanhuoError
from panhuo_platform.config.stores import store
from panhuo_platform.config.transfer import move

TARGET = "transfer"


class Command(BaseCommand):
    """把全部数据搬到另一个空的数据库；两边逐表核对校验和。"""

    help = "把全部数据搬到另一个空的数据库，并逐表核对 / move all data into another, empty database and compare"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help="目标数据库，写法同 DATABASE_URL / the target, written like DATABASE_URL")

    def handle(self, *arguments: Any, **options: Any) -> None:
        try:
            told = store(options["url"], settings.HOME)
            connections.settings[TARGET] = connections.settings["default"] | {"OPTIONS": {}} | told
            if TARGET in connections:  # from an earlier call in the same process
                connections[TARGET].close()
            call_command("migrate", database=TARGET, verbosity=0, interactive=False)
            say = self.stderr.write if options["verbosity"] > 1 else (lambda _: None)
            sums = move("default", TARGET, progress=say)
        except PanhuoError as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"连不上目标数据库：{str(error).strip()}") from error
        for one in sums:
            if one.rows:
                self.stdout.write(f"{one.table}\t{one.rows}\t{one.sha256[:16]}")
        self.stdout.write(
            f"已搬 {sum(s.rows for s in sums)} 行，逐表校验和一致。库外的文件在 {settings.HOME}："
            "交付原件、回执等附件（attachments）、认定运行的成果和依据（runs），换机器时请一并复制；"
            "然后把 DATABASE_URL 设为新的数据库再启动。"
        )
