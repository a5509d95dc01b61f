"""YAML for packs: every value knows its line, and nothing is guessed.

A small, safe part of YAML: mappings, lists, texts, numbers, true/false, null, dates. Anchors, aliases, tags and several
documents in one file are refused (a pack is read by people, and bombs are made of aliases). Values that YAML readers
understand differently (yes/no, 0101, 12:30) are refused with the remedy.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from panhuo.packs.problems import Place, Problems

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_VALUES = 200_000

Scalar = bool | int | float | datetime.date | str | None


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """A value and the place where it is written. ``value``: a scalar, a tuple of Located, or a dict of Located."""

    value: Any
    place: Place
    quoted: bool = False

    @property
    def is_map(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, tuple)

    def get(self, key: str) -> Located | None:
        """The value under a key, when this is a mapping that has it."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def plain(self) -> Any:
        """Without the places: dicts, tuples and scalars."""
        if isinstance(self.value, dict):
            return {k: v.plain() for k, v in self.value.items()}
        if isinstance(self.value, tuple):
            return tuple(v.plain() for v in self.value)
        return self.value

    def items(self) -> Iterator[Located]:
        """The items of a list, or the value itself where a single item stands for a list; nothing for null."""
        if isinstance(self.value, tuple):
            yield from self.value
        elif self.value is not None:
            yield self


class _StopReadingError(Exception):
    """Reading cannot go on in this file."""


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z")
_ZERO = re.compile(r"[-+]?0[0-9_]+[0-9a-zA-Z]*\Z|0[xob][0-9a-fA-F_]+\Z")
_UNDERSCORE = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*\Z")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?\Z")
_SWITCH = {"yes", "no", "on", "off", "y", "n"}
_NOT_A_NUMBER = {".nan", ".inf", "-.inf", "+.inf"}


def read_yaml(path: Path, place: Place, problems: Problems) -> Located | None:
    """The file as a tree of ``Located`` values; None (with problems noted) when it cannot be read or is empty."""
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.add(place, "too_large", "文件超过 2 MB，请拆分内容", "the file is larger than 2 MB; split it")
            return None
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        zh = "文件不是 UTF-8 编码，请用记事本等工具另存为 UTF-8"
        problems.add(place, "encoding", zh, "the file is not UTF-8; save it as UTF-8")
        return None
    return parse_yaml(text, place, problems)


def parse_yaml(text: str, place: Place, problems: Problems) -> Located | None:
    """The text of a YAML file as a tree of ``Located`` values; see ``read_yaml``."""
    reader = _Reader(place, problems)
    try:
        return reader.document(yaml.parse(text, Loader=_LOADER))
    except _StopReadingError:
        return None
    except yaml.reader.ReaderError as error:
        where = text.count("\n", 0, error.position) + 1
        zh = f"含有不允许的字符（U+{_code(error.character):04X}），请删去"
        problems.add(
            reader.at(where), "character", zh, f"a character that is not allowed (U+{_code(error.character):04X})"
        )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        written = error.problem or "?"
        zh = f"YAML 写法有误（{_explain(written)}）。常见原因：缩进不一致、用了 Tab、冒号后无空格、引号未闭合"
        en = f"not valid YAML ({written}). Usual causes: uneven indentation, tabs, no space after a colon, open quotes"
        problems.add(reader.at(line), "syntax", zh, en)
    return None


def _sensible(written: str) -> bool:
    """Whether a policy can mean this number (a thousand digits are an attack, 1e999 is infinite)."""
    return len(written) <= 30 and abs(float(written)) < 1e30


def _code(character: object) -> int:
    return character if isinstance(character, int) else ord(str(character)[:1] or "\0")


def _explain(written: str) -> str:
    known = {
        "mapping values are not allowed": "此处不能再有冒号；含冒号的句子请加引号",
        "could not find expected ':'": "缺少冒号",
        "found character '\\t'": "缩进用了 Tab，请改用空格",
        "found character that cannot start any token": "有不能开头的字符，常见为 Tab；@、` 开头的内容请加引号",
        "did not find expected key": "缩进或括号不对应",
        "did not find expected '-' indicator": "列表缩进不一致",
        "did not find expected ',' or": "方括号或花括号内缺少逗号",
        "found unexpected end of stream": "引号或括号没有闭合",
        "found undefined alias": "* 开头的内容请加引号",
    }
    return next((zh for en, zh in known.items() if en in written), written)


class _Reader:
    """Builds the tree from the parser's events, so that nothing is resolved behind our back."""

    def __init__(self, place: Place, problems: Problems) -> None:
        self._place, self._problems, self._count = place, problems, 0

    def at(self, line: int) -> Place:
        return Place(self._place.pack, self._place.file, line)

    def document(self, events: Iterator[Any]) -> Located | None:
        documents, root = 0, None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "documents", "一个文件只能有一个 YAML 文档，请删去 ---", "one document a file")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 0)
        if root is None or root.value is None:
            return None
        return root

    def _refuse(self, event: Any, kind: str, zh: str, en: str) -> None:
        self._note(event, kind, zh, en)
        raise _StopReadingError

    def _note(self, event: Any, kind: str, zh: str, en: str) -> None:
        self._problems.add(self.at(event.start_mark.line + 1), kind, zh, en)

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Located:
        place = self.at(event.start_mark.line + 1)
        self._count += 1
        if self._count > MAX_VALUES or depth > MAX_DEPTH:
            self._refuse(event, "too_large", "内容过多或嵌套过深", "too many values, or nested too deeply")
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            zh = "政策包不允许使用 & 锚点和 * 引用，请直接写出内容（以 * 或 & 开头的文字请加引号）"
            self._refuse(event, "alias", zh, "anchors (&) and aliases (*) are not allowed; write the value out")
        if event.tag is not None and event.tag != "!":
            self._refuse(event, "tag", f"不允许使用 YAML 标签 {event.tag}", f"YAML tags ({event.tag}) are not allowed")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._node(event, events, depth + 1))
            return Located(tuple(items), place)
        return self._mapping(events, place, depth)

    def _mapping(self, events: Iterator[Any], place: Place, depth: int) -> Located:
        content: dict[str, Located] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "key", "键必须是简单文字", "a key must be a plain word")
            key, line = event.value, event.start_mark.line + 1
            if event.anchor is not None or event.tag not in (None, "!") or key == "<<":
                self._refuse(event, "alias", "键上不允许使用锚点、标签或 <<", "no anchors, tags or << on keys")
            value = self._node(next(events), events, depth + 1)
            if key in content:
                zh = f"“{key}”重复（第 {lines[key]} 行已有），后写的会盖掉先写的，请删去一个"
                en = f"'{key}' stands twice (first on line {lines[key]}); keep one"
                self._problems.add(self.at(line), "duplicate_key", zh, en)
                continue
            lines[key] = line
            # a scalar's own line is its key's line for people, also when it is folded over several lines
            if not isinstance(value.value, (dict, tuple)):
                value = Located(value.value, self.at(line), value.quoted)
            content[key] = value
        return Located(content, place)

    def _scalar(self, event: Any, place: Place) -> Located:
        written: str = event.value
        if not event.implicit[0]:  # quoted or a block: always text
            return Located(written, place, quoted=True)
        return Located(self._plain_scalar(written, event), place)

    def _plain_scalar(self, written: str, event: Any) -> Scalar:
        word = written.lower()
        if written in ("", "~") or word == "null":
            return None
        if word in ("true", "false"):
            return word == "true"
        if word in _SWITCH:
            zh = f"“{written}”在有的 YAML 读取器中是“是/否”，在有的中是文字：是否请写 true/false，文字请加引号"
            en = f"'{written}' is true/false to some YAML readers and text to others: write true/false, or quote it"
            self._note(event, "yes_no", zh, en)
        elif _ZERO.match(written) or _UNDERSCORE.match(written):
            zh = f"{written} 会被当作八进制等其他数：代码请加引号写成 '{written}'，数字请去掉前面的 0"
            en = f"{written} may be read as an octal number: put codes in quotes ('{written}'), drop a number's zero"
            self._note(event, "octal", zh, en)
        elif _SEXAGESIMAL.match(written):
            zh, en = f"{written} 会被当作六十进制数，请加引号", f"{written} may be read as a base-60 number; quote it"
            self._note(event, "sexagesimal", zh, en)
        elif word in _NOT_A_NUMBER or (_FLOAT.match(written) and not _sensible(written)):
            self._note(
                event, "number", f"{written[:40]} 不是有效的数", f"{written[:40]} is no number a policy can mean"
            )
        elif _INT.match(written):
            return int(written)
        elif _FLOAT.match(written):
            return float(written)
        elif found := _DATE.match(written):
            try:
                return datetime.date(*(int(part) for part in found.groups()))
            except ValueError:
                self._note(event, "date", f"没有 {written} 这一天", f"there is no day {written}")
        return written
