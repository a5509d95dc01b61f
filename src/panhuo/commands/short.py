"""The short form of an explanation: what decided, what is missing, what would turn it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from panhuo.commands.options import Language
from panhuo.identify.explanation_parts import Explanation, Line, Section
from panhuo.identify.wording import SIGN, number, several, shown
from panhuo.messages import Text

#: How many conditions and missing things are told; the rest is counted.
LIMIT = 8


def short(told: Explanation, reasons: Sequence[str], lang: Language) -> str:
    """An explanation in a dozen lines. ``reasons`` are the ids of the conditions that decided or are open."""
    return "\n".join(_lines(told, reasons, lang))


def _lines(told: Explanation, reasons: Sequence[str], lang: Language) -> Iterator[str]:
    def pick(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    colon, stop, comma = pick("：", ": "), pick("；", "; "), pick("，", ", ")
    about = [w for w in (told.parcel, told.name, told.township) if w]
    if told.area_m2 is not None:
        about.append(shown(told.area_m2, "m2")(lang))
    yield comma.join(about)
    classes = told.main_class(lang) if told.main_class else ""
    others = [c(lang) for c in told.classes if c != told.main_class]
    if others:
        classes += pick(f"（同时符合：{'、'.join(others)}）", f" (also: {', '.join(others)})")
    yield pick("结论：", "Verdict: ") + told.outcome_text(lang) + (f"{comma}{classes}" if classes else "")
    day = comma + pick("认定日期", "as of ") + shown(told.on)(lang) if told.on else ""
    yield (
        pick("标准：", "Standard: ") + told.standard(lang) + pick("（", " (") + told.standard_id + day + pick("）", ")")
    )

    deciding = list(_deciding(told, reasons))
    if deciding:
        yield ""
        head = pick("尚不能判定的条件", "Conditions that are open") if told.outcome == "unknown" else ""
        yield head or pick("起决定作用的条件", "Conditions that decided")
        for line in deciding[:LIMIT]:
            cited = pick(f"（{line.clause.zh}）", f" ({line.clause.en})") if line.clause else ""
            yield f"  {SIGN[line.state]} {line.text(lang)}{cited}"
            grounds = stop.join(_grounds(line, lang, colon))
            if grounds:
                yield f"      {grounds}"
        if len(deciding) > LIMIT:
            more = len(deciding) - LIMIT
            yield pick(f"  … 另有 {more} 个条件", f"  … and {more} more")
    if told.outcome == "not":
        yield ""
        yield pick("各类别为何都不符合", "Why no class is met")
        for section in told.sections:
            if section.kind == "class" and section.lines:
                yield f"  ✗ {section.title(lang)}{colon}{_first_failing(section, lang)}"
    if told.missing:
        yield ""
        yield pick("还需查明", "Still to be found out")
        for one in told.missing[:LIMIT]:
            ask = pick("向{}了解", "ask {}").format(several(one.ask)(lang)) if one.ask else ""
            yield f"  ? {one.text(lang)}" + (f"{stop}{ask}" if ask else "")
    if told.changes:
        yield ""
        yield pick("最接近的翻转（其他事项不变）", "Nearest change that would turn it (all else equal)")
        for _, text in told.changes:
            yield f"  → {text(lang)}"


def _deciding(told: Explanation, reasons: Sequence[str]) -> Iterator[Line]:
    """The lines of the deciding conditions, once each, in the order of the standard; a group with its indicators."""
    wanted = set(reasons)
    seen: set[str] = set()
    for section in told.sections:
        for line in section.lines:
            if line.id is None or line.id in seen:
                continue
            group = line.id.rsplit(".", 1)[0]
            if line.id in wanted or (group in wanted and line.id != group):
                seen.add(line.id)
                yield line


def _first_failing(section: Section, lang: Language) -> str:
    """The first condition of a class that has to hold and does not, with its value; else that none of several holds."""
    outer = min(line.depth for line in section.lines)
    failing = [line for line in section.lines if line.state is False and line.depth == outer]
    for line in failing:
        if line.connective is None:
            if lang == "en":
                values = "; ".join(f"{f.label.en}: {f.shown.en}" for f in line.facts)
                return f"not '{line.text.en}'" + (f" ({values})" if values else "")
            values = "；".join(f"{f.label.zh}：{f.shown.zh}" for f in line.facts)
            return f"不符合“{line.text.zh}”" + (f"（{values}）" if values else "")
    return Text("没有一项条件符合", "none of its conditions holds")(lang)


def _grounds(line: Line, lang: Language, colon: str) -> Iterator[str]:
    """The values with source and date, then what was asked."""
    for fact in line.facts:
        origin = "，".join(w for w in (fact.layer, shown(fact.date)(lang) if fact.date else "") if w)
        if lang == "en":
            origin = origin.replace("，", ", ")
        value = f"{fact.label(lang)}{colon}{fact.shown(lang)}"
        yield value + ((f"（{origin}）" if lang == "zh" else f" ({origin})") if origin else "")
    mark = line.benchmark
    if mark is not None and mark.average is not None:
        average, known = number(mark.average), mark.group_size
        group = mark.group(lang)
        yield Text(f"同组（{group}，{known}宗）平均{average}", f"average {average} ({group}; {known} known)")(lang)
    if line.why_unknown:
        yield line.why_unknown(lang)
    elif line.requirement and line.requirement != line.text and not _yes_or_no(line):
        yield Text("标准：", "asked: ")(lang) + line.requirement(lang)


def _yes_or_no(line: Line) -> bool:
    """A single yes-or-no value says by itself what was asked."""
    return len(line.facts) == 1 and isinstance(line.facts[0].value, bool)
