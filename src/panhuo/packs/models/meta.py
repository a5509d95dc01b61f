"""pack.yaml and clauses.yaml: what a pack is, and the texts it rests on."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from panhuo.packs.models.base import Dated, Entry, Id, Name, Names, PackText, Slug, Strict, open_value

Level = Literal["national", "province", "city", "county"]


class Document(Strict):
    """A policy document. ``in_hand`` is false when only its name is known: its clauses cannot be cited in detail."""

    id: Slug
    number: Name | None = None
    title: PackText
    issuer: Name | None = None
    level: Level
    date: datetime.date | None = None
    basis: Names = ()
    in_hand: bool = True
    note: PackText | None = None


class Parameter(Entry):
    """A dated number, word or date of the policy; null while nobody has set it."""

    title: PackText
    value: bool | int | float | datetime.date | str | tuple[bool | int | float | datetime.date | str, ...] | None
    unit: str | None = None
    set_by: Name | None = None

    @model_validator(mode="after")
    def _who_decides(self) -> Any:
        if self.value is None and self.set_by is None:
            open_value("value")
        return self


class Tag(Strict):
    """A slogan or strategy that projects are tagged with (“4433”, “6＋3”)."""

    id: Id
    text: PackText
    clause: Name | None = None


class Meta(Dated):
    """pack.yaml."""

    id: Slug
    title: PackText
    level: Level
    places: Names = ()
    extends: Names = ()
    documents: tuple[Document, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    terms: dict[str, PackText] = Field(default_factory=dict)
    modules: dict[str, bool] = Field(default_factory=dict)
    tags: tuple[Tag, ...] = ()
    note: PackText | None = None


class Clause(Strict):
    """One clause, named ``document#clause`` after loading; the summary is our own, never the text itself."""

    id: Name
    document: Slug
    title: Name | None = None
    summary: PackText
    page: Name | None = None


class Clauses(Strict):
    """clauses.yaml: the pack's own document and its clauses."""

    document: Slug | None = None
    clauses: tuple[Clause, ...] = ()
