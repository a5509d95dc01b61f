"""The catalogue of checks as data, and the sentences that it makes of what was found."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import polars as pl
import yaml

from panhuo.messages import FINDINGS_SCHEMA, PanhuoError, Severity, Text, findings_table
from panhuo.overlay import representative_points
from panhuo.quality.subject import Subject


@dataclass(frozen=True, slots=True)
class Variant:
    """Another sentence of the same rule, and how grave it is."""

    severity: Severity
    sentence: Text


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of the catalogue.

    ``sentence`` and ``suggestion`` have ``{places}`` filled from the row; ``parameters`` are defaults that a pack may
    set; ``variants`` are other sentences of the rule by their names.
    """

    code: str
    severity: Severity
    rule: Text
    sentence: Text
    suggestion: Text
    mender: str
    source: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, Text] = field(default_factory=dict)
    variants: Mapping[str, Variant] = field(default_factory=dict)


@cache
def catalogue() -> Mapping[str, Check]:
    """Every check by its code, in the order of the families D, A, G, C."""
    entries = yaml.safe_load((files("panhuo.quality") / "catalogue.yaml").read_text(encoding="utf-8"))
    return {
        e["code"]: Check(
            code=e["code"],
            severity=e["severity"],
            rule=Text(**e["rule"]),
            sentence=Text(e["zh"], e["en"]),
            suggestion=Text(**e["suggestion"]),
            mender=e["mender"],
            source=e["source"],
            parameters={k: float(v["value"]) for k, v in e.get("parameters", {}).items()},
            notes={k: Text(**v["note"]) for k, v in e.get("parameters", {}).items()},
            variants={
                k: Variant(v.get("severity", e["severity"]), Text(v["zh"], v["en"]))
                for k, v in e.get("variants", {}).items()
            },
        )
        for e in entries
    }


@dataclass(frozen=True, slots=True)
class Settings:
    """What a survey sets for the checks.

    ``values`` holds ``"A06.share"`` style keys that override the catalogue's defaults; ``skip`` names checks that the
    survey leaves out (its report says so).
    """

    values: Mapping[str, float] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        known = {f"{c.code}.{p}" for c in catalogue().values() for p in c.parameters}
        for key in self.values:
            if key not in known:
                raise PanhuoError(
                    f"检查参数“{key}”不存在，可用的有：{'、'.join(sorted(known))}。",
                    f"There is no check parameter '{key}'; there are: {', '.join(sorted(known))}.",
                )
        for code in self.skip:
            if code not in catalogue():
                raise PanhuoError(f"没有检查项“{code}”。", f"There is no check '{code}'.")

    def get(self, code: str, name: str) -> float:
        """The value of one parameter."""
        return float(self.values.get(f"{code}.{name}", catalogue()[code].parameters[name]))


def _filled(template: str, columns: list[str]) -> pl.Expr:
    """A template with ``{places}`` as an expression over the columns of the same names."""
    form, parts = "", []
    for literal, name, _spec, _conversion in string.Formatter().parse(template):
        form += literal.replace("{", "{{").replace("}", "}}")
        if name is None:
            continue
        if name not in columns:
            raise PanhuoError(f"检查语句缺少内容“{name}”。", f"The sentence wants '{name}', which is not given.")
        form += "{}"
        parts.append(pl.col(name).cast(pl.String).fill_null("—"))
    return pl.format(form, *parts) if parts else pl.lit(template)


def state(code: str, subject: Subject, rows: pl.DataFrame, *, variant: str | None = None) -> pl.DataFrame:
    """Findings of one check in one layer, in its sentence or in that of a ``variant``.

    ``rows`` has one line a finding; the columns ``index`` (0-based row of the layer), ``key``, ``field``, ``value``,
    ``x``, ``y``, ``count`` are optional, and every other place of the sentence must be a column. A row with a shape and
    no ``x`` is placed by a point inside its shape. Returns a findings table.
    """
    check = catalogue()[code]
    said = Variant(check.severity, check.sentence) if variant is None else check.variants[variant]
    if not rows.height:
        return findings_table()
    given = rows.columns
    fill: dict[str, pl.Series] = {}
    if "index" in given:
        numbers = subject.row_numbers()
        index = rows["index"].cast(pl.Int64)
        fill["row"] = numbers.gather(index)
        if "key" not in given:
            keys = subject.keys()
            fill["key"] = keys.gather(index)
        if "x" not in given and subject.polygons is not None:
            points = representative_points(subject.polygons.take(index.to_numpy()))
            fill["x"], fill["y"] = (pl.Series(points[:, k]).fill_nan(None) for k in (0, 1))
    defaults: dict[str, object] = {
        "source": subject.layer.source,
        "layer": subject.layer.name,
        "count": 1,
        "row": None,
        "key": None,
        "field": None,
        "value": None,
        "x": None,
        "y": None,
    }
    out = rows.with_columns(**fill) if fill else rows
    out = out.with_columns(
        pl.lit(v, dtype=FINDINGS_SCHEMA[k]).alias(k) for k, v in defaults.items() if k not in out.columns
    )
    if "field" in given and "field_zh" not in given:
        titles = {f.name: f.zh for f in subject.role.fields}
        out = out.with_columns(pl.col("field").replace(titles).alias("field_zh"))
    # in one piece: pl.format of columns cut in different places ends the process (Polars 2.1)
    out = out.rechunk()
    columns = out.columns
    return out.with_columns(
        pl.lit(check.code).alias("code"),
        pl.lit(said.severity).alias("severity"),
        _filled(said.sentence.zh, columns).alias("zh"),
        _filled(said.sentence.en, columns).alias("en"),
        _filled(check.suggestion.zh, columns).alias("suggestion_zh"),
        _filled(check.suggestion.en, columns).alias("suggestion_en"),
        pl.lit(check.mender).alias("mender"),
    ).select(pl.col(c).cast(d) for c, d in FINDINGS_SCHEMA.items())
