"""Short formulas of a pack (``test:``, ``expr:``) as Polars expressions with three values.

The language and its whitelist are those of :mod:`panhuo.packs.expressions`; here it gets its meaning over whole
columns.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce

import polars as pl

from panhuo.identify.conditions import Scalar
from panhuo.messages import PanhuoError
from panhuo.packs import expressions

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
    return expressions.names(_parse(source, where))


def formula(source: str, parameters: Mapping[str, Scalar | None] | None = None, *, where: str | None = None) -> pl.Expr:
    """A formula as a Polars expression over columns named like its facts; a parameter that is None makes it unknown.

    Raises PanhuoError (what is not allowed, what is) for anything outside the whitelist.
    """
    given = parameters or {}

    def go(node: ast.expr) -> pl.Expr:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return pl.lit(value)
            case ast.Name(id=name):
                return pl.lit(given[name]) if name in given else pl.col(name)
            case ast.UnaryOp(op=op, operand=operand):
                return (
                    ~go(operand)
                    if isinstance(op, ast.Not)
                    else -go(operand)
                    if isinstance(op, ast.USub)
                    else go(operand)
                )
            case ast.BinOp(left=left, op=op, right=right):
                return _ARITHMETIC[type(op)](go(left), go(right))
            case ast.BoolOp(op=op, values=values):
                return reduce(operator.and_ if isinstance(op, ast.And) else operator.or_, map(go, values))
            case ast.Compare(left=left, ops=ops, comparators=rights):
                lefts = [left, *rights[:-1]]
                return reduce(operator.and_, (compare(a, o, b) for a, o, b in zip(lefts, ops, rights, strict=True)))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = go(test)  # an unknown condition leaves the result unknown
                return pl.when(condition).then(go(body)).when(~condition).then(go(orelse))
            case ast.Call(func=ast.Name(id=name), args=args):
                return call(name, [go(a) for a in args])
        raise PanhuoError(
            f"公式“{source}”中的“{ast.unparse(node)}”不能计算。",
            f"“{ast.unparse(node)}” in the formula “{source}” cannot be computed.",
            where=where,
        )

    def compare(left: ast.expr, op: ast.cmpop, right: ast.expr) -> pl.Expr:
        if not isinstance(op, ast.In | ast.NotIn):
            return _COMPARISONS[type(op)](go(left), go(right))
        values = [e.value for e in getattr(right, "elts", []) if isinstance(e, ast.Constant)]
        if not values or len(values) != len(getattr(right, "elts", [])):
            raise PanhuoError(
                f"公式“{source}”中 in 的右边应为一列值，如 in ('A', 'B')。",
                f"In the formula “{source}”, write a list of values after in, e.g. in ('A', 'B').",
                where=where,
            )
        inside = go(left).is_in(values)
        return ~inside if isinstance(op, ast.NotIn) else inside

    def call(name: str, args: list[pl.Expr]) -> pl.Expr:
        # An unknown argument leaves the result unknown; the columns' own minimum would skip it.
        whole = pl.all_horizontal(a.is_not_null() for a in args)
        made = {
            "min": lambda: pl.min_horizontal(args),
            "max": lambda: pl.max_horizontal(args),
            "abs": lambda: args[0].abs(),
            "round": lambda: args[0].round(),
        }[name]()
        return pl.when(whole).then(made)

    return go(_parse(source, where))


def _parse(source: str, where: str | None) -> ast.expr:
    try:
        return expressions.parse(source, formula=True)
    except PanhuoError as error:
        raise PanhuoError(error.text.zh, error.text.en, where=where) from error
