"""load_pack: folders -> layers -> what holds on the day -> merged -> typed -> checked."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from panhuo.messages import PanhuoError, Text
from panhuo.packs.checks import check_contents
from panhuo.packs.dates import breakpoints, complain_overlaps, find_overlaps, select
from panhuo.packs.layers import INHERITED_META, PARTS, RawLayer, read_layers
from panhuo.packs.merge import leaf_maps, merge_file
from panhuo.packs.models import (
    Calendar,
    Clauses,
    Example,
    Examples,
    Incentives,
    Indicators,
    Meta,
    Modes,
    Organisation,
    Programme,
    Standard,
    Workflow,
)
from panhuo.packs.models.standard import Thresholds
from panhuo.packs.pack import Pack
from panhuo.packs.problems import PackError, Place, Problem, Problems
from panhuo.packs.provenance import provenance
from panhuo.packs.references import complete, complete_clause_ids
from panhuo.packs.validate import validate
from panhuo.packs.yamlfile import Located

M = TypeVar("M", bound=BaseModel)


def load_pack(id_or_path: str | Path, on: datetime.date, folders: Iterable[Path | str] | None = None) -> Pack:
    """A pack as it holds on a day: inherited, dated, validated.

    ``id_or_path`` is an id (looked up in ``folders``, in ``PANHUO_PACKS`` and in the packs shipped) or a folder. Raises
    ``PackError`` with every error found, each with file and line; warnings are kept in ``Pack.warnings``.
    """
    problems = Problems()
    pack = _load(read_layers(id_or_path, folders, problems), on, problems)
    if pack is None or problems.errors():
        raise PackError(problems.errors(), str(id_or_path))
    return replace(pack, warnings=problems.all())


def check_pack(
    id_or_path: str | Path, on: datetime.date | None = None, folders: Iterable[Path | str] | None = None
) -> tuple[Problem, ...]:
    """Everything that is wrong or doubtful with a pack, errors first, on one day or (None) on every day that matters.

    Without ``on`` the pack is tried on each day on which one of its entries starts or stops to hold.
    """
    problems = Problems()
    try:
        layers = read_layers(id_or_path, folders, problems)
        for day in [on] if on is not None else _days(layers):
            _load(layers, day, problems)
    except PanhuoError as error:
        problems.add(Place(str(id_or_path), "pack.yaml"), "pack", error.text.zh, error.text.en)
    return problems.all()


def _days(layers: tuple[RawLayer, ...]) -> list[datetime.date]:
    starts = {day for layer in layers for tree in layer.trees.values() for day in breakpoints(tree)}
    own = layers[-1].trees["pack"] if layers else None
    first = own.get("from") if own else None
    begin = first.value if first is not None and isinstance(first.value, datetime.date) else None
    days = sorted(day for day in starts if begin is None or day >= begin)
    return days[:60] or [begin or datetime.date(2020, 1, 1)]


def _load(layers: tuple[RawLayer, ...], on: datetime.date, problems: Problems) -> Pack | None:
    if not layers:
        return None
    own = {layer.id: layer.document for layer in layers}
    merged: dict[str, Located] = {}
    for layer in layers:
        for part in PARTS:
            child = _dated(part, layer, own, on, problems, last=layer is layers[-1])
            laid = merge_file(merged.get(part), child, part, problems)
            if laid is not None:
                merged[part] = laid
    return _typed(layers, merged, on, problems)


def _dated(
    part: str, layer: RawLayer, own: Mapping[str, str | None], on: datetime.date, problems: Problems, *, last: bool
) -> Located | None:
    """One layer's file, complete references, only what holds on the day."""
    tree = layer.trees.get(part)
    if tree is None:
        return None
    if part == "pack" and not last:
        tree = Located({k: v for k, v in tree.value.items() if k in INHERITED_META}, tree.place)
    tree = complete(tree, layer, own, problems)
    if part == "clauses":
        tree = complete_clause_ids(tree, layer)
    find_overlaps(tree, problems)
    if part == "standard":
        complain_overlaps(leaf_maps(tree), problems)
    if part == "pack":  # the pack's own from/to is its validity, not an entry's
        kept = {k: v for k in tree.value if (v := select(tree.value[k], on)) is not None}
        return Located(kept, tree.place)
    return select(tree, on)


def _typed(layers: tuple[RawLayer, ...], merged: Mapping[str, Located], on: datetime.date, problems: Problems) -> Pack:
    broken: set[str] = set()

    def part(name: str, model: type[M]) -> M:
        tree = merged.get(name)
        found = validate(model, tree, problems) if tree is not None else model()
        if found is None:
            broken.add(name)
        return found if found is not None else model.model_construct()

    last = layers[-1]
    tests = _tests(last, {layer.id: layer.document for layer in layers}, problems)
    meta = validate(Meta, merged["pack"], problems)
    if meta is None:
        broken.add("pack")
        nameless = Text(last.id, last.id)
        meta = Meta.model_construct(id=last.id, title=nameless, level="county")
    if (meta.from_ and on < meta.from_) or (meta.to and on > meta.to):
        zh = f"{on} 不在本包有效期内（{meta.from_ or '…'} 至 {meta.to or '…'}）"
        en = f"{on} is outside the pack's validity ({meta.from_ or '…'} to {meta.to or '…'})"
        problems.add(merged["pack"].place, "validity", zh, en, warning=True)
    clauses = part("clauses", Clauses)
    pack = Pack(
        id=last.id,
        on=on,
        meta=meta,
        layers=tuple(layer.layer() for layer in layers),
        documents={d.id: d for d in meta.documents},
        clauses={c.id: c for c in clauses.clauses},
        standard=part("standard", Standard),
        tables={t.id: t for t in part("thresholds", Thresholds).tables},
        indicators=part("indicators", Indicators),
        organisation=part("organisation", Organisation),
        calendar=part("calendar", Calendar),
        programme=part("programme", Programme),
        workflow=part("workflow", Workflow),
        modes=part("modes", Modes),
        incentives=part("incentives", Incentives),
        templates={name: path for layer in layers for name, path in layer.templates.items()},
        tests=tuple(example for tree in tests for example in _examples(tree, problems)),
        provenance=provenance({**merged, **{f"tests{n}": tree for n, tree in enumerate(tests)}}),
    )
    check_contents(pack, merged, tests, frozenset(broken), problems)
    return pack


def _tests(layer: RawLayer, own: Mapping[str, str | None], problems: Problems) -> tuple[Located, ...]:
    """The pack's own examples (a child may rule otherwise, so the parents' are not its own)."""
    trees = tuple(complete(tree, layer, own, problems) for tree in layer.tests)
    listed = [item for tree in trees if (tests := tree.get("tests")) for item in tests.items() if item.is_map]
    complain_overlaps(listed, problems)
    return trees


def _examples(tree: Located, problems: Problems) -> tuple[Example, ...]:
    found = validate(Examples, tree, problems)
    return found.tests if found is not None else ()
