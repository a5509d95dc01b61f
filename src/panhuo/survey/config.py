"""``survey.yaml``: what a survey is made of."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from panhuo.land.crs import Crs
from panhuo.land.schema import ROLES
from panhuo.messages import Lang, PanhuoError
from panhuo.quality.repairs import REPAIRABLE


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a file or archive member (``path``, relative to survey.yaml), its role, what the file does not say.

    ``fields`` maps standard field names to the file's columns where the alias dictionary is not enough; ``units`` gives
    the unit of a column; ``year`` is the year that the data speaks of, ``date`` the day it was issued.
    """

    path: str
    role: str
    layer: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    crs: str | None = None
    year: int | None = None
    date: date | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class SurveyConfig:
    """A survey: which pack, which inputs, for which place and years. ``file`` is the survey.yaml it came from."""

    file: Path
    title: str
    pack: str
    on: date
    inputs: tuple[Input, ...]
    division: str | None = None
    crs: str = "auto"
    years: Mapping[str, int] = field(default_factory=dict)
    results: str = "成果"
    packs: tuple[str, ...] = ()
    checks: Mapping[str, float] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    readings: Mapping[str, str] = field(default_factory=dict)
    language: Lang = "zh"
    simulated: bool = False

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def results_folder(self) -> Path:
        return self.folder / self.results


_TOP = {
    "title": str, "pack": str, "on": date, "division": str, "crs": str, "years": dict, "inputs": list, "results": str,
    "packs": list, "checks": dict, "skip": list, "repairs": list, "readings": dict, "language": str, "simulated": bool,
}  # fmt: skip
_INPUT = {
    "path": str, "role": str, "layer": str, "fields": dict, "units": dict, "crs": str, "year": int, "date": date,
}  # fmt: skip
_WORDS = {str: "文字 / text", int: "整数 / a whole number", date: "日期 / a date", dict: "键值 / a mapping",
          list: "列表 / a list", bool: "true 或 false / true or false"}  # fmt: skip


def load_config(path: str | Path) -> SurveyConfig:
    """Read and check a ``survey.yaml`` (or the folder that holds one). Errors name the line and what to do."""
    file = Path(path)
    if file.is_dir():
        file = file / "survey.yaml"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise PanhuoError(
            "没有找到调查配置；先用 panhuo survey init 生成。",
            "There is no survey configuration; make one with `panhuo survey init`.",
            where=str(file),
        ) from error
    except UnicodeDecodeError as error:
        raise PanhuoError(
            "调查配置不是 UTF-8 编码，请另存为 UTF-8。",
            "The configuration is not UTF-8; save it as UTF-8.",
            where=str(file),
        ) from error
    try:
        root = yaml.compose(text, Loader=_Loader)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with fewer words for yes and no
    except ValueError as error:  # a date that the calendar does not have
        raise PanhuoError(
            f"日期或数值有误：{error}。", f"A date or number is wrong: {error}.", where=str(file)
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise PanhuoError(
            f"YAML 写法有误：{getattr(error, 'problem', error)}。",
            f"Not valid YAML: {getattr(error, 'problem', error)}.",
            where=f"{file}{line}",
        ) from error
    if not isinstance(data, dict):
        raise PanhuoError("调查配置是空的。", "The configuration is empty.", where=str(file))

    lines = _lines(root)
    problems: list[str] = []
    _examine(data, _TOP, lines, (), file, problems)
    for name in ("title", "pack", "on", "inputs"):
        if data.get(name) is None:
            problems.append(f"{file.name}: 缺少“{name}” / '{name}' is missing")
    listed = data.get("inputs") if isinstance(data.get("inputs"), list) else []
    inputs = []
    for number, entry in enumerate(listed or []):
        spot = ("inputs", number)
        if not isinstance(entry, dict):
            here = f"{file.name}:{lines.get(spot, 0)}"
            problems.append(f"{here}: 应当写成 {{path: …, role: …}} / should be {{path: …, role: …}}")
            continue
        inputs.append((number, entry))
        _examine(entry, _INPUT, lines, spot, file, problems)
        here = f"{file.name}:{lines.get(spot, 0)}"
        for name in ("path", "role"):
            if not entry.get(name):
                problems.append(f"{here}: 缺少“{name}” / '{name}' is missing")
        role = entry.get("role")
        if isinstance(role, str) and role not in ROLES:
            near = difflib.get_close_matches(role, list(ROLES), 1)
            hint = f"，是否“{near[0]}” / did you mean '{near[0]}'" if near else ""
            problems.append(f"{here}: 没有角色“{role}” / there is no role '{role}'{hint}")
        elif isinstance(role, str):
            known = {f.name for f in ROLES[role].fields}
            for name in [k for part in ("fields", "units") if isinstance(entry.get(part), dict) for k in entry[part]]:
                if name not in known:
                    near = difflib.get_close_matches(name, sorted(known), 1)
                    hint = f"，是否“{near[0]}” / did you mean '{near[0]}'" if near else ""
                    problems.append(f"{here}: 角色 {role} 没有字段“{name}” / role {role} has no field '{name}'{hint}")
    problems += _results(data, [entry for _, entry in inputs], lines, file)
    problems += _values(data, lines, file)
    problems += _systems(data, inputs, lines, file)
    for code in data.get("repairs") or [] if isinstance(data.get("repairs"), list) else []:
        if code not in REPAIRABLE:
            here = f"{file.name}:{lines.get(('repairs',), 0)}"
            have = "、".join(REPAIRABLE)
            problems.append(f"{here}: “{code}”没有可采用的修复 / there is no repair for '{code}' ({have})")
    if problems:
        raise PanhuoError(
            "调查配置有误：\n  " + "\n  ".join(problems), f"{len(problems)} problem(s) in the configuration.",
            where=str(file),
        )  # fmt: skip
    return SurveyConfig(
        file=file,
        title=data["title"],
        pack=data["pack"],
        on=data["on"],
        inputs=tuple(
            Input(
                **{k: v for k, v in entry.items() if v is not None} | {"path": _plain_path(entry["path"], file)},
                line=lines.get(("inputs", n), 0),
            )
            for n, entry in inputs
        ),
        division=data.get("division"),
        crs=data.get("crs") or "auto",
        years=data.get("years") or {},
        results=data.get("results") or "成果",
        packs=tuple(data.get("packs") or ()),
        checks={str(k): float(v) for k, v in (data.get("checks") or {}).items()},
        skip=tuple(data.get("skip") or ()),
        repairs=tuple(data.get("repairs") or ()),
        readings=data.get("readings") or {},
        language="en" if data.get("language") == "en" else "zh",
        simulated=bool(data.get("simulated", False)),
    )


def _plain_path(path: str, file: Path) -> str:
    """A path as people write it (``\\``, ``.``, ``..``, or in full) as one from survey.yaml where that is possible."""
    plain = os.path.normpath(path.strip().replace("\\", "/"))
    if Path(plain).is_absolute():
        for folder in (file.parent.absolute(), file.parent.resolve()):
            if Path(plain).is_relative_to(folder):
                plain = str(Path(plain).relative_to(folder))
    return Path(plain).as_posix()


def _systems(
    data: Mapping[str, Any], inputs: list[tuple[int, dict[str, Any]]], lines: Mapping[tuple[Any, ...], int], file: Path
) -> list[str]:
    """Coordinate systems that nobody knows: said with their line, before anything is read."""
    said = [(("crs",), data.get("crs")), *((("inputs", n, "crs"), entry.get("crs")) for n, entry in inputs)]
    problems = []
    for spot, value in said:
        if not isinstance(value, str) or (value == "auto" and spot == ("crs",)):
            continue
        try:
            Crs.parse(value)
        except PanhuoError as error:
            problems.append(f"{file.name}:{lines.get(spot, 0)}: {error}")
    return problems


def _results(
    data: Mapping[str, Any], inputs: list[dict[str, Any]], lines: Mapping[tuple[Any, ...], int], file: Path
) -> list[str]:
    """The results are a folder of their own beside survey.yaml: it is replaced whole, so nothing else may lie there."""
    name = data.get("results")
    if not isinstance(name, str):
        return []
    here = f"{file.name}:{lines.get(('results',), 0)}"
    if not name.strip() or name.startswith(".") or re.search(r'[\\/:*?"<>|\x00-\x1f]', name):
        return [
            f"{here}: results 应当是一个文件夹名，不带路径 / 'results' should be the name of a folder, without a path"
        ]
    first = {Path(_plain_path(str(e.get("path", "")), file)).parts[:1] for e in inputs}
    if (name,) in first or name == file.name or name in [str(p) for p in data.get("packs") or ()]:
        return [f"{here}: 成果不能放进交付所在的“{name}” / the results cannot replace '{name}', which holds inputs"]
    return []


def _values(data: Mapping[str, Any], lines: Mapping[tuple[Any, ...], int], file: Path) -> list[str]:
    """What stands inside the mappings and lists, and the few keys that take one of several words."""
    out = []

    def at(*spot: Any) -> str:
        return f"{file.name}:{lines.get(spot, lines.get(spot[:1], 0))}"

    for key, kinds, words in (
        ("years", int, "年份 / a year"),
        ("checks", (int, float), "数值 / a number"),
        ("readings", str, "文字 / text"),
    ):
        values = data.get(key)
        for name, value in values.items() if isinstance(values, dict) else ():
            if not isinstance(value, kinds) or isinstance(value, bool) or value != value:
                out.append(f"{at(key, name)}: {key} 的“{name}”应当是{words}")
    for key in ("packs", "skip", "repairs"):
        items = data.get(key)
        for number, item in enumerate(items if isinstance(items, list) else ()):
            if not isinstance(item, str):
                out.append(f"{at(key, number)}: {key} 的“{item}”应当是文字 / text")
    if isinstance(data.get("language"), str) and data["language"] not in ("zh", "en"):
        out.append(f"{at('language')}: language 只能是 zh 或 en / 'language' is zh or en")
    if isinstance(data.get("on"), datetime):
        out.append(f"{at('on')}: “on”只写日期，不写时刻 / 'on' is a date without a time")
    return out


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: only true and false are yes and no, so that the key ``on`` stays a word."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF"))


def _examine(
    data: Mapping[str, Any], known: Mapping[str, type], lines: Mapping[tuple[Any, ...], int], spot: tuple[Any, ...],
    file: Path, problems: list[str],
) -> None:  # fmt: skip
    for name, value in data.items():
        here = f"{file.name}:{lines.get((*spot, name), 0)}"
        if name not in known:
            near = difflib.get_close_matches(str(name), list(known), 1)
            hint = f"，是否“{near[0]}” / did you mean '{near[0]}'" if near else ""
            problems.append(f"{here}: 不认识“{name}” / unknown key '{name}'{hint}")
        elif value is not None and (not isinstance(value, known[name]) or (known[name] is int and value is True)):
            quoted = "（编号请加引号）/ (put codes in quotes)" if known[name] is str and isinstance(value, int) else ""
            problems.append(f"{here}: “{name}”应当是{_WORDS[known[name]]}{quoted}")


def _lines(node: yaml.Node | None, spot: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], int]:
    """Line numbers (from 1) of every key and item, by their path."""
    out: dict[tuple[Any, ...], int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            out[(*spot, key.value)] = key.start_mark.line + 1
            out.update(_lines(value, (*spot, key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            out[(*spot, number)] = item.start_mark.line + 1
            out.update(_lines(item, (*spot, number)))
    return out
