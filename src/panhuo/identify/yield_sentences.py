"""One enterprise's 亩产效益 result as text: every item with value, baseline, weight and points."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from panhuo.identify.grammar import text_of
from panhuo.identify.wording import number
from panhuo.messages import Lang, PanhuoError

if TYPE_CHECKING:
    from panhuo.identify.yield_evaluation import YieldEvaluation

_STATUS = {
    "evaluated": ("已评价", "evaluated"),
    "exempt": ("暂不评价", "not evaluated"),
    "unknown": ("资料不全，未能评价", "not enough data to evaluate"),
}


def explain_yield(result: YieldEvaluation, credit_code: str, lang: Lang = "zh") -> str:
    """The result of one enterprise as text. Raises PanhuoError with similar codes when it is not among the
    evaluated.
    """
    found = result.frame.filter(pl.col("credit_code") == credit_code)
    if found.is_empty():
        near = difflib.get_close_matches(credit_code, result.frame["credit_code"].drop_nulls().to_list(), n=5)
        raise PanhuoError(
            f"评价名单中没有“{credit_code}”。" + (f"相近的代码：{'、'.join(near)}。" if near else ""),
            f"“{credit_code}” is not in the evaluation." + (f" Similar codes: {', '.join(near)}." if near else ""),
        )
    items = result.items.filter(pl.col("credit_code") == credit_code)
    return "\n".join(_lines(found.row(0, named=True), items, result.scheme, lang))


def _lines(row: Mapping[str, Any], items: pl.DataFrame, scheme: Mapping[str, Any], lang: Lang) -> Iterator[str]:
    zh = lang == "zh"

    def named(part: str, entry_id: str | None) -> str:
        for entry in scheme.get(part) or ():
            if str(entry["id"]) == entry_id:
                return text_of(entry.get("name") or entry.get("text"), str(entry["id"]))(lang)
        return entry_id or ("未知" if zh else "unknown")

    colon = "：" if zh else ": "
    who = row["credit_code"] + (f" {row['enterprise_name']}" if row["enterprise_name"] else "")
    yield f"{'企业' if zh else 'Enterprise'} {who}{'，' if zh else ', '}{named('groups', row['group'])}"
    got = row["yield_class"] or _STATUS[row["status"]][0 if zh else 1]
    yield f"{'评价结果' if zh else 'Result'}{colon}{got}"
    if row["exempt_by"]:
        yield f"{'暂不评价的原因' if zh else 'Not evaluated because'}{colon}{named('exclusions', row['exempt_by'])}"
        return
    if row["vetoed_by"]:
        yield f"{'一票否决' if zh else 'Veto'}{colon}{named('veto', row['vetoed_by'])}"
    for item in items.iter_rows(named=True):
        yield f"  · {item['zh' if zh else 'en']}{colon}{_item(item, lang)}"
    if row["score"] is not None:
        parts = [f"{'基本分' if zh else 'base'} {number(row['base_score'])}"]
        if row["bonus"]:
            parts.append(f"{'加分' if zh else 'bonus'} {number(row['bonus'])}")
        if row["penalty"]:
            parts.append(f"{'减分' if zh else 'penalty'} {number(-row['penalty'])}")
        detail = ("，" if zh else ", ").join(parts)
        bracketed = f"（{detail}）" if zh else f" ({detail})"
        yield f"{'总分' if zh else 'Total'}{colon}{number(row['score'])}{bracketed}"
        yield (
            f"本组排名：第{row['rank']}名，共{row['group_size']}家"
            if zh
            else f"Rank {row['rank']} of {row['group_size']} in the group"
        )
    if row["tied"]:
        yield (
            "注意：与等级分界另一侧的企业同分，按分项得分和统一社会信用代码排序。"
            if zh
            else "Note: same score as an enterprise across the cut; the items' scores and the credit code decided."
        )
    if row["missing"]:
        yield f"{'缺少数据的指标' if zh else 'Items without data'}{colon}{('、' if zh else ', ').join(row['missing'])}"
    if row["to_verify"]:
        words = [
            next(n for p in ("bonus", "penalty", "veto", "exclusions") if (n := named(p, v)) != v or p == "exclusions")
            for v in row["to_verify"]
        ]
        head = "尚待核实（结果为暂定）" if zh else "Still to verify (provisional)"
        yield f"{head}{colon}{('、' if zh else ', ').join(words)}"


def _item(item: Mapping[str, Any], lang: Lang) -> str:
    zh = lang == "zh"
    points = "" if item["score"] is None else number(item["score"])
    if item["how"] == "mean":
        return f"无数据，按本组平均分计{points}分" if zh else f"no data, scored with the group's mean: {points}"
    if item["how"] == "zero":
        return "无数据，计0分" if zh else "no data, scored 0"
    if item["how"] == "unknown":
        if item["value"] is None:
            return "无数据，无法计分" if zh else "no data, cannot be scored"
        return "基准值未确定，无法计分" if zh else "no baseline, cannot be scored"
    value, base = number(item["value"]), "—" if item["baseline"] is None else number(item["baseline"])
    unit, weight = item["unit"] or "", number(item["weight"])
    share = number(item["value"] / item["baseline"] * 100, 2)
    limit = {"capped": ("（封顶）", " (capped)"), "floor": ("（保底）", " (floor)")}.get(item["how"], ("", ""))
    if zh:
        return f"{value}{unit}，基准{base}，为基准的{share}%，权重{weight}，得{points}分{limit[0]}"
    return f"{value} {unit}".rstrip() + f", baseline {base}, {share}% of it, weight {weight}: {points} points{limit[1]}"
