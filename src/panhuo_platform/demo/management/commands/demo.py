"""``panhuo manage demo``: the demo district on the platform, with users of every role and a story in it."""

from __future__ import annotations

import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from panhuo.demo import make_district
from panhuo.messages import PanhuoError
from panhuo.packs import load_pack
from panhuo_platform.demo.people import Person, settle
from panhuo_platform.demo.story import Story
from panhuo_platform.organisations.commands import adopt, new_password
from panhuo_platform.organisations.models import Locality, User

#: The day on which the demo's story stands, and since when its people hold their roles.
TODAY, SINCE = date(2026, 11, 21), date(2025, 1, 1)
USERS = "demo-users.txt"


class Command(BaseCommand):
    """在空库中建立虚构的澄湖区：政策包、各角色用户、一批交付、一次认定和各阶段的办理。"""

    help = "建立演示区 / set up the demo district"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, help="panhuo demo 生成的文件夹 / a folder made by panhuo demo"
        )

        parser.add_argument("--parcels", type=int, default=2000, help="没有给出文件夹时生成多少宗 / how many to make")

    def handle(self, *arguments: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        file = settings.HOME / USERS
        if file.exists() and Locality.objects.filter(pack="demo").exists():
            self.stdout.write(file.read_text(encoding="utf-8"))
            return
        if Locality.objects.exists() or User.objects.exists():
            raise CommandError("这个库里已经有数据。演示区只能建在空库里：请把 PANHUO_HOME 设为一个新文件夹。")
        try:
            adopt(load_pack("demo", on=TODAY))
            password = new_password()
            people = settle(password, SINCE)
            self._tell(options["folder"], options["parcels"])
            _keep(file, password, people)
        except PanhuoError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(file.read_text(encoding="utf-8"))

    def _tell(self, folder: Path | None, parcels: int) -> None:
        """The story, out of a district that was made before or is made for it."""
        with tempfile.TemporaryDirectory(prefix="panhuo-demo-") as own:
            if folder is None:
                folder = Path(own) / "district"
                make_district(folder, parcels=parcels, on=TODAY)
            Story(folder, TODAY, lambda text: self.stderr.write(f"  {text} …")).tell()


def _keep(file: Path, password: str, people: list[Person]) -> None:
    """The users and their password, readable by the owner of the installation alone."""
    lines = [f"口令 / password: {password}", ""]
    lines += [f"{person.account:<16}{person.said}" for person in people]
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as writer:
        writer.write("\n".join(lines) + "\n")
