"""The typed contents of a pack, one module a kind of file. All frozen; nothing here reads files."""

from panhuo.packs.models.base import Limit, Open, Reading
from panhuo.packs.models.calendar import After, Calendar, Deadline, Event, Programme, Task, YearShare
from panhuo.packs.models.cases import Example, Examples, Expected
from panhuo.packs.models.meta import Clause, Clauses, Document, Meta, Parameter
from panhuo.packs.models.modes import DecisionRow, DecisionTable, Formula, Incentives, Input, Mode, Modes, Tool
from panhuo.packs.models.nodes import AllOf, AnyOf, ByReading, Leaf, Node, Not, TableRef, children, leaves, walk
from panhuo.packs.models.organisation import Division, Duty, Grant, Organisation, Role, Seat, TaskForce, Unit
from panhuo.packs.models.standard import (
    Indicator,
    Indicators,
    Standard,
    StandardClass,
    Table,
    TableRow,
    YieldEvaluation,
    YieldGroup,
    YieldItem,
)
from panhuo.packs.models.workflow import Chain, Filing, Publicity, Review, State, Transition, Workflow

__all__ = [
    "After", "AllOf", "AnyOf", "ByReading", "Calendar", "Chain", "Clause", "Clauses", "Deadline", "DecisionRow",
    "DecisionTable", "Division", "Document", "Duty", "Event", "Example", "Examples", "Expected", "Filing",
    "Formula", "Grant", "Incentives", "Indicator", "Indicators", "Input", "Leaf", "Limit", "Meta", "Mode",
    "Modes", "Node", "Not", "Open", "Organisation", "Parameter", "Programme", "Publicity", "Reading", "Review",
    "Role", "Seat", "Standard", "StandardClass", "State", "Table", "TableRef", "TableRow", "Task", "TaskForce",
    "Tool", "Transition", "Unit", "Workflow", "YearShare", "YieldEvaluation", "YieldGroup", "YieldItem",
    "children", "leaves", "walk",
]  # fmt: skip
