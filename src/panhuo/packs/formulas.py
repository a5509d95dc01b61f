"""Formulas of incentives.yaml computed with exact decimals; an input or parameter that is missing makes it unknown."""

from __future__ import annotations

import ast
import decimal
from collections.abc import Callable, Mapping
from decimal import Decimal

from panhuo.messages import PanhuoError
from panhuo.packs.expressions import names, parse
from panhuo.packs.models import Formula

Value = Decimal | bool | str
_ROUNDING = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "down": decimal.ROUND_DOWN,
    "up": decimal.ROUND_UP,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: _number(a) < _number(b),
    ast.LtE: lambda a, b: _number(a) <= _number(b),
    ast.Gt: lambda a, b: _number(a) > _number(b),
    ast.GtE: lambda a, b: _number(a) >= _number(b),
}


def compute(
    formula: Formula,
    inputs: Mapping[str, float | None],
    *,
    parameters: Mapping[str, float] | None = None,
    readings: Mapping[str, str] | None = None,
) -> float | None:
    """The formula's value, rounded once at the end; None when an input or a parameter it uses is not known.

    ``parameters`` and ``readings`` replace the pack's own. Raises ``PanhuoError`` for a built-in formula (the library
    computes it elsewhere), an unknown reading or a division by zero.
    """
    if formula.expression is None:
        raise PanhuoError(
            f"算法“{formula.id}”由程序内置（{formula.builtin}），不能按表达式计算",
            f"formula '{formula.id}' is built in ({formula.builtin}) and has no expression",
        )
    tree = parse(formula.expression, formula=True)
    words: dict[str, Value] = {}
    for name, option in {**{r.id: r.default for r in formula.readings}, **(readings or {})}.items():
        words[name] = option
    own = {name: p.value for name, p in formula.parameters.items()}
    numbers: dict[str, object] = {**own, **(parameters or {}), **inputs}
    for name in names(tree):
        if name in words:
            continue
        value = numbers.get(name)
        if value is None:
            return None
        words[name] = value if isinstance(value, bool | str) else Decimal(str(value))
    try:
        result = _number(_value(tree, words))
    except (decimal.DivisionByZero, decimal.InvalidOperation):
        raise PanhuoError(
            f"算法“{formula.id}”出现除以零，请核对输入", f"formula '{formula.id}' divides by zero; check the inputs"
        ) from None
    step = Decimal(1).scaleb(-formula.rounding.digits)
    return float(result.quantize(step, rounding=_ROUNDING[formula.rounding.mode]))


def _number(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)


def _value(node: ast.expr, words: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=bool() | str() as plain):
            return plain
        case ast.Constant(value=number):
            return Decimal(str(number))
        case ast.Name(id=name):
            return words[name]
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return not _value(inner, words)
        case ast.UnaryOp(op=op, operand=inner):
            value = _number(_value(inner, words))
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(op, _number(_value(left, words)), _number(_value(right, words)))
        case ast.BoolOp(op=op, values=values):
            parts = (bool(_value(v, words)) for v in values)
            return all(parts) if isinstance(op, ast.And) else any(parts)
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body if _value(test, words) else other, words)
        case ast.Compare():
            return _compare(node, words)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(name, [_number(_value(a, words)) for a in args])
        case _:
            raise PanhuoError(
                f"算法不支持此写法：{ast.unparse(node)}", f"not possible in a formula: {ast.unparse(node)}"
            )


def _arithmetic(op: ast.operator, a: Decimal, b: Decimal) -> Decimal:
    if isinstance(op, ast.Add):
        return a + b
    if isinstance(op, ast.Sub):
        return a - b
    return a * b if isinstance(op, ast.Mult) else a / b


def _compare(node: ast.Compare, words: Mapping[str, Value]) -> bool:
    left = _value(node.left, words)
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            items = right_node.elts if isinstance(right_node, ast.Tuple | ast.List) else [right_node]
            held = (left in [_value(i, words) for i in items]) == isinstance(op, ast.In)
            if not held:
                return False
            continue
        right = _value(right_node, words)
        if not _COMPARE[type(op)](left, right):
            return False
        left = right
    return True


def _call(name: str, values: list[Decimal]) -> Decimal:
    if name == "min":
        return min(values)
    if name == "max":
        return max(values)
    if name == "abs":
        return abs(values[0])
    return round(values[0], int(values[1]) if len(values) > 1 else 0)
