"""A formula of the pack in people's words: facts by their names, parameters by their values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from panhuo.messages import Text

#: Node -> the word between two sides.
_BETWEEN: Mapping[type[ast.AST], Text] = {
    ast.Eq: Text("为", " is "),
    ast.NotEq: Text("不为", " is not "),
    ast.Lt: Text("低于", " is below "),
    ast.LtE: Text("不高于", " is at most "),
    ast.Gt: Text("高于", " is above "),
    ast.GtE: Text("不低于", " is at least "),
    ast.In: Text("属于", " is one of "),
    ast.NotIn: Text("不属于", " is none of "),
    ast.Add: Text(" + ", " + "),
    ast.Sub: Text(" − ", " − "),
    ast.Mult: Text(" × ", " × "),
    ast.Div: Text(" ÷ ", " ÷ "),
    ast.And: Text("，且", " and "),
    ast.Or: Text("，或", " or "),
}


class FormulaTeller:
    """Says syntax trees of ``panhuo.packs.expressions``.

    name  : what a fact is called
    value : a constant or parameter (None: not set), with the unit of the fact that it is compared with, if there is one
    """

    def __init__(
        self,
        name: Callable[[str], Text],
        value: Callable[[object, str | None], Text],
        parameters: Mapping[str, object],
    ) -> None:
        self.name, self.value, self.parameters = name, value, parameters

    def condition(self, node: ast.expr) -> Text:
        """A part that is true or false."""
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self._grouped(v, ast.BoolOp) for v in values]
                word = _BETWEEN[type(op)]
                return Text(word.zh.join(p.zh for p in parts), word.en.join(p.en for p in parts))
            case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=fact)) if fact not in self.parameters:
                said = self.name(fact)
                return Text(f"{said.zh}为“否”", f"{said.en} is “no”")
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                said = self.condition(operand)
                return Text(f"并非（{said.zh}）", f"not ({said.en})")
            case ast.Name(id=fact) if fact not in self.parameters:
                said = self.name(fact)
                return Text(f"{said.zh}为“是”", f"{said.en} is “yes”")
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                beside = next((s.id for s in sides if isinstance(s, ast.Name) and s.id not in self.parameters), None)
                told = self.amount(left, beside)
                for comparison, side in zip(ops, others, strict=True):
                    said, word = self.amount(side, beside), _BETWEEN[type(comparison)]
                    told = Text(f"{told.zh}{word.zh}{said.zh}", f"{told.en}{word.en}{said.en}")
                return told
        return self.amount(node, None)

    def amount(self, node: ast.expr, beside: str | None) -> Text:
        """A part that is a value; ``beside``: the fact that it is compared with."""
        match node:
            case ast.Name(id=name):
                return self.value(self.parameters[name], beside) if name in self.parameters else self.name(name)
            case ast.Constant(value=value):
                return self.value(value, beside)
            case ast.BinOp(left=left, op=operation, right=right):
                a, b, sign = self._factor(left), self._factor(right), _BETWEEN[type(operation)]
                return Text(f"{a.zh}{sign.zh}{b.zh}", f"{a.en}{sign.en}{b.en}")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                said = self._factor(operand)
                return Text(f"−{said.zh}", f"−{said.en}")
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.amount(operand, beside)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                said_ = [self.amount(p, beside) for p in parts]
                return Text("、".join(s.zh for s in said_), ", ".join(s.en for s in said_))
        return self.condition(node)

    def _factor(self, node: ast.expr) -> Text:
        """A side of a sum or product, in brackets where it is one itself."""
        said = self.amount(node, None)
        return Text(f"（{said.zh}）", f"({said.en})") if isinstance(node, ast.BinOp) else said

    def _grouped(self, node: ast.expr, kind: type[ast.expr]) -> Text:
        said = self.condition(node)
        return Text(f"（{said.zh}）", f"({said.en})") if isinstance(node, kind) else said
