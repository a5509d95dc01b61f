"""Identification: runs, what they found, and the card of one parcel."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status
from pydantic import BaseModel, Field

from panhuo_platform.api import limits
from panhuo_platform.api.parameters import number as whole_number
from panhuo_platform.api.parameters import only, query, whole
from panhuo_platform.api.problems import not_found
from panhuo_platform.api.rest.caller import caller
from panhuo_platform.api.rest.jobs import JobTold, as_told
from panhuo_platform.identification.commands import runs as commands
from panhuo_platform.identification.models import Run
from panhuo_platform.identification.queries import card as cards
from panhuo_platform.identification.queries import runs as queries
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.models import Parcel

runs_router = Router(tags=["认定 / Identification"])
verdicts_router = Router(tags=["认定 / Identification"])
_TEXT = {"type": "string", "maxLength": 40}


class RunTold(BaseModel):
    """One identification of the register's parcels."""

    key: UUID
    title: str
    state: str = Field(description="、".join(Run.State.values))
    on: date = Field(description="认定基准日 / as of this day")
    within: str = Field(description="区划代码，空为全区 / division, empty for all")
    standard: str = Field(description="所用认定标准 / the standard")
    started_at: datetime
    loaded_at: datetime | None
    job: JobTold | None = Field(
        description="执行它的任务，仅发起人可取消；只看本辖区时为空 / its job, for who sees it all"
    )


class RunList(BaseModel):
    items: list[RunTold]
    total: int


class Total(BaseModel):
    outcome: str
    parcels: int
    area_m2: float | None


class RunWhole(RunTold):
    totals: list[Total] = Field(description="您辖区内各结论的宗数和面积 / by outcome, in your territory")


class NewRun(BaseModel):
    on: date | None = Field(None, description="认定基准日，默认今天 / as of this day, today by default")
    within: str = Field("", pattern=r"^[0-9]{0,12}$", description="区划代码 / division")
    title: str = Field("", max_length=200)


class VerdictTold(BaseModel):
    """What a run found of a parcel."""

    number: str
    township_code: str
    outcome: str = Field(description="identified、not、unknown、excluded、handed_back")
    main_class: str
    classes: list[str]
    reasons: list[str] = Field(description="起决定作用的条件 / the conditions that decided")
    missing: list[Any] = Field(description="缺少的数据 / what is not known")
    ask: list[Any] = Field(description="向谁核实 / who has it")
    flip: str = Field(description="最易改变结论的条件 / the condition that would change it most easily")
    flip_change: float | None
    handed_because: str
    area_m2: float | None


class VerdictList(BaseModel):
    items: list[VerdictTold]
    next: str | None


def _told(user: User, row: Run) -> dict[str, Any]:
    # how much there is to do, and what came out, tells of every parcel
    job = queries.job_of(row) if queries.sees_whole(user, row) else None
    same = {name: getattr(row, name) for name in RunTold.model_fields if name not in ("standard", "job")}
    return same | {"standard": str(row.version), "job": None if job is None else as_told(job)}


@runs_router.get("", response=RunList, url_name="runs", summary="认定运行列表 / Runs", openapi_extra={"parameters": [
    whole("limit", "个数 / how many", 200, 50), whole("offset", "跳过个数 / how many to leave out", 100000, 0, 0),
]})  # fmt: skip
def runs(request: HttpRequest) -> dict[str, Any]:
    """认定运行，最新的在前。

    Runs, newest first.
    """
    only(request, ("limit", "offset"))
    rows = queries.runs(caller(request))
    first = whole_number(request, "offset", most=100000, default=0, least=0)
    page = rows[first : first + whole_number(request, "limit", most=200, default=50)]
    return {"items": [_told(caller(request), row) for row in page], "total": rows.count()}


@runs_router.post("", response={201: RunWhole}, url_name="runs", summary="发起认定 / Start a run")
def start(request: HttpRequest, given: NewRun) -> Any:
    """按施行中的标准认定登记库中的宗地，作为后台任务；令牌需要 run 范围。

    Identify the register's parcels by the standard in force, as a job. A token needs the scope `run`.
    """
    only(request, ())
    row = commands.start(
        caller(request), on=given.on or timezone.localdate(), within=given.within, title=given.title
    )  # fmt: skip
    return Status(201, _told(caller(request), row) | {"totals": []})


@runs_router.get("/{uuid:key}", response=RunWhole, url_name="run", summary="一次认定运行 / One run")
def run(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """一次认定运行的状态和统计。

    A run: its state and totals.
    """
    only(request, ())
    row = _run(request, key)
    return _told(caller(request), row) | {"totals": queries.totals(caller(request), row)}


@runs_router.get("/{uuid:key}/verdicts", response=VerdictList, url_name="run-verdicts", summary="认定结论 / Verdicts",
                 openapi_extra={"parameters": [
                     query("outcome", "认定结论 / outcome", _TEXT), query("main_class", "主要类别 / main class", _TEXT),
                     query("township", "区划代码的开头 / how the division code begins", _TEXT),
                     whole("limit", "个数 / how many", 1000, 100),
                     query("after", "上一页的 next / next of the page before", _TEXT),
                 ]})  # fmt: skip
def verdicts(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """一次运行在您辖区内的认定结论，按地块编号排列。

    What a run found in your territory, in the order of the parcels' numbers.
    """
    only(request, ("outcome", "main_class", "township", "limit", "after"))
    rows = queries.verdicts(caller(request), _run(request, key)).select_related("parcel").order_by("parcel__number")
    for name in ("outcome", "main_class"):
        if value := request.GET.get(name):
            rows = rows.filter(**{name: value})
    if township := request.GET.get("township"):
        rows = rows.filter(township_code__startswith=township)
    if after := request.GET.get("after"):
        rows = rows.filter(parcel__number__gt=after)
    limit = whole_number(request, "limit", most=1000, default=100)
    found = list(rows[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    limits.read(request, "verdicts", len(found))
    names = [name for name in VerdictTold.model_fields if name != "number"]
    return {
        "items": [{name: getattr(row, name) for name in names} | {"number": row.parcel.number} for row in found],
        "next": found[-1].parcel.number if more else None,
    }


@verdicts_router.get("/{number}", response=dict[str, Any], url_name="verdict", summary="认定结论卡 / Verdict card")
def card(request: HttpRequest, number: str) -> dict[str, Any]:
    """一宗地的认定结论卡：每个条件的值、阈值、条款、来源和日期，缺什么、谁有，什么会改变结论。

    The verdict card of a parcel: each condition with value, threshold, clause, source and date; what is missing and
    who has it; what would change the outcome.
    """
    only(request, ())
    row = Parcel.objects.visible_to(caller(request)).filter(number=number).first()
    told = None if row is None else cards.card(caller(request), row)
    if told is None:
        raise not_found()
    limits.read(request, "verdicts", 1)
    return told


def _run(request: HttpRequest, key: UUID) -> Run:
    row = queries.runs(caller(request)).filter(key=key).first()
    if row is None:
        raise not_found()
    return row
