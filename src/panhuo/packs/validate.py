"""From located values to typed models; pydantic's errors become sentences with file and line."""

from __future__ import annotations

import datetime
import types
import typing
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from panhuo.packs.problems import Problems, hint
from panhuo.packs.yamlfile import Located

M = TypeVar("M", bound=BaseModel)

_EXPECTED: Mapping[str, tuple[str, str]] = {
    "string_type": ("文字", "a text"),
    "int_type": ("整数", "a whole number"),
    "int_from_float": ("整数", "a whole number"),
    "float_type": ("数字", "a number"),
    "bool_type": ("true 或 false", "true or false"),
    "date_type": ("日期（如 2026-11-21，不加引号）", "a date (2026-11-21, without quotes)"),
    "tuple_type": ("列表 [..]", "a list [..]"),
    "dict_type": ("键值 {..}", "a mapping {..}"),
    "model_type": ("键值 {..}", "a mapping {..}"),
    "model_attributes_type": ("键值 {..}", "a mapping {..}"),
    "none_required": ("空", "nothing"),
}


def validate(model: type[M], tree: Located, problems: Problems) -> M | None:
    """The tree as this model, or None with every error noted at its line."""
    try:
        return model.model_validate(tree.plain())
    except ValidationError as invalid:
        _report(model, tree, invalid.errors(include_url=False), problems)
        return None


def _report(model: type[BaseModel], tree: Located, errors: list[ErrorDetails], problems: Problems) -> None:
    by_path: dict[tuple[str | int, ...], list[tuple[ErrorDetails, Located]]] = defaultdict(list)
    for error in errors:
        path, value = _locate(tree, error["loc"])
        if error["type"] in ("missing", "extra_forbidden"):
            path = (*path, str(error["loc"][-1]))
        by_path[path].append((error, value))
    for path, found in by_path.items():
        shallow = [e for e, _ in found if e["type"] in _EXPECTED]
        deeper = any(other[: len(path)] == path and len(other) > len(path) for other in by_path)
        if deeper and (found[0][0]["type"] == "too_short" or (shallow and found[0][1].is_map)):
            continue  # a union's other branches: what is wrong inside is said there
        telling = [pair for pair in found if pair[0]["type"] not in _EXPECTED] or found
        value = found[0][1]
        if all(e["type"] in _EXPECTED for e, _ in telling):
            zh, en = _wrong_type(path, value, [e["type"] for e, _ in telling])
            problems.add(value.place, "type", zh, en)
            continue
        error, value = telling[0]
        place = value.place
        if error["type"] == "extra_forbidden":
            place = _key_place(tree, path) or place
        zh, en = _say(model, path, error)
        problems.add(place, error["type"], zh, en)


def _locate(tree: Located, loc: tuple[int | str, ...]) -> tuple[tuple[str | int, ...], Located]:
    """How far the error's place can be followed in the file; union labels on the way are skipped."""
    path: list[str | int] = []
    here = tree
    for part in loc:
        inner = here.value
        if isinstance(part, int) and isinstance(inner, tuple) and part < len(inner):
            here = inner[part]
        elif isinstance(part, int) and part == 0 and not isinstance(inner, dict | tuple):
            continue  # a single item where a list may stand
        elif isinstance(part, str) and isinstance(inner, dict) and part in inner:
            here = inner[part]
        else:
            continue
        path.append(part)
    return tuple(path), here


def _key_place(tree: Located, path: tuple[str | int, ...]) -> Any:
    here: Located | None = tree
    for part in path:
        inner = here.value if here else None
        if isinstance(part, int) and isinstance(inner, tuple):
            here = inner[part]
        elif isinstance(part, str) and isinstance(inner, dict):
            here = inner.get(part)
        else:
            here = None
    return here.place if here else None


def _shown(value: object) -> str:
    if isinstance(value, dict | tuple):
        return "{..}" if isinstance(value, dict) else "[..]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def _key(path: tuple[str | int, ...]) -> str:
    words = [str(p) for p in path if isinstance(p, str)]
    return words[-1] if words else ""


def _wrong_type(path: tuple[str | int, ...], value: Located, kinds: list[str]) -> tuple[str, str]:
    zh = "、".join(dict.fromkeys(_EXPECTED[k][0] for k in kinds))
    en = " or ".join(dict.fromkeys(_EXPECTED[k][1] for k in kinds))
    shown, key = _shown(value.value), _key(path)
    wanted_text = "string_type" in kinds
    if wanted_text and isinstance(value.value, bool | int | float | datetime.date):
        return (
            f"{key} 要写文字，{shown} 会被读成别的类型：请加引号写成 '{shown}'",
            f"{key} must be a text, but {shown} is read as something else: put it in quotes, '{shown}'",
        )
    if value.value is None:
        return f"{key} 不能留空，应为{zh}", f"{key} cannot be empty; it must be {en}"
    return f"{key} 应为{zh}，这里是 {shown}", f"{key} must be {en}, not {shown}"


def _say(model: type[BaseModel], path: tuple[str | int, ...], error: ErrorDetails) -> tuple[str, str]:
    kind, ctx, key = error["type"], error.get("ctx", {}), _key(path)
    if "zh" in ctx:
        return str(ctx["zh"]), str(ctx["en"])
    if kind == "missing":
        return f"缺少“{key}”", f"'{key}' is missing"
    if kind == "extra_forbidden":
        known = _known_keys(model, error["loc"][:-1])
        zh, en = hint(key, known)
        listed = "、".join(sorted(known))
        if not zh:
            zh, en = f"；可用的有：{listed}", f"; known here: {', '.join(sorted(known))}"
        return f"不认识的键“{key}”{zh}", f"unknown key '{key}'{en}"
    if kind == "literal_error":
        expected = [w.strip().strip("'") for w in str(ctx["expected"]).replace(" or ", ", ").split(",")]
        zh, en = hint(_shown(error["input"]), expected)
        zh, en = zh or f"，可选：{'、'.join(expected)}", en or f"; choose one of: {', '.join(expected)}"
        return f"{key} 不能是“{_shown(error['input'])}”{zh}", f"{key} cannot be '{_shown(error['input'])}'{en}"
    if kind == "string_pattern_mismatch":
        return (
            f"编号“{error['input']}”不合规则：不能有空格、引号和 # . , ; :（包和文件的编号用小写字母、数字、连字符）",
            f"'{error['input']}' cannot be an id: no spaces, quotes or # . , ; : (packs, documents: a-z, 0-9, hyphens)",
        )
    if kind == "node":
        return "条件应为条件名、单个条件，或 all / any / not / reading 之一", str(error["msg"])
    if kind in ("string_too_short", "too_short"):
        return f"{key} 不能为空", f"{key} must not be empty"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        word = {"greater_than": "大于", "greater_than_equal": "≥", "less_than": "小于", "less_than_equal": "≤"}
        limit = ctx.get("gt", ctx.get("ge", ctx.get("lt", ctx.get("le"))))
        return f"{key} 应{word[kind]} {limit}，这里是 {error['input']}", f"{key}: {error['msg']}, not {error['input']}"
    return f"{key}：{error['msg']}", f"{key}: {error['msg']}"


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    """The keys that may stand at a place, found by following the error's place through the models."""
    candidates: list[tuple[str | None, type[BaseModel]]] = [(None, model)]
    for part in loc:
        if not isinstance(part, str):
            continue
        next_models: list[tuple[str | None, type[BaseModel]]] = []
        for _, candidate in candidates:
            for name, field in candidate.model_fields.items():
                if (field.alias or name) == part:
                    next_models += _models(field.annotation, None)
        if next_models:
            candidates = next_models
            continue
        chosen = [(tag, m) for tag, m in candidates if part in (tag, m.__name__)]
        candidates = chosen or candidates
    return {field.alias or name for _, m in candidates for name, field in m.model_fields.items()}


def _models(annotation: Any, tag: str | None) -> Iterator[tuple[str | None, type[BaseModel]]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield tag, annotation
        return
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, *extra = typing.get_args(annotation)
        tags = [e.tag for e in extra if isinstance(e, Tag)]
        yield from _models(inner, tags[0] if tags else tag)
    elif origin in (tuple, list, dict, typing.Union, types.UnionType):
        for argument in typing.get_args(annotation):
            yield from _models(argument, tag)
