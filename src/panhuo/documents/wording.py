"""Words the writers themselves set, dates and Chinese numerals."""

from __future__ import annotations

import datetime as dt

from panhuo.messages import Lang

_DIGITS = "零一二三四五六七八九"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def chinese_number(n: int) -> str:
    """一, 二, … 十, 十一, … 九十九 as headings use them."""
    tens, ones = divmod(n, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def written_date(day: dt.date, lang: Lang) -> str:
    """2026年11月21日, or 21 November 2026: as the date stands under a paper."""
    if lang == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


#: Words that the writers themselves set.
WORDS = {
    "sources": {"zh": "数据来源", "en": "Sources"},
    "note": {"zh": "注：", "en": "Note: "},
    "contents": {"zh": "目　　录", "en": "Contents"},
    "continued": {"zh": "（续表）", "en": " (continued)"},
    "no_rows": {"zh": "（无记录）", "en": "(no records)"},
    "missing": {
        "zh": "本文件所用字库缺下列生僻字，文中以“〓”代替：",
        "en": "Characters that the fonts do not hold, printed as 〓: ",
    },
}
