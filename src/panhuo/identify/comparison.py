"""Two standards over the same parcels: which verdicts turn, where, how much land, and because of which conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from panhuo.identify.conditions import Standard
from panhuo.identify.verdicts import OUTCOMES, FactsLike, Verdicts, identify
from panhuo.identify.wording import OUTCOME, number
from panhuo.messages import Lang, PanhuoError, Text
from panhuo.packs import Pack
from panhuo.progress import Progress, silent

AnyPack = Standard | Pack | Mapping[str, Any]


@dataclass(frozen=True)
class Flips:
    """What changes from standard A to standard B.

    ``frame``: one row a parcel: parcel_code, township_code, township_name, area_m2, outcome_a, outcome_b, class_a,
    class_b, flipped (outcome or main class differs). ``matrix``: outcome and class before and after, parcels, area_m2 —
    all parcels, so the sums are those of the survey. ``townships``: per township parcels, area_m2, identified_a,
    identified_b, identified_a_m2, identified_b_m2, flipped, flipped_m2. ``causes``: per condition how many flipped
    parcels it judged otherwise (``differs``), or decided under one standard that the other does not have (``only_a``,
    ``only_b``), with area.
    """

    a: Verdicts
    b: Verdicts
    frame: pl.DataFrame
    matrix: pl.DataFrame
    townships: pl.DataFrame
    causes: pl.DataFrame

    def say(self, lang: Lang = "zh") -> str:
        """The comparison as a text table."""
        return _say(self, lang)


def compare(
    facts: pl.DataFrame | FactsLike,
    pack_a: AnyPack,
    pack_b: AnyPack,
    *,
    on: date | None = None,
    progress: Progress = silent,
) -> Flips:
    """Judge the same facts by two standards (a back-test, a draft, another reading) and say what flips."""
    a = identify(facts, pack_a, on=on, progress=progress)
    b = identify(facts, pack_b, on=on, progress=progress)
    return flips_between(a, b)


def flips_between(a: Verdicts, b: Verdicts) -> Flips:
    """The comparison of two runs over the same parcels in the same order. Raises PanhuoError when they are not."""
    if not a.frame["parcel_code"].equals(b.frame["parcel_code"]):
        raise PanhuoError(
            f"两次认定的宗地不一致（{a.frame.height:,}宗和{b.frame.height:,}宗，或次序不同），不能对比。",
            "The two runs are not over the same parcels in the same order "
            f"({a.frame.height:,} and {b.frame.height:,}).",
        )
    known = a.facts.columns
    carried = {"township_code": pl.String, "township_name": pl.String, "area_m2": pl.Float64}
    frame = a.frame.select(
        "parcel_code", pl.col("outcome").alias("outcome_a"), pl.col("main_class").alias("class_a")
    ).with_columns(b.frame["outcome"].alias("outcome_b"), b.frame["main_class"].alias("class_b"))
    frame = frame.with_columns(
        a.facts[c].cast(t) if c in known else pl.lit(None, dtype=t).alias(c) for c, t in carried.items()
    )
    frame = frame.with_columns(
        (pl.col("outcome_a").ne(pl.col("outcome_b")) | pl.col("class_a").ne_missing(pl.col("class_b"))).alias("flipped")
    ).select("parcel_code", *carried, "outcome_a", "class_a", "outcome_b", "class_b", "flipped")
    sums = [pl.len().alias("parcels"), pl.col("area_m2").sum()]
    matrix = (
        frame.group_by("outcome_a", "class_a", "outcome_b", "class_b", "flipped")
        .agg(sums)
        .sort(
            "flipped", "parcels", "outcome_a", "outcome_b", "class_a", "class_b", descending=[True, True, *[False] * 4]
        )
    )
    return Flips(a, b, frame, matrix, _townships(frame), _causes(a, b, frame))


def _townships(frame: pl.DataFrame) -> pl.DataFrame:
    counted: list[pl.Expr] = [pl.len().alias("parcels"), pl.col("area_m2").sum()]
    for name, what in (
        ("identified_a", pl.col("outcome_a") == "identified"),
        ("identified_b", pl.col("outcome_b") == "identified"),
        ("flipped", pl.col("flipped")),
    ):
        counted += [what.sum().alias(name), pl.col("area_m2").filter(what).sum().alias(f"{name}_m2")]
    return frame.group_by("township_code", "township_name").agg(counted).sort("township_code", "township_name")


def _causes(a: Verdicts, b: Verdicts, frame: pl.DataFrame) -> pl.DataFrame:
    flipped = frame["flipped"]
    area = frame.filter(flipped)["area_m2"]
    before, after = a.evidence.filter(flipped), b.evidence.filter(flipped)
    reasons = {"only_a": a.frame.filter(flipped)["reasons"], "only_b": b.frame.filter(flipped)["reasons"]}
    in_a, in_b = a.standard.conditions(), b.standard.conditions()
    rows = []
    for name in dict.fromkeys([*in_a, *in_b]):
        if name in in_a and name in in_b:
            how, mask = "differs", before[name].ne_missing(after[name])
        else:
            how = "only_a" if name in in_a else "only_b"
            mask = reasons[how].list.contains(name)
        parcels = int(mask.sum())
        if parcels:
            text = (in_a.get(name) or in_b[name]).text
            rows.append((name, text.zh, text.en, how, parcels, float(area.filter(mask).sum() or 0.0)))
    schema = {
        "condition": pl.String,
        "zh": pl.String,
        "en": pl.String,
        "how": pl.String,
        "parcels": pl.Int64,
        "area_m2": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort("parcels", "condition", descending=[True, False])


def _say(flips: Flips, lang: Lang) -> str:
    def pick(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    names: dict[str, Text] = {c.id: c.name for v in (flips.b, flips.a) for c in v.standard.classes}

    def result(outcome: str, main: str | None) -> str:
        word = OUTCOME[outcome](lang)
        return f"{word}{pick('（', ' (')}{names[main](lang)}{pick('）', ')')}" if main else word

    frame = flips.frame
    turned = frame.filter(pl.col("flipped"))
    a, b = flips.a.standard, flips.b.standard
    lines = [
        pick("两套标准对比", "Two standards compared"),
        f"  A: {_named(a, lang)}",
        f"  B: {_named(b, lang)}",
        pick("共", "Parcels: ")
        + f"{frame.height:,}"
        + pick("宗，", ", ")
        + _area(frame["area_m2"].sum(), lang)
        + pick("；结论不同", "; verdict differs: ")
        + f"{turned.height:,}"
        + pick("宗，", ", ")
        + _area(turned["area_m2"].sum(), lang),
        "",
        pick("各结论的宗数和面积", "By outcome"),
    ]
    rows = [[pick("结论", "Outcome"), "A", "B", pick("A 面积", "A area"), pick("B 面积", "B area")]]
    for outcome in OUTCOMES:
        in_a, in_b = frame.filter(pl.col("outcome_a") == outcome), frame.filter(pl.col("outcome_b") == outcome)
        areas = [_area(part["area_m2"].sum(), lang) for part in (in_a, in_b)]
        rows.append([OUTCOME[outcome](lang), f"{in_a.height:,}", f"{in_b.height:,}", *areas])
    lines += [*table(rows), "", pick("结论变化", "What flips")]
    rows = [[pick("由", "From"), pick("变为", "To"), pick("宗数", "Parcels"), pick("面积", "Area")]]
    for row in flips.matrix.filter(pl.col("flipped")).iter_rows(named=True):
        before, after = result(row["outcome_a"], row["class_a"]), result(row["outcome_b"], row["class_b"])
        rows.append([before, after, f"{row['parcels']:,}", _area(row["area_m2"], lang)])
    lines += table(rows) if len(rows) > 1 else [pick("  没有变化。", "  Nothing.")]
    if turned.height:
        lines += ["", pick("分乡镇街道", "By township")]
        rows = [
            [
                pick("乡镇街道", "Township"),
                pick("宗数", "Parcels"),
                pick("A 认定", "A identified"),
                pick("B 认定", "B identified"),
                pick("变化", "Differ"),
                pick("变化面积", "Area"),
            ]
        ]
        for row in flips.townships.iter_rows(named=True):
            name = row["township_name"] or row["township_code"] or "—"
            counts = [f"{row[k]:,}" for k in ("parcels", "identified_a", "identified_b", "flipped")]
            rows.append([name, *counts, _area(row["flipped_m2"], lang)])
        lines += [*table(rows), "", pick("起作用的条件", "Conditions that made the difference")]
        how = {
            "differs": pick("判定不同", "judged otherwise"),
            "only_a": pick("仅 A 有", "only in A"),
            "only_b": pick("仅 B 有", "only in B"),
        }
        rows = [
            [
                pick("条件", "Condition"),
                pick("内容", "Text"),
                pick("方式", "How"),
                pick("宗数", "Parcels"),
                pick("面积", "Area"),
            ]
        ]
        for row in flips.causes.iter_rows(named=True):
            rows.append(
                [row["condition"], row[lang], how[row["how"]], f"{row['parcels']:,}", _area(row["area_m2"], lang)]
            )
        lines += table(rows)
    return "\n".join(lines)


def _named(standard: Standard, lang: Lang) -> str:
    """Title, id and day of a standard: the same one may be compared on two days."""
    day = Text("，{} 时有效", ", as on {}")(lang).format(standard.on) if standard.on else ""
    return f"{standard.title(lang)} ({standard.id}{day})"


def _area(area: Any, lang: Lang) -> str:
    hectares = number(float(area or 0.0) / 10_000, 2)
    return f"{hectares}公顷" if lang == "zh" else f"{hectares} ha"


def table(rows: list[list[str]]) -> list[str]:
    """Rows as aligned text; a Chinese character is two columns wide. The first column to the left, numbers to the
    right.
    """
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    numeric = [all(_is_number(row[i]) for row in rows[1:]) for i in range(len(widths))]

    def cell(text: str, i: int) -> str:
        fill = " " * (widths[i] - _width(text))
        return fill + text if numeric[i] else text + fill

    return ["  " + "  ".join(cell(text, i) for i, text in enumerate(row)).rstrip() for row in rows]


def _width(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def _is_number(text: str) -> bool:
    return text[:1].isdigit()
