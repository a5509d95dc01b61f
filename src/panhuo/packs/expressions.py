"""The small expression language of packs: names, numbers, texts, + - * /, comparisons, and / or / not, in.

Formulas may also use ``a if condition else b``, min, max, abs and round. Nothing else is accepted, so an expression can
neither call nor reach anything.
"""

from __future__ import annotations

import ast

from panhuo.messages import PanhuoError

MAX_LENGTH = 2_000
MAX_NODES = 300
#: Functions that a formula may use.
FUNCTIONS = ("min", "max", "abs", "round")

_ALWAYS = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.BinOp, ast.Add, ast.Sub,
    ast.Mult, ast.Div, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Name,
    ast.Load, ast.Constant, ast.Tuple, ast.List,
)  # fmt: skip


def parse(text: str, *, formula: bool = False) -> ast.expr:
    """The expression as a syntax tree. Raises ``PanhuoError`` that says what is not allowed."""
    if len(text) > MAX_LENGTH:
        raise PanhuoError("表达式过长", "the expression is too long")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise PanhuoError(
            f"表达式写法有误：{text}。比较用 ==、<、>=，“且”“或”“非”写 and、or、not",
            f"not a valid expression: {text}. Compare with ==, <, >=; write and, or, not",
        ) from None
    nodes = list(ast.walk(tree))
    if len(nodes) > MAX_NODES:
        raise PanhuoError(
            "表达式过于复杂，请拆成几个派生指标", "the expression is too complex; split it into derived facts"
        )
    functions = {id(n.func) for n in nodes if isinstance(n, ast.Call)}
    for node in nodes:
        if formula and isinstance(node, ast.IfExp):
            continue
        if formula and isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
                _refuse(ast.unparse(node.func))
            continue
        if not isinstance(node, _ALWAYS):
            _refuse(ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__)
        if isinstance(node, ast.Name) and node.id.startswith("_"):
            _refuse(node.id)
        if isinstance(node, ast.Name) and node.id in FUNCTIONS and id(node) not in functions:
            _refuse(node.id)
        if isinstance(node, ast.Constant) and not isinstance(node.value, bool | int | float | str):
            _refuse(repr(node.value))
    return tree.body


def _refuse(what: str) -> None:
    raise PanhuoError(
        f"表达式中不允许使用“{what}”：只能用字段名、数字、文字、+ - * /、比较、and/or/not、in",
        f"'{what}' is not allowed in an expression: only names, numbers, texts, + - * /, comparisons, and/or/not, in",
    )


def names(expression: ast.expr) -> tuple[str, ...]:
    """The names that an expression uses, in the order of their first use (functions left out)."""
    functions = {id(n.func) for n in ast.walk(expression) if isinstance(n, ast.Call)}
    found = [n for n in ast.walk(expression) if isinstance(n, ast.Name) and id(n) not in functions]
    return tuple(dict.fromkeys(n.id for n in sorted(found, key=lambda n: (n.lineno, n.col_offset))))
