"""organisation.yaml: units, task forces and their seats, duties, roles and divisions. Posts, never persons."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from panhuo.packs.models.base import Entry, Id, Name, Names, PackText, Strict, Texts, refuse

UnitKind = Literal[
    "government",  # 人民政府、管委会
    "department",  # 部门
    "dispatched",  # 上级派出机构、分局
    "township",  # 乡镇、街道
    "county",  # 下辖县（市、区）
    "park",  # 园区、开发区
    "platform",  # 平台公司
    "institution",  # 事业单位、中心
    "superior",  # 上级机关
    "expert",  # 技术承担单位、专业队伍
    "owner",  # 项目实施单位、权利人
    "finance",  # 银行、金融机构
    "group",  # 一类单位的合称（各镇街）
    "public",
]
#: What rights are given on (columns of the permission matrix).
Object = Literal[
    "database", "standard", "survey", "soil", "heritage", "historical", "control_line", "special_plan", "unit_plan",
    "annual_plan", "project_batch", "project_plan", "review", "agreement", "supervision", "inspection", "filing",
    "ledger", "reports", "notice", "policy", "quota", "demand", "incentives", "budget", "key_projects", "issues",
    "guarantee_plan", "lead_handling", "enforcement", "programme", "collective_market",
]  # fmt: skip
#: Rights: S sees, E edits, R reviews, A approves, F files or sends.
RIGHTS = "SERAF"


class Unit(Entry):
    """A unit (单位). ``members`` makes a group of units; ``aliases`` are the other names that the texts use."""

    name: PackText
    aliases: Names = ()
    kind: UnitKind
    division: Name | None = None
    functions: Texts = ()
    members: tuple[Id, ...] = ()


class Seat(Strict):
    """A seat is a post in a unit; ``count`` when several of them sit."""

    post: Name
    unit: Id
    count: int = Field(1, ge=1)
    inferred: bool = False
    note: PackText | None = None


class TaskForce(Entry):
    """A leading group, task force or committee (领导小组、工作专班、委员会)."""

    name: PackText
    kind: Literal["leading_group", "task_force", "committee", "mechanism"]
    head: Seat | None = None
    deputies: tuple[Seat, ...] = ()
    seats: tuple[Seat, ...] = ()
    office: Id | None = None
    office_head: Seat | None = None
    #: how a seat passes on when its holder leaves the post, where the text says so
    succession: PackText | None = None
    functions: Texts = ()


class Duty(Entry):
    """One duty of one unit under one clause."""

    unit: Id
    kind: Literal[
        "lead", "responsible", "cooperate", "policy", "review", "provide_data", "recognise", "procedures", "guide",
        "plan", "supervise", "fund", "promote", "survey", "report", "coordinate", "enforce", "other",
    ]  # fmt: skip
    text: PackText


class Grant(Strict):
    """Rights on one object: those the text states, and those inferred from a duty."""

    stated: str = ""
    inferred: str = ""
    own_part: bool = False

    @model_validator(mode="after")
    def _letters(self) -> Any:
        strange = sorted(set(self.stated + self.inferred) - set(RIGHTS))
        if strange or not (self.stated or self.inferred):
            refuse(
                "rights",
                "权限用字母写：S 查看、E 编辑、R 审查、A 审批、F 报送，例如 {stated: SE, inferred: A}",
                "rights are letters: S sees, E edits, R reviews, A approves, F files, e.g. {stated: SE, inferred: A}",
            )
        return self


class Role(Entry):
    """A row of the permission matrix: who, within which limits, may do what."""

    name: PackText
    units: Names = ()
    task_force: Id | None = None
    seat: Literal["head", "deputy", "member", "office", "liaison", "any"] = "any"
    scope: Literal["whole", "own_division", "own_field", "own_projects", "own", "assigned"]
    permissions: dict[Object, Grant]


class Division(Strict):
    """A county, street or town that the pack names; ``id`` is the division code, in quotes."""

    id: Name
    name: Name
    kind: Literal["province", "city", "county", "street", "town", "township", "zone"]
    parent: Name | None = None
    clause: Name | None = None
    note: PackText | None = None


class Organisation(Strict):
    """organisation.yaml."""

    units: tuple[Unit, ...] = ()
    task_forces: tuple[TaskForce, ...] = ()
    duties: tuple[Duty, ...] = ()
    roles: tuple[Role, ...] = ()
    divisions: tuple[Division, ...] = ()
