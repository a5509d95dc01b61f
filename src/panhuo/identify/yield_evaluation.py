"""亩产效益 (yield per mu) evaluation of enterprises: indicators, scores, classes A–D, with every step kept.

The scheme is the pack's (``indicators.yaml``, ``yield_evaluation``). Practice it follows: score of an item = value ÷
baseline × weight; a missing item as the pack says; the best share of each group in class A and so on; one-vote veto;
enterprises that are not evaluated (暂不评价) stand apart and are never read as a restricted class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from panhuo.identify.conditions import Node
from panhuo.identify.expressions import formula, names_in
from panhuo.identify.from_pack import plain
from panhuo.identify.grammar import text_of
from panhuo.identify.nodes import node_values, renamed, with_known_columns
from panhuo.identify.standards import read_node
from panhuo.messages import Lang, PanhuoError
from panhuo.packs import Pack

#: What an enterprise gets that is not evaluated; it is no class and never 限制发展类.
EXEMPT = "暂不评价"
#: Scores are compared to this many digits, as they are published.
DIGITS = 6


@dataclass(frozen=True)
class YieldEvaluation:
    """The result of one evaluation.

    ``frame``: one row an enterprise in the order given: credit_code, enterprise_name, group, status (evaluated | exempt
    | unknown), base_score, bonus, penalty, score, rank (1 the best, in its group), group_size, yield_class (null when
    unknown; 暂不评价 when exempt), decided_by (rank, score, veto or exclusion), vetoed_by, exempt_by, tied (same score
    as an enterprise on the other side of a class cut), missing (items without a value or baseline), to_verify
    (adjustments, vetoes and exclusions that could not be judged: the result is provisional).
    ``items``: one row an enterprise and item: credit_code, group, item, zh, en, unit, value, baseline, ratio, weight,
    score, how (value | mean | zero | unknown | capped | floor).
    """

    frame: pl.DataFrame
    items: pl.DataFrame
    scheme: Mapping[str, Any]

    def explain(self, credit_code: str, lang: Lang = "zh") -> str:
        """One enterprise's result, item by item."""
        from panhuo.identify.yield_sentences import explain_yield

        return explain_yield(self, credit_code, lang)

    def classes(self) -> pl.DataFrame:
        """Enterprises by group and class."""
        return self.frame.group_by("group", "yield_class").len("enterprises").sort("group", "yield_class")


def evaluate_yield(enterprises: pl.DataFrame, scheme: Pack | Mapping[str, Any] | Any) -> YieldEvaluation:
    """Evaluate enterprises by the pack's scheme.

    ``enterprises``: one row an enterprise, ``credit_code`` and the columns the scheme's formulas and conditions use
    (null unknown). Ranking: score to six digits, then the scores of the items from the heaviest, then the credit code,
    so that the order of the rows never matters; the class cuts are whole numbers of enterprises, rounded down (A at
    most its share), counted over the evaluated ones including those under a veto, which stand last. Raises PanhuoError
    when the pack has no scheme or a formula names an unknown column.
    """
    if isinstance(scheme, Pack):
        if scheme.indicators.yield_evaluation is None:
            raise PanhuoError(
                "政策包没有亩产效益评价办法（indicators.yaml 的 yield_evaluation）。",
                "The pack has no scheme of yield evaluation (yield_evaluation in indicators.yaml).",
                where=scheme.id,
            )
        scheme = scheme.indicators.yield_evaluation
    rules: dict[str, Any] = plain(scheme)
    rules = rules.get("yield_evaluation", rules)
    frame = _with_columns(enterprises, rules)
    judged = _judge(frame, rules)
    frame = _grouped(frame, judged, rules)
    items = pl.concat([_items(frame, group) for group in rules["groups"]])
    frame = _scored(frame, items, judged, rules)
    frame = _classed(frame, items, rules)
    columns = [
        "credit_code", "enterprise_name", "group", "status", "base_score", "bonus", "penalty", "score", "rank",
        "group_size", "yield_class", "decided_by", "vetoed_by", "exempt_by", "tied", "missing", "to_verify",
    ]  # fmt: skip
    return YieldEvaluation(frame.select(columns), items, rules)


def _with_columns(enterprises: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    names = [n for g in rules["groups"] for i in g["items"] for n in names_in(i["expr"], where=i["id"])]
    frame = enterprises
    if "enterprise_name" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias("enterprise_name"))
    frame = with_known_columns(frame, names, where="yield_evaluation")
    floats = [n for n, t in frame.schema.items() if t.is_float()]
    nothing = [n for n in dict.fromkeys(names) if frame.schema[n] == pl.Null]
    return frame.with_columns(pl.col(floats).fill_nan(None), pl.col(nothing).cast(pl.Float64)).with_row_index("@row")


def _judge(frame: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    """Every condition of the scheme (group, exclusion, veto, bonus, penalty) for every enterprise."""
    nodes: dict[str, Node] = {}
    for part in ("groups", "exclusions", "veto", "bonus", "penalty"):
        for entry in rules.get(part) or ():
            if entry.get("when") is not None:
                name = f"{part}:{entry['id']}"
                nodes[name] = renamed(read_node(entry["when"], name), f"{name}:")
    return node_values(frame, nodes, where="yield_evaluation") if nodes else pl.DataFrame({"@": [None] * frame.height})


def _state(judged: pl.DataFrame, part: str, entry: Mapping[str, Any]) -> pl.Series:
    name = f"{part}:{entry['id']}"
    if name in judged.columns:
        return judged[name]
    return pl.Series([True] * judged.height, dtype=pl.Boolean)


def _first(judged: pl.DataFrame, part: str, entries: list[Mapping[str, Any]], name: str) -> pl.Expr:
    steps = [pl.when(pl.lit(_state(judged, part, e)).fill_null(False)).then(pl.lit(str(e["id"]))) for e in entries]
    return pl.coalesce([*steps, pl.lit(None, dtype=pl.String)]).alias(name)


def _grouped(frame: pl.DataFrame, judged: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    """Group (the first that holds; unknown when an earlier one is unknown), exclusion and veto of every enterprise."""
    group = pl.lit(None, dtype=pl.String)
    for entry in reversed(rules["groups"]):
        state = pl.lit(_state(judged, "groups", entry))
        group = pl.when(state).then(pl.lit(str(entry["id"]))).when(state.is_null()).then(None).otherwise(group)
    frame = frame.with_columns(
        group.alias("group"),
        _first(judged, "exclusions", rules.get("exclusions") or [], "exempt_by"),
        _first(judged, "veto", rules.get("veto") or [], "vetoed_by"),
    )
    return frame.with_columns((pl.col("exempt_by").is_null() & pl.col("group").is_not_null()).alias("@in"))


def _items(frame: pl.DataFrame, group: Mapping[str, Any]) -> pl.DataFrame:
    """Values, baselines and scores of a group's items, long."""
    part = frame.filter(pl.col("@in") & (pl.col("group") == group["id"]))
    long = []
    for order, item in enumerate(group["items"]):
        name = text_of(item.get("name"), item["id"])
        baseline = item.get("baseline", "mean")
        if isinstance(baseline, Mapping):
            baseline = baseline.get("target")
        value = formula(item["expr"], where=item["id"]).cast(pl.Float64)
        base = pl.col("value").mean() if baseline == "mean" else pl.lit(baseline, dtype=pl.Float64)
        weight = float(item["weight"])
        low, high = float(item.get("floor") or 0.0), item.get("cap")
        up = item.get("higher_is_better", True)
        top, bottom = ("value", "baseline") if up else ("baseline", "value")
        raw = pl.col("ratio") * weight
        missing = item.get("missing", "unknown")
        one = part.select("@row", "credit_code", "group", value.alias("value")).with_columns(base.alias("baseline"))
        one = one.with_columns((pl.col(top) / pl.when(pl.col(bottom) != 0).then(pl.col(bottom))).alias("ratio"))
        one = one.with_columns(
            raw.clip(low, None if high is None else float(high)).alias("score"),
            pl.when(pl.col("ratio").is_null())
            .then(pl.lit("unknown"))
            .when(raw < low)
            .then(pl.lit("floor"))
            .when(raw > (float("inf") if high is None else float(high)))
            .then(pl.lit("capped"))
            .otherwise(pl.lit("value"))
            .alias("how"),
        )
        if missing in ("mean", "zero"):
            stand_in = pl.col("score").mean() if missing == "mean" else pl.lit(0.0)
            gone = pl.col("value").is_null() & stand_in.is_not_null()
            one = one.with_columns(
                pl.when(gone).then(stand_in).otherwise(pl.col("score")).alias("score"),
                pl.when(gone).then(pl.lit(missing)).otherwise(pl.col("how")).alias("how"),
            )
        long.append(
            one.with_columns(
                pl.lit(str(item["id"])).alias("item"),
                pl.lit(order).alias("@order"),
                pl.lit(name.zh).alias("zh"),
                pl.lit(name.en).alias("en"),
                pl.lit(item.get("unit"), dtype=pl.String).alias("unit"),
                pl.lit(weight).alias("weight"),
            )
        )
    columns = [
        "@row",
        "@order",
        "credit_code",
        "group",
        "item",
        "zh",
        "en",
        "unit",
        "value",
        "baseline",
        "ratio",
        "weight",
        "score",
        "how",
    ]
    return pl.concat(long).select(columns).sort("@row", "@order")


def _scored(frame: pl.DataFrame, items: pl.DataFrame, judged: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    """Base score (unknown when an item is), bonus, penalty and total."""
    sums = items.group_by("@row").agg(
        pl.when(pl.col("score").is_null().any()).then(None).otherwise(pl.col("score").sum()).alias("base_score"),
        pl.col("item").filter(pl.col("score").is_null()).alias("missing"),
    )
    frame = frame.join(sums, on="@row", how="left", maintain_order="left")
    to_verify = []
    for part, sign in (("bonus", 1.0), ("penalty", -1.0)):
        points = pl.lit(0.0)
        for entry in rules.get(part) or ():
            state = pl.lit(_state(judged, part, entry))
            points = points + pl.when(state.fill_null(False)).then(sign * abs(float(entry["points"]))).otherwise(0.0)
        frame = frame.with_columns(pl.when(pl.col("@in")).then(points).alias(part))
    for part in ("bonus", "penalty", "veto", "exclusions"):
        for entry in rules.get(part) or ():
            state = pl.lit(_state(judged, part, entry))
            to_verify.append(pl.when(state.is_null()).then(pl.lit(str(entry["id"]))))
    nothing = pl.lit([], dtype=pl.List(pl.String))
    open_ = pl.concat_list(to_verify).list.drop_nulls() if to_verify else nothing
    return frame.with_columns(
        (pl.col("base_score") + pl.col("bonus") + pl.col("penalty")).round(DIGITS).alias("score"),
        pl.when(pl.col("exempt_by").is_null()).then(open_).otherwise(nothing).alias("to_verify"),
        pl.col("missing").fill_null(nothing).alias("missing"),
    )


def _classed(frame: pl.DataFrame, items: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    """Rank and class in each group; veto and exclusion above them."""
    heavy = items.sort("weight", "@order", descending=[True, False]).group_by("@row", maintain_order=True)
    order = heavy.agg(pl.col("score").round(DIGITS).alias("@items"))
    frame = frame.join(order, on="@row", how="left", maintain_order="left")
    width = max((len(g["items"]) for g in rules["groups"]), default=0)
    keys = [f"@item{i}" for i in range(width)]
    frame = frame.with_columns(pl.col("@items").list.get(i, null_on_oob=True).alias(k) for i, k in enumerate(keys))
    known = frame.filter(pl.col("@in") & pl.col("score").is_not_null())
    known = known.with_columns(pl.col("vetoed_by").is_not_null().alias("@veto"))
    known = known.sort(
        ["group", "@veto", "score", *keys, "credit_code"],
        descending=[False, False, True, *[True] * width, False],
        nulls_last=True,
    )
    known = known.with_columns(
        pl.int_range(1, pl.len() + 1).over("group").alias("rank"), pl.len().over("group").alias("group_size")
    )
    known = _cut(known, rules)
    forced = {str(v["id"]): str(v["class"]) for v in rules.get("veto") or ()}
    veto_class = pl.col("vetoed_by").replace_strict(forced, default=None, return_dtype=pl.String)
    ranked = known.select("@row", "rank", "group_size", "@class", "tied")
    frame = frame.join(ranked, on="@row", how="left", maintain_order="left")
    class_names = {str(c["id"]): str(c["name"]) for c in rules["classes"]}
    veto_class = veto_class.replace(class_names)
    exempt, vetoed = pl.col("exempt_by").is_not_null(), pl.col("vetoed_by").is_not_null() & pl.col("@in")
    got = pl.when(exempt).then(pl.lit(EXEMPT)).when(vetoed).then(veto_class).otherwise(pl.col("@class"))
    by = rules.get("by", "percentile")
    return frame.with_columns(
        got.alias("yield_class"),
        pl.when(exempt)
        .then(pl.lit("exempt"))
        .when(got.is_null())
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("evaluated"))
        .alias("status"),
        pl.when(exempt)
        .then(pl.lit("exclusion"))
        .when(vetoed)
        .then(pl.lit("veto"))
        .when(got.is_not_null())
        .then(pl.lit("rank" if by == "percentile" else "score"))
        .alias("decided_by"),
        pl.col("tied").fill_null(False),
    )


def _cut(known: pl.DataFrame, rules: Mapping[str, Any]) -> pl.DataFrame:
    classes = list(rules["classes"])
    percentile = rules.get("by", "percentile") == "percentile"
    key = "top" if percentile else "min_score"
    names = [str(c["name"]) for c in classes]
    cuts = [c.get(key) for c in classes]
    if any(c is None for c in cuts[:-1]):  # a cut that nobody has set: no class can be given
        return known.with_columns(pl.lit(None, dtype=pl.String).alias("@class"), pl.lit(False).alias("tied"))
    result = pl.lit(names[-1])
    for cut, name in reversed(list(zip(cuts[:-1], names[:-1], strict=True))):
        if percentile:
            inside = pl.col("rank") <= (float(cut) * pl.col("group_size") + 1e-9).floor()
        else:
            inside = pl.col("score") >= float(cut)
        result = pl.when(inside).then(pl.lit(name)).otherwise(result)
    known = known.with_columns(result.alias("@class"))
    split = pl.col("@class").n_unique().over("group", "@veto", "score") > 1
    return known.with_columns((split & ~pl.col("@veto")).alias("tied"))
