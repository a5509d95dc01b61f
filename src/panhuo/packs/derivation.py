"""The order in which derived facts are computed."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from panhuo.messages import PanhuoError
from panhuo.packs.expressions import names, parse


def derivation_order(expressions: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Derived facts in the order in which each finds its inputs ready, and those that run in a circle (else empty)."""
    graph: dict[str, set[str]] = {}
    for name, text in expressions.items():
        try:
            graph[name] = set(names(parse(text))) & expressions.keys()
        except PanhuoError:
            graph[name] = set()
    try:
        return tuple(TopologicalSorter(graph).static_order()), ()
    except CycleError as circle:
        return (), tuple(dict.fromkeys(circle.args[1]))
