"""Reading the folders: a pack and the packs it extends, as located trees, not yet merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from panhuo.messages import PanhuoError, Text
from panhuo.packs.finding import find_pack
from panhuo.packs.pack import Layer
from panhuo.packs.problems import Place, Problems, hint
from panhuo.packs.thresholds_read import read_thresholds
from panhuo.packs.yamlfile import Located, read_yaml

#: The YAML files of a pack, in the order people read them.
YAML_FILES = (
    "pack", "clauses", "standard", "indicators", "organisation", "calendar", "programme", "workflow", "modes",
    "incentives",
)  # fmt: skip
THRESHOLDS = "thresholds"
#: Every part of a pack.
PARTS = (*YAML_FILES, THRESHOLDS)
#: Parts of pack.yaml that a child inherits; the rest is the pack's own.
INHERITED_META = ("documents", "parameters", "terms", "modules", "tags")
MAX_LAYERS = 12


@dataclass(frozen=True, slots=True)
class RawLayer:
    """One folder as read."""

    id: str
    folder: Path
    trees: Mapping[str, Located]
    tests: tuple[Located, ...] = ()
    templates: Mapping[str, Path] = field(default_factory=dict)

    @property
    def document(self) -> str | None:
        """The pack's own document: what a short clause such as 四(一) belongs to."""
        named = self.trees["clauses"].get("document") if "clauses" in self.trees else None
        return named.value if named is not None and isinstance(named.value, str) else None

    def layer(self) -> Layer:
        meta = self.trees["pack"].plain()
        title = meta.get("title") if isinstance(meta, dict) else None
        known = isinstance(title, dict) and isinstance(title.get("zh"), str) and isinstance(title.get("en"), str)
        text = Text(title["zh"], title["en"]) if known and isinstance(title, dict) else Text(self.id, self.id)
        return Layer(self.id, self.folder, text, str(meta.get("level", "")), self.document)


def read_layers(
    id_or_path: str | Path, folders: Iterable[Path | str] | None, problems: Problems
) -> tuple[RawLayer, ...]:
    """The pack and everything it extends, most general first, each once. Cycles and missing parents are problems."""
    folder = find_pack(id_or_path, folders)
    given = [*(folders or ()), folder.parent]
    done: dict[str, RawLayer] = {}
    _read(folder, given, (), done, problems)
    return tuple(done.values())


def _read(
    folder: Path, folders: list[Path | str], chain: tuple[str, ...], done: dict[str, RawLayer], problems: Problems
) -> None:
    name = folder.name
    if name in done or len(chain) > MAX_LAYERS:
        return
    raw = _read_folder(folder, problems)
    if raw is None:
        return
    extends = raw.trees["pack"].get("extends")
    for parent in extends.items() if extends is not None else ():
        if not isinstance(parent.value, str):
            continue  # said by validation
        if parent.value in (*chain, name):
            circle = " → ".join([*chain, name, parent.value])
            problems.add(
                parent.place,
                "cycle",
                f"政策包互相继承，形成循环：{circle}",
                f"the packs extend each other in a circle: {circle}",
            )
            continue
        try:
            found = find_pack(parent.value, folders)
        except PanhuoError as missing:
            problems.add(parent.place, "extends", missing.text.zh, missing.text.en)
            continue
        _read(found, folders, (*chain, name), done, problems)
    done[name] = raw


def _read_folder(folder: Path, problems: Problems) -> RawLayer | None:
    name = folder.name
    trees: dict[str, Located] = {}
    for part in YAML_FILES:
        path = folder / f"{part}.yaml"
        if path.is_file():
            place = Place(name, path.name)
            tree = read_yaml(path, place, problems)
            if tree is not None and not tree.is_map:
                zh = "文件最外层应是“键: 值”，而不是列表或文字"
                problems.add(tree.place, "type", zh, "the file must be a mapping of keys at its outermost level")
            elif tree is not None:
                trees[part] = tree
    if "pack" not in trees:
        problems.add(
            Place(name, "pack.yaml"), "missing", "pack.yaml 为空或读不出来", "pack.yaml is empty or unreadable"
        )
        return None
    own_id = trees["pack"].get("id")
    if own_id is not None and own_id.value != name:
        zh = f"id“{own_id.value}”与文件夹名“{name}”不一致，请改成一样"
        problems.add(own_id.place, "id", zh, f"id '{own_id.value}' and the folder '{name}' must have the same name")
    workbook = folder / f"{THRESHOLDS}.xlsx"
    if workbook.is_file():
        table = read_thresholds(workbook, Place(name, workbook.name), problems)
        if table is not None:
            trees[THRESHOLDS] = table
    _strange_files(folder, problems)
    return RawLayer(name, folder, trees, _read_tests(folder, problems), _templates(folder))


def _strange_files(folder: Path, problems: Problems) -> None:
    known = {f"{part}.yaml" for part in YAML_FILES} | {f"{THRESHOLDS}.xlsx"}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in (".yaml", ".yml", ".xlsx", ".xls") and path.name not in known:
            if path.name.startswith(("~$", ".")):
                continue  # Excel's lock file
            zh, en = hint(path.name, known)
            place = Place(folder.name, path.name)
            problems.add(place, "file", f"此文件不会被读取{zh}", f"this file is not read{en}", warning=True)


def _read_tests(folder: Path, problems: Problems) -> tuple[Located, ...]:
    found = []
    for path in sorted((folder / "tests").glob("*.yaml")):
        tree = read_yaml(path, Place(folder.name, f"tests/{path.name}"), problems)
        if tree is not None:
            found.append(tree)
    return tuple(found)


def _templates(folder: Path) -> dict[str, Path]:
    paths = sorted((folder / "documents").glob("*.docx"))
    return {p.stem: p for p in paths if not p.name.startswith("~$")}
