"""The tool of the checks: a pack, where its entries are written, and sentences about names that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from panhuo.packs.pack import Pack
from panhuo.packs.problems import Place, Problems, hint


@dataclass(frozen=True)
class Checking:
    """A pack under examination."""

    pack: Pack
    problems: Problems

    def place(self, entry: str, key: str | None = None) -> Place:
        """Where an entry's key is written; the entry itself, else the pack, when that is not known."""
        return (
            self.pack.place(entry, key)
            or self.pack.place(entry)
            or Place(self.pack.id, f"{entry.partition('.')[0]}.yaml")
        )

    def error(self, entry: str, key: str | None, kind: str, zh: str, en: str, *, warning: bool = False) -> None:
        self.problems.add(self.place(entry, key), kind, zh, en, warning=warning)

    def unknown(
        self,
        entry: str,
        key: str | None,
        what_zh: str,
        what_en: str,
        name: str,
        known: Iterable[str],
        *,
        warning: bool = False,
    ) -> None:
        """A name that leads nowhere, with the nearest one that would do."""
        self.unknown_at(self.place(entry, key), what_zh, what_en, name, known, warning=warning)

    def unknown_at(
        self,
        place: Place,
        what_zh: str,
        what_en: str,
        name: str,
        known: Iterable[str],
        *,
        remedy: tuple[str, str] = ("", ""),
        warning: bool = False,
    ) -> None:
        zh, en = hint(name, known)
        self.problems.add(
            place,
            "unknown_name",
            f"没有名为“{name}”的{what_zh}{zh or remedy[0]}",
            f"no {what_en} called '{name}'{en or remedy[1]}",
            warning=warning,
        )

    @cached_property
    def units(self) -> frozenset[str]:
        """Ids, names and aliases of units."""
        return frozenset(n for u in self.pack.organisation.units for n in (u.id, u.name.zh, *u.aliases))

    @cached_property
    def actors(self) -> frozenset[str]:
        """Units, task forces and roles: whoever can act."""
        organisation = self.pack.organisation
        forces = {n for t in organisation.task_forces for n in (t.id, t.name.zh)}
        return self.units | forces | {r.id for r in organisation.roles}

    def check_actors(self, entry: str, key: str, names: Iterable[str]) -> None:
        """Note those names that are no unit, task force or role."""
        for name in names:
            if name not in self.actors:
                self.unknown(entry, key, "单位、专班或角色", "unit, task force or role", name, self.actors)

    def check_units(self, entry: str, key: str, names: Iterable[str]) -> None:
        """Note those names that are no unit."""
        for name in names:
            if name not in self.units:
                self.unknown(entry, key, "单位", "unit", name, self.units)
