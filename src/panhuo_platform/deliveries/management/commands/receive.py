"""``panhuo manage receive``: takes in a file or folder that lies on the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from panhuo.messages import PanhuoError
from panhuo_platform.deliveries import commands
from panhuo_platform.organisations.models import Organisation, User


class Command(BaseCommand):
    help = "接收服务器上的文件或文件夹 / takes in a file or folder that lies on this server"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="文件或文件夹 / file or folder")
        parser.add_argument("--sender", required=True, help="报送单位代号或名称 / code or name of the sending unit")
        parser.add_argument("--as", dest="account", required=True, help="以哪个账号办理 / the account that acts")
        parser.add_argument("--township", default="", help="区划代码 / division code")
        parser.add_argument("--title", default="", help="交付名称 / title")

    def handle(self, *args: Any, path: Path, sender: str, account: str, township: str, title: str, **more: Any) -> None:
        unit = Organisation.objects.filter(code=sender).first() or Organisation.objects.filter(name=sender).first()
        if unit is None:
            raise CommandError(f"没有单位“{sender}” / there is no unit '{sender}'")
        user = User.objects.filter(username=account, is_active=True).first()
        if user is None:
            raise CommandError(f"没有账号“{account}” / there is no account '{account}'")
        try:
            row = commands.take_in(user, path, sender=unit, title=title or path.stem, township_code=township)
        except (PanhuoError, PermissionDenied) as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError("；".join(error.messages)) from error
        self.stdout.write(
            f"已收到：{row.title}（{row.uploads.count()} 个文件，编号 {row.key}） / received as {row.key}"
        )
