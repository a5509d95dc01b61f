"""An explanation as plain text for an official to read, in Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator

from panhuo.identify.explanation_parts import Explanation, Line, Section
from panhuo.identify.wording import SIGN, STATE, number, several, shown
from panhuo.messages import Lang, Text


def say(told: Explanation, lang: Lang) -> str:
    """The whole explanation, one condition a line with its grounds below it."""
    return "\n".join(_lines(told, lang))


def _lines(told: Explanation, lang: Lang) -> Iterator[str]:
    def pick(zh: str, en: str) -> str:
        return zh if lang == "zh" else en

    stop, colon = pick("；", "; "), pick("：", ": ")
    about = [f"{pick('宗地', 'Parcel')} {told.parcel}"]
    about += [w for w in (told.name, told.township) if w]
    if told.area_m2 is not None:
        about.append(pick("面积", "area ") + shown(told.area_m2, "m2")(lang))
    yield pick("，", ", ").join(about)
    yield f"{pick('结论', 'Verdict')}{colon}{told.outcome_text(lang)}"
    if told.main_class:
        others = [c(lang) for c in told.classes if c != told.main_class]
        also = f"{pick('（同时符合：', ' (also: ')}{pick('、', ', ').join(others)}{pick('）', ')')}" if others else ""
        yield f"{pick('类别', 'Class')}{colon}{told.main_class(lang)}{also}"
    if told.classes_open:
        yield f"{pick('尚不能判定的类别', 'Classes still open')}{colon}{several(told.classes_open)(lang)}"
    day = f"{stop}{pick('认定日期', 'applied as of')}{pick('', ' ')}{shown(told.on)(lang)}" if told.on else ""
    base = f"{stop}{pick('调查底图', 'survey base')}{pick('', ' ')}{told.base}" if told.base else ""
    base += _bracket(told.base_clause, lang) if base else ""
    by = f"{told.standard(lang)}{pick('（', ' (')}{told.standard_id}{pick('）', ')')}"
    yield f"{pick('标准', 'Standard')}{colon}{by}{day}{base}"
    if told.basis:
        yield f"{pick('依据', 'Basis')}{colon}{told.basis(lang)}"
    for section in told.sections:
        yield ""
        yield from _section(section, lang, colon)
    if told.readings:
        yield ""
        yield pick("采用的理解口径", "Readings in force")
        for text, clause, chosen in told.readings:
            way = pick("任一项即可", "any is enough") if chosen == "any" else pick("各项均须", "all are needed")
            yield f"  · {text(lang)}{_bracket(clause, lang)}{colon}{way}"
    if told.missing:
        yield ""
        yield pick("还需查明（仅列可能改变结论的事项）", "Still to be found out (only what could change the verdict)")
        for i, one in enumerate(told.missing, 1):
            ask = pick("请向{}了解", "ask {}").format(several(one.ask)(lang)) if one.ask else ""
            serves = pick("涉及条件", "for") + pick("", " ") + ", ".join(one.conditions) if one.conditions else ""
            yield f"  {i}. {one.text(lang)}{''.join(stop + p for p in (ask, serves) if p)}"
    if told.changes:
        yield ""
        yield pick(
            "最接近的改变结论的变化（其他事项不变）", "Nearest change that would turn the verdict (all else equal)"
        )
        for _, text in told.changes:
            yield f"  · {text(lang)}"


def _section(section: Section, lang: Lang, colon: str) -> Iterator[str]:
    name = section.title(lang)
    if section.kind == "class":
        name = f"{'类别' if lang == 'zh' else 'Class'} {section.class_id} {name}{_bracket(section.clause, lang)}"
    state = STATE[section.state](lang)
    if section.kind == "exclusions":
        state = {
            True: Text("有排除情形", "an exclusion applies"),
            False: Text("无", "none applies"),
            None: Text("无法判定", "unknown"),
        }[section.state](lang)
    yield f"{name}{colon}{state}"
    for line in section.lines:
        yield from _line(line, lang, colon)


def _line(line: Line, lang: Lang, colon: str) -> Iterator[str]:
    pad = "  " * (line.depth + 1)
    name = f"{line.id} " if line.id else ""
    yield f"{pad}{SIGN[line.state]} {name}{line.text(lang)}{_bracket(line.clause, lang)}"
    inner = pad + "    "
    stop = "；" if lang == "zh" else "; "
    test = f"{'标准' if lang == 'zh' else 'test'}{colon}{line.requirement(lang)}" if line.requirement else ""
    for fact in line.facts:
        words = [f"{fact.label(lang)}{colon}{fact.shown(lang)}"]
        if fact.layer:
            words.append(("来源：" if lang == "zh" else "source: ") + fact.layer)
        if fact.date:
            words.append(("时点：" if lang == "zh" else "as of ") + shown(fact.date)(lang))
        if test and len(line.facts) == 1:
            words.append(test)
        yield inner + stop.join(words)
    if test and len(line.facts) != 1:
        yield inner + test
    mark = line.benchmark
    if mark is not None and mark.average is not None:
        average = number(mark.average)
        ratio = "" if mark.ratio is None else number(mark.ratio * 100, 2) + "%"
        if lang == "zh":
            mine = f"，本宗为平均值的{ratio}" if ratio else ""
            yield f"{inner}比较：同组（{mark.group.zh}，{mark.group_size}宗有效数据）平均值{average}{mine}"
        else:
            mine = f"; this parcel is {ratio} of it" if ratio else ""
            yield f"{inner}benchmark: average {average} ({mark.group.en}; {mark.group_size} known){mine}"
    if line.why_unknown:
        yield f"{inner}{'无法判定的原因' if lang == 'zh' else 'unknown because'}{colon}{line.why_unknown(lang)}"
    if line.summary:
        yield f"{inner}{'条款要旨' if lang == 'zh' else 'the clause in short'}{colon}{line.summary(lang)}"
    tail = []
    if line.confirm:
        tail.append(f"{'确认单位' if lang == 'zh' else 'confirmed by'}{colon}{several(line.confirm)(lang)}")
    if line.evidence:
        tail.append(f"{'佐证材料' if lang == 'zh' else 'evidence'}{colon}{line.evidence}")
    if tail:
        yield inner + stop.join(tail)


def _bracket(text: Text | None, lang: Lang) -> str:
    if text is None:
        return ""
    return f"（{text.zh}）" if lang == "zh" else f" ({text.en})"
