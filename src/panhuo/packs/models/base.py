"""What all entries of a pack share: how strictly they are read, texts, clauses, dates, values left open."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from panhuo.messages import Text

#: What a single value of a pack may be.
Scalar = bool | int | float | datetime.date | str


def refuse(kind: str, zh: str, en: str) -> NoReturn:
    """Refuse a value with a sentence in both languages (the loader adds file and line)."""
    raise PydanticCustomError(kind, "{en}", {"zh": zh, "en": en})


def _read_text(value: object) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, Mapping):
        strange = [str(k) for k in value if k not in ("zh", "en")]
        zh, en = value.get("zh"), value.get("en")
        if not strange and isinstance(zh, str) and isinstance(en, str) and zh.strip() and en.strip():
            return Text(zh.strip(), en.strip())
    refuse(
        "text",
        "这里要写中英文两句，例如 {zh: 权属清晰, en: Ownership is clear}；句中有英文逗号、冒号时请加引号",
        "write both languages, e.g. {zh: 权属清晰, en: Ownership is clear}; quote a sentence with a comma or colon",
    )


#: A sentence in both languages; in YAML ``{zh: …, en: …}``.
PackText = Annotated[
    Text,
    BeforeValidator(_read_text),
    PlainSerializer(lambda t: {"zh": t.zh, "en": t.en}, return_type=dict[str, str]),
]


def as_tuple(value: object) -> object:
    """One item where a list may stand: ``by: township_code`` is ``by: [township_code]``."""
    if isinstance(value, list):  # from a frozen pack's JSON
        return tuple(value)
    return value if isinstance(value, tuple) or value is None else (value,)


Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
#: Names, one or several.
Names = Annotated[tuple[Name, ...], BeforeValidator(as_tuple)]
#: An id: what a child pack names to override an entry. Chinese is welcome; spaces, dots, # and quotes are not.
Id = Annotated[str, StringConstraints(pattern=r"^[^\s#.,;:'\"{}\[\]]+$", max_length=64)]
#: A pack's or a document's id: also the name of a folder.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Texts = Annotated[tuple[PackText, ...], BeforeValidator(as_tuple)]


class Strict(BaseModel):
    """Frozen, no unknown keys, no silent conversion."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        protected_namespaces=(),
    )


class Dated(Strict):
    """Something that may hold from one day to another, both included."""

    from_: datetime.date | None = Field(None, alias="from")
    to: datetime.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Any:
        if self.from_ and self.to and self.from_ > self.to:
            refuse(
                "dates", f"起始日期 {self.from_} 晚于截止日期 {self.to}", f"'from' {self.from_} is after 'to' {self.to}"
            )
        return self


class Cited(Dated):
    """Something that rests on a clause.

    ``clause`` is complete after loading: ``document#clause``. Only an entry marked ``inferred`` may be without one.
    ``also`` names further clauses.
    """

    clause: Name | None = None
    also: Names = ()
    inferred: bool = False
    note: PackText | None = None

    @model_validator(mode="after")
    def _has_clause(self) -> Any:
        if self.clause is None and not self.inferred:
            refuse(
                "clause_missing",
                "没有写依据条款：请写 clause: 四(一)；文件没有规定、由本包推定的，写 inferred: true",
                "no clause: write clause: 四(一), or inferred: true when the text does not say it",
            )
        return self


class Entry(Cited):
    """A cited entry that a child pack can override by its id."""

    id: Id


class Open(Strict):
    """A value that the policy may leave open: ``value: null`` and ``set_by`` then says who decides. ``text`` is what
    people call it."""

    text: PackText | None = None
    value: Scalar | tuple[Scalar, ...] | None
    unit: str | None = None
    set_by: Name | None = None
    clause: Name | None = None
    inferred: bool = False
    note: PackText | None = None

    @model_validator(mode="after")
    def _who_decides(self) -> Any:
        if self.value is None and self.set_by is None:
            open_value("value")
        return self


def open_value(key: str) -> NoReturn:
    """A value is null and nobody is named who sets it."""
    refuse(
        "set_by",
        f"{key} 留空时须写 set_by，说明由谁确定，例如 set_by: 县（市、区）人民政府",
        f"when {key} is null, write set_by: who decides it, e.g. set_by: 县（市、区）人民政府",
    )


class Limit(Strict):
    """A time limit: exactly one of the units; null (with ``set_by``) when the text gives no number."""

    days: int | None = Field(None, ge=0)
    working_days: int | None = Field(None, ge=0)
    months: int | None = Field(None, ge=0)
    years: int | None = Field(None, ge=0)
    set_by: Name | None = None
    inferred: bool = False

    @model_validator(mode="after")
    def _one_unit(self) -> Any:
        given = [k for k in ("days", "working_days", "months", "years") if k in self.model_fields_set]
        if len(given) != 1:
            refuse(
                "limit",
                "时限须且只须写 days、working_days、months、years 之一",
                "a time limit has exactly one of days, working_days, months, years",
            )
        if getattr(self, given[0]) is None and self.set_by is None:
            open_value(given[0])
        return self

    @property
    def unit(self) -> str:
        """days, working_days, months or years."""
        return next(k for k in ("days", "working_days", "months", "years") if k in self.model_fields_set)

    @property
    def amount(self) -> int | None:
        """How many of the unit; null when nobody has set it yet."""
        amount: int | None = getattr(self, self.unit)
        return amount


class Reading(Entry):
    """A switch for wording that can be read in more than one way; the chosen reading is shown with every result."""

    text: PackText
    options: tuple[Name, ...] = Field(min_length=2)
    default: Name

    @model_validator(mode="after")
    def _default_is_an_option(self) -> Any:
        if self.default not in self.options:
            refuse(
                "reading",
                f"默认读法“{self.default}”不在 options 中：{'、'.join(self.options)}",
                f"the default reading '{self.default}' is none of the options: {', '.join(self.options)}",
            )
        return self
