"""Jobs: how far one's long work is, and stopping it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, Field

from panhuo_platform.api.parameters import number, only, query, whole
from panhuo_platform.api.problems import invalid, not_found
from panhuo_platform.api.rest.caller import caller
from panhuo_platform.jobs import commands, queries
from panhuo_platform.jobs.models import Job

router = Router(tags=["任务 / Jobs"])


class JobTold(BaseModel):
    """A piece of long work."""

    id: UUID
    kind: str
    title: str
    state: str = Field(description="waiting、running、done、failed、cancelled")
    step: str = Field(description="正在做什么 / what it is doing")
    done: int
    total: int = Field(description="0 为未知 / 0 where nobody knows")
    error_zh: str
    error_en: str
    result: Any
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int


class JobList(BaseModel):
    items: list[JobTold]
    total: int


def as_told(job: Job) -> dict[str, Any]:
    """A job as programs are told it."""
    told = {name: getattr(job, name) for name in JobTold.model_fields if hasattr(job, name)}
    return told | {"title": str(job), "error_zh": job.error, "error_en": job.error_en or job.error}


_STATES = list(Job.State.values)


@router.get("", response=JobList, url_name="jobs", summary="任务列表 / Jobs", openapi_extra={"parameters": [
    query("state", "状态 / state", {"type": "string", "enum": _STATES}),
    whole("limit", "个数 / how many", 200, 50), whole("offset", "跳过个数 / how many to leave out", 100000, 0, 0),
]})  # fmt: skip
def jobs(request: HttpRequest) -> dict[str, Any]:
    """您发起的任务，最新的在前。

    The jobs that you started, newest first.
    """
    only(request, ("state", "limit", "offset"))
    rows = queries.mine(caller(request))
    if state := request.GET.get("state"):
        if state not in _STATES:
            raise invalid(f"没有状态“{state}”。", f"There is no state '{state}'.")
        rows = rows.filter(state=state)
    first = number(request, "offset", most=100000, default=0, least=0)
    page = rows[first : first + number(request, "limit", most=200, default=50)]
    return {"items": [as_told(job) for job in page], "total": rows.count()}


@router.get("/{uuid:key}", response=JobTold, url_name="job", summary="一个任务 / One job")
def job(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """任务进行到哪里。

    How far a job is.
    """
    only(request, ())
    return as_told(_job(request, key))


@router.post("/{uuid:key}/cancel", response=JobTold, url_name="job-cancel", summary="取消任务 / Cancel")
def cancel(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """取消等待中或进行中的任务；令牌需要 run 范围。

    Cancel a job that waits or runs; a token needs the scope `run`.
    """
    only(request, ())
    row = _job(request, key)
    commands.cancel(caller(request), row)
    return as_told(row)


def _job(request: HttpRequest, key: UUID) -> Job:
    row = queries.mine(caller(request)).filter(pk=key).first()
    if row is None:
        raise not_found()
    return row
