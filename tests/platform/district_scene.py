"""The demo district's offices: its pack adopted, its administrators, and users as a test wants them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

#: Before every assignment that tests make.
LONG_AGO = date(2020, 1, 1)


@dataclass
class District:
    """The demo district's offices: three administrators, and users by the name a test gives them."""

    system: Any
    security: Any
    audit: Any
    users: dict[str, Any] = field(default_factory=dict)

    def user(self, name: str, role: str, unit: str) -> Any:
        """An account with a role for a unit, since long ago."""
        from panhuo_platform.organisations import commands
        from panhuo_platform.organisations.models import Organisation, User

        if name not in self.users:
            made, _password = commands.open_account(self.system, name)
            self.users[name] = made
            commands.grant(self.security, made, role, Organisation.objects.get(code=unit), starts_on=LONG_AGO)
        return User.objects.get(username=name)


def adopt_pack(packs_folder: Path, name: str) -> Any:
    """Adopts a pack of the repository."""
    from panhuo.packs import load_pack
    from panhuo_platform.organisations import commands

    return commands.adopt(load_pack(name, on=date(2026, 11, 21), folders=[packs_folder]))


def district_of(packs_folder: Path) -> District:
    """The demo pack adopted in an empty database, with its administrators."""
    from panhuo_platform.organisations import commands

    adopt_pack(packs_folder, "demo")
    made = commands.found({"system": "xitong", "security": "anquan", "audit": "shenji"})
    return District(*(made[office][0] for office in ("system", "security", "audit")))
