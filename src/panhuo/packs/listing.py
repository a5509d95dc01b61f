"""Which packs there are, and what one of them holds, for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from panhuo.messages import Lang, Text
from panhuo.packs.finding import find_packs
from panhuo.packs.pack import Pack
from panhuo.packs.problems import Place, Problems
from panhuo.packs.unset import unset_values
from panhuo.packs.yamlfile import read_yaml


@dataclass(frozen=True, slots=True)
class PackInfo:
    """A pack as a list shows it; read from pack.yaml alone, so a pack with errors is listed too."""

    id: str
    title: Text
    level: str
    places: tuple[str, ...]
    extends: tuple[str, ...]
    folder: Path


def list_packs(folders: Iterable[Path | str] | None = None) -> list[PackInfo]:
    """The packs in the folders given, in ``PANHUO_PACKS`` and among those shipped, sorted by id."""
    return [_info(name, folder) for name, folder in find_packs(folders).items()]


def _info(name: str, folder: Path) -> PackInfo:
    tree = read_yaml(folder / "pack.yaml", Place(name, "pack.yaml"), Problems())
    meta = tree.plain() if tree is not None and tree.is_map else {}

    def words(key: str) -> tuple[str, ...]:
        value = meta.get(key) or ()
        return tuple(str(v) for v in (value if isinstance(value, tuple) else (value,)))

    title = meta.get("title")
    text = Text(str(title["zh"]), str(title["en"])) if isinstance(title, dict) and len(title) == 2 else Text(name, name)
    return PackInfo(name, text, str(meta.get("level", "")), words("places"), words("extends"), folder)


def show(pack: Pack, lang: Lang = "zh") -> str:
    """A page about a pack: where it comes from, how much it holds, what is still open."""
    counts = [
        (Text("条款", "clauses"), len(pack.clauses)),
        (Text("类别", "classes"), len(pack.standard.classes)),
        (Text("条件", "conditions"), sum(1 for _ in pack.conditions())),
        (Text("阈值表", "threshold tables"), len(pack.tables)),
        (Text("单位", "units"), len(pack.organisation.units)),
        (Text("专班", "task forces"), len(pack.organisation.task_forces)),
        (Text("时间节点", "deadlines"), len(pack.calendar.deadlines)),
        (Text("任务", "tasks"), len(pack.programme.tasks)),
        (Text("流程", "chains"), len(pack.workflow.chains)),
        (Text("决策表", "decision tables"), len(pack.modes.tables)),
        (Text("政策工具", "policy tools"), len(pack.modes.tools)),
        (Text("算法", "formulas"), len(pack.incentives.formulas)),
        (Text("文书模板", "templates"), len(pack.templates)),
        (Text("测试", "tests"), len(pack.tests)),
    ]
    chain = " → ".join(layer.id for layer in pack.layers)
    lines = [
        f"{pack.title(lang)}  [{pack.id}]",
        f"{Text('依据日期', 'on')(lang)} {pack.on}；{Text('继承', 'inherits')(lang)} {chain}"
        if lang == "zh"
        else f"on {pack.on}; inherits {chain}",
        "",
    ]
    lines += [f"  {name(lang)}: {count}" for name, count in counts]
    lines += ["", Text("依据文件", "documents")(lang)]
    for document in pack.documents.values():
        number = f"（{document.number}）" if document.number else ""
        lines.append(f"  {document.title(lang)}{number}")
    unset = unset_values(pack)
    lines += ["", Text(f"尚未确定（{len(unset)} 项）", f"not set yet ({len(unset)})")(lang)]
    lines += [f"  {one.what} ← {one.set_by}  {one.place or ''}".rstrip() for one in unset]
    return "\n".join(lines)
