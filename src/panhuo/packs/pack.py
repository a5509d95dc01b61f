"""A pack as loaded for one day: typed, inherited, every entry with its origin."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from panhuo.messages import Lang, PanhuoError, Text
from panhuo.packs.models import (
    Calendar,
    Clause,
    Document,
    Example,
    Incentives,
    Indicators,
    Leaf,
    Meta,
    Modes,
    Organisation,
    Parameter,
    Programme,
    Standard,
    Table,
    TaskForce,
    Unit,
    Workflow,
    leaves,
)
from panhuo.packs.problems import Place, Problem


@dataclass(frozen=True, slots=True)
class Layer:
    """One pack of the inheritance, from the most general to the pack itself."""

    id: str
    folder: Path
    title: Text
    level: str
    document: str | None


@dataclass(frozen=True, slots=True)
class Unset:
    """A value that the policy leaves open and nobody has set yet."""

    what: str
    set_by: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Pack:
    """A locality's policy on one day. All parts are there; a part that no layer writes is empty.

    ``clauses`` are keyed ``document#clause``, ``tables`` by sheet name, ``provenance`` as ``place`` explains.
    """

    id: str
    on: datetime.date
    meta: Meta
    layers: tuple[Layer, ...]
    documents: Mapping[str, Document]
    clauses: Mapping[str, Clause]
    standard: Standard
    tables: Mapping[str, Table]
    indicators: Indicators
    organisation: Organisation
    calendar: Calendar
    programme: Programme
    workflow: Workflow
    modes: Modes
    incentives: Incentives
    templates: Mapping[str, Path] = field(default_factory=dict)
    tests: tuple[Example, ...] = ()
    provenance: Mapping[str, Mapping[str, Place]] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    @property
    def title(self) -> Text:
        return self.meta.title

    @property
    def folder(self) -> Path:
        return self.layers[-1].folder

    def parameter(self, name: str) -> Parameter | None:
        """A parameter of pack.yaml; its ``value`` is None while nobody has set it."""
        return next((p for p in self.meta.parameters if p.id == name), None)

    def module(self, name: str) -> bool:
        """Whether a module is switched on; one that no layer names is off."""
        return self.meta.modules.get(name, False)

    def term(self, name: str, default: Text) -> Text:
        """What this place calls something (工作专班 or 领导小组)."""
        return self.meta.terms.get(name, default)

    def unit(self, name: str) -> Unit | None:
        """A unit by id, name or alias."""
        return next((u for u in self.organisation.units if name in (u.id, u.name.zh, u.name.en, *u.aliases)), None)

    def task_force(self, name: str) -> TaskForce | None:
        return next((t for t in self.organisation.task_forces if name in (t.id, t.name.zh, t.name.en)), None)

    def actor(self, name: str) -> Text:
        """What a unit, task force or role is called; the id itself when the pack has none of this name."""
        found = self.unit(name) or self.task_force(name)
        if found is not None:
            return found.name
        role = next((r for r in self.organisation.roles if r.id == name), None)
        return role.name if role else Text(name, name)

    def condition(self, name: str) -> Leaf | None:
        """A condition by id: a named one, or one inside a class."""
        return next((leaf for leaf in self.conditions() if leaf.id == name), None)

    def conditions(self) -> Iterator[Leaf]:
        """Every condition of the standard: exclusions, preconditions, named ones, those inside classes, the gate."""
        yield from self.standard.exclusions
        yield from self.standard.preconditions
        yield from self.standard.conditions
        for one in self.standard.classes:
            yield from leaves(one.when)
        if self.standard.gate is not None:
            yield self.standard.gate

    def threshold(self, table: str, keys: tuple[str, ...]) -> float | None:
        """A threshold of thresholds.xlsx; None (unknown) when there is no row or nobody has set it."""
        if table not in self.tables:
            raise PanhuoError(f"政策包“{self.id}”没有阈值表“{table}”", f"pack '{self.id}' has no table '{table}'")
        return self.tables[table].lookup(keys)

    def clause(self, reference: str | None) -> Clause | None:
        """The clause behind a complete reference ``document#clause``."""
        return self.clauses.get(reference or "")

    def cite(self, reference: str | None, lang: Lang = "zh") -> str:
        """A reference as people write it: 《title》（number）clause."""
        document, _, clause = (reference or "").partition("#")
        found = self.documents.get(document)
        if found is None:
            return reference or ""
        number = f"（{found.number}）" if found.number else ""
        if lang == "zh":
            return f"《{found.title.zh}》{number}{clause}"
        return f"{found.title.en}{number}, {clause}"

    def place(self, entry: str, key: str | None = None) -> Place | None:
        """Where an entry, or one key of it, is written: ``standard.conditions.C1``, ``calendar.deadlines.D-01``.

        Conditions are always ``standard.conditions.<id>``, also inside a class; a row of thresholds.xlsx is
        ``thresholds.tables.<sheet>.<keys joined with |>``. Without ``key`` it is the layer that wrote the entry last.
        """
        return self.provenance.get(entry, {}).get(key or "")

    def origin(self, entry: str) -> tuple[str, ...]:
        """The packs that wrote an entry's keys, most general first."""
        wrote = {p.pack for p in self.provenance.get(entry, {}).values()}
        return tuple(layer.id for layer in self.layers if layer.id in wrote)
