"""What differs between two packs, or between a pack on two days: entry by entry, key by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from panhuo.messages import Lang
from panhuo.packs.freeze import freeze
from panhuo.packs.pack import Pack

_FILES = {"meta": "pack.yaml", "clauses": "clauses.yaml", "tables": "thresholds.xlsx"}
_LEAF_KEYS = ("value", "below_average", "test")
_BRANCHES = ("all", "any", "of", "not")
#: What differs between any two packs and says nothing about their rules.
_OWN = ("id", "title", "extends", "from", "to", "note")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``key`` is empty when a whole entry was added or removed; ``clause`` is the newer one's."""

    file: str
    entry: str
    key: str
    kind: Literal["added", "removed", "changed"]
    old: Any
    new: Any
    clause: str | None = None

    def say(self, lang: Lang = "zh") -> str:
        """The change in one line."""
        name = f"{self.file} {self.entry}"
        cited = {"zh": f"（{self.clause}）", "en": f" ({self.clause})"}[lang] if self.clause else ""
        if not self.key:
            word = {"added": ("新增", "added"), "removed": ("移除", "removed"), "changed": ("变更", "changed")}[
                self.kind
            ]
            return f"{name}: {word[0] if lang == 'zh' else word[1]}{cited}"
        old, new = shown(self.old, lang), shown(self.new, lang)
        return f"{name} {self.key}: {old} → {new}{cited}"


def shown(value: Any, lang: Lang) -> str:
    """A value in a sentence; null is a value that nobody has set."""
    if value is None:
        return "未定" if lang == "zh" else "not set"
    if isinstance(value, Mapping):
        if set(value) == {"zh", "en"}:
            return str(value[lang])
        return "{" + ", ".join(f"{k}: {shown(v, lang)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(v, lang) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def diff(pack_a: Pack, pack_b: Pack) -> list[Change]:
    """The changes that make ``pack_b`` of ``pack_a``, in the order of the files and entries."""
    before, after = freeze(pack_a)["content"], freeze(pack_b)["content"]
    changes: list[Change] = []
    for part in before:
        if part == "templates":
            changes += _templates(before[part], after[part])
            continue
        file = _FILES.get(part, f"{part}.yaml")
        old, new = dict(_entries(part, before[part])), dict(_entries(part, after[part]))
        changes += _compare(file, old, new)
    return changes


def render_changes(changes: Iterable[Change], lang: Lang = "zh") -> str:
    """The changes as lines of text."""
    lines = [change.say(lang) for change in changes]
    return "\n".join(lines) if lines else {"zh": "没有差异", "en": "no difference"}[lang]


def _templates(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    """Word templates, compared by their content."""
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            kind: Literal["added", "removed", "changed"]
            kind = "added" if name not in old else "removed" if name not in new else "changed"
            yield Change("documents", f"{name}.docx", "", kind, old.get(name), new.get(name))


def _entries(part: str, content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Entries by path. Conditions stand for themselves; the class that holds them keeps only their ids."""
    if part == "meta":
        content = {k: v for k, v in content.items() if k not in _OWN}
    if isinstance(content, list):
        content = {"": content}
    leaves: dict[str, dict[str, Any]] | None = {} if part == "standard" else None
    yield from _walk("", content, leaves)
    yield from (leaves or {}).items()


def _walk(
    path: str, content: dict[str, Any], leaves: dict[str, dict[str, Any]] | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    own: dict[str, Any] = {}
    for key, value in content.items():
        if value == []:
            continue  # its entries, if there were any, are missing one by one
        inner = f"{path}.{key}".strip(".")
        if _has_ids(value):
            for item in value:
                if leaves is not None and any(k in item for k in _LEAF_KEYS):
                    leaves[f"conditions.{item['id']}"] = item
                else:
                    yield from _walk(f"{inner}.{item['id']}".strip("."), item, leaves)
        elif leaves is not None and key in ("when", "gate"):
            own[key] = _skeleton(value, leaves)
        else:
            own[key] = value
    if own:
        yield path, own


def _has_ids(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "id" in v for v in value)


def _skeleton(node: Any, leaves: dict[str, dict[str, Any]]) -> Any:
    """A condition with its named leaves taken out: what remains is its structure."""
    if not isinstance(node, dict):
        return node
    if any(k in node for k in _LEAF_KEYS):
        if "id" in node:
            leaves[f"conditions.{node['id']}"] = node
            return node["id"]
        return node
    return {
        k: ([_skeleton(v, leaves) for v in value] if isinstance(value, list) else _skeleton(value, leaves))
        if k in _BRANCHES
        else value
        for k, value in node.items()
    }


def _compare(file: str, old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]) -> Iterator[Change]:
    for entry in dict.fromkeys((*old, *new)):
        a, b = old.get(entry), new.get(entry)
        clause = (b or a or {}).get("clause")
        if a is None:
            yield Change(file, entry, "", "added", None, b, clause)
        elif b is None:
            yield Change(file, entry, "", "removed", a, None, clause)
        else:
            for key in dict.fromkeys((*a, *b)):
                if a.get(key) != b.get(key) or (key in a) != (key in b):
                    yield from _values(file, entry, key, a.get(key), b.get(key), clause)


def _values(file: str, entry: str, key: str, old: Any, new: Any, clause: str | None) -> Iterator[Change]:
    """One change for a value; one for each key of a mapping (texts are said whole)."""
    if isinstance(old, dict) and isinstance(new, dict) and "zh" not in old and key not in ("when", "gate"):
        for inner in dict.fromkeys((*old, *new)):
            if old.get(inner) != new.get(inner) or (inner in old) != (inner in new):
                yield from _values(file, entry, f"{key}.{inner}", old.get(inner), new.get(inner), clause)
    else:
        yield Change(file, entry, key, "changed", old, new, clause)
