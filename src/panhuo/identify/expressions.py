"""Short formulas of a pack (``test:`` and ``expr:``) as Polars expressions: a whitelist of Python's own grammar.

Names of facts, numbers, texts, ``+ - * /``, comparisons, ``and``/``or``/``not``, ``in``; nothing else is let in.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce

import polars as pl

from panhuo.identify.conditions import Scalar
from panhuo.messages import PanhuoError

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    # A division by nothing gives no number: unknown, not infinite.
    ast.Div: lambda a, b: a / pl.when(b != 0).then(b),
}


def names_in(source: str, *, where: str | None = None) -> tuple[str, ...]:
    """The names a formula uses (facts and parameters), each once, in the order of the text.

    Raises PanhuoError when the formula is not in the whitelist.
    """
    tree = _parse(source, where)
    found = [(n.lineno, n.col_offset, n.id) for n in ast.walk(tree) if isinstance(n, ast.Name)]
    return tuple(dict.fromkeys(name for _, _, name in sorted(found)))


def formula(source: str, parameters: Mapping[str, Scalar | None] | None = None, *, where: str | None = None) -> pl.Expr:
    """A formula as a Polars expression over columns named like its facts; a parameter that is None makes it unknown.

    Raises PanhuoError (what is not allowed, what is) for anything outside the whitelist.
    """
    return _expr(_parse(source, where), source, dict(parameters or {}), where)


def _parse(source: str, where: str | None) -> ast.expr:
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        detail = error.msg if isinstance(error, SyntaxError) else str(error)
        raise PanhuoError(
            f"公式“{source}”写法有误（{detail}）。请检查括号和运算符。",
            f"The formula “{source}” cannot be read ({detail}). Check brackets and operators.",
            where=where,
        ) from error
    _expr(tree, source, {}, where)  # everything is looked at once, so that a bad formula is told before it is used
    return tree


def _refuse(node: ast.AST, source: str, where: str | None) -> PanhuoError:
    part = ast.get_source_segment(source.strip(), node) or type(node).__name__
    return PanhuoError(
        f"公式“{source}”中的“{part}”不允许使用：只能用指标名、数字、文字、+ - * /、比较、and/or/not 和 in。",
        f"“{part}” is not allowed in the formula “{source}”: only names of facts, numbers, texts, + - * /, comparisons, and/or/not, in.",
        where=where,
    )


def _expr(node: ast.expr, source: str, parameters: Mapping[str, Scalar | None], where: str | None) -> pl.Expr:
    def go(part: ast.expr) -> pl.Expr:
        return _expr(part, source, parameters, where)

    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return pl.lit(value)
        case ast.Name(id=name):
            return pl.lit(parameters[name]) if name in parameters else pl.col(name)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~go(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -go(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](go(left), go(right))
        case ast.BoolOp(op=op, values=values):
            return reduce(operator.and_ if isinstance(op, ast.And) else operator.or_, map(go, values))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            steps = []
            for op, right in zip(ops, comparators, strict=True):
                if isinstance(op, ast.In | ast.NotIn):
                    inside = go(left).is_in(_constants(right, source, where))
                    steps.append(~inside if isinstance(op, ast.NotIn) else inside)
                elif type(op) in _COMPARISONS:
                    steps.append(_COMPARISONS[type(op)](go(left), go(right)))
                else:
                    raise _refuse(node, source, where)
                left = right
            return reduce(operator.and_, steps)
        case _:
            raise _refuse(node, source, where)


def _constants(node: ast.expr, source: str, where: str | None) -> list[Scalar]:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        values = [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str | int | float)]
        if len(values) == len(node.elts):
            return list(values)
    raise _refuse(node, source, where)
