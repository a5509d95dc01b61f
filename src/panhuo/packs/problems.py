"""What is wrong with a pack, said with file and line, all of it at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from panhuo.messages import Lang, PanhuoError, Text


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something is written: pack id, file inside the pack, line (1 is the first; for a sheet, its row)."""

    pack: str
    file: str
    line: int = 0
    sheet: str = ""

    def __str__(self) -> str:
        inner = f"[{self.sheet}]" if self.sheet else ""
        return f"{self.pack}/{self.file}{inner}" + (f":{self.line}" if self.line else "")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (``error``) or doubtful (``warning``)."""

    place: Place
    text: Text
    kind: str
    severity: Literal["error", "warning"] = "error"

    def say(self, lang: Lang = "zh") -> str:
        return f"{self.place}: {self.text(lang)}"


class PackError(PanhuoError):
    """A pack that cannot be used. ``problems`` holds everything that was found."""

    def __init__(self, problems: Sequence[Problem], pack: str) -> None:
        self.problems = tuple(problems)
        shown = self.problems[:50]
        more = len(self.problems) - len(shown)

        def listed(lang: Lang) -> str:
            tail = {"zh": f"\n  ……另有 {more} 处", "en": f"\n  … and {more} more"}[lang] if more else ""
            return "\n  ".join(["", *(p.say(lang) for p in shown)]) + tail

        count = len(self.problems)
        super().__init__(
            f"政策包“{pack}”有 {count} 处错误：{listed('zh')}",
            f"pack '{pack}' has {count} error(s):{listed('en')}",
        )


class Problems:
    """Collects problems while a pack is read."""

    def __init__(self) -> None:
        self._found: dict[tuple[Place, str], Problem] = {}

    def add(self, place: Place, kind: str, zh: str, en: str, *, warning: bool = False) -> None:
        """Note a problem; the same sentence at the same place is noted once."""
        problem = Problem(place, Text(zh, en), kind, "warning" if warning else "error")
        self._found.setdefault((place, zh), problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._found.setdefault((problem.place, problem.text.zh), problem)

    def all(self) -> tuple[Problem, ...]:
        return tuple(sorted(self._found.values(), key=lambda p: (p.severity, p.place)))

    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.all() if p.severity == "error")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, if one is like it at all."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def hint(word: str, known: Iterable[str]) -> tuple[str, str]:
    """“是不是 …？” for an unknown word, in both languages; empty when nothing is like it."""
    close = nearest(word, known)
    return (f"，是不是“{close}”？", f"; did you mean '{close}'?") if close else ("", "")
