"""Deliveries: what came in, handing over new data in parts, and what was found in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel, Field

from panhuo_platform.api.parameters import number, only, query, whole
from panhuo_platform.api.problems import Problem, invalid, not_found
from panhuo_platform.api.rest.caller import caller
from panhuo_platform.deliveries import commands, files, queries
from panhuo_platform.deliveries.models import Delivery, Finding, Upload
from panhuo_platform.deliveries.rights import own_units
from panhuo_platform.jobs.queries import of
from panhuo_platform.organisations.models import Organisation

router = Router(tags=["交付 / Deliveries"])

_CODE = r"^[0-9]{0,12}$"


class DeliveryTold(BaseModel):
    """What one unit handed over at one time."""

    key: UUID
    title: str
    sender: str = Field(description="报送单位代号 / code of the sending unit", examples=["guyang"])
    sender_name: str
    township_code: str = Field(description="区划代码，空为全区 / division, empty for all")
    note: str
    state: str = Field(description="、".join(Delivery.State.values))
    opened_at: datetime
    received_at: datetime | None
    checked_at: datetime | None
    decided_at: datetime | None
    told_zh: str = Field(description="拒收或撤回的原因 / why it was refused or withdrawn")
    told_en: str


class DeliveryList(BaseModel):
    items: list[DeliveryTold]
    total: int


class UploadTold(BaseModel):
    """One file on its way in."""

    key: UUID
    name: str
    size: int
    here: int = Field(
        description="已收到的字节数；下一分片从这里开始 / bytes that are here; the next part begins there"
    )
    done: bool
    sha256: str


class LayerTold(BaseModel):
    """One layer or table of the delivery."""

    number: int
    source: str
    name: str
    role: str
    rows: int
    crs: str
    state: str


class DeliveryWhole(DeliveryTold):
    uploads: list[UploadTold]
    layers: list[LayerTold]
    findings: dict[str, int] = Field(description="检查发现数，按程度 / findings by severity")
    jobs: list[UUID] = Field(description="处理任务，最新的在前 / its jobs, newest first")


class NewDelivery(BaseModel):
    title: str = Field(min_length=1, max_length=120, examples=["鼓阳街道 2026 年宗地调查"])
    sender: str = Field(
        "", max_length=60, description="报送单位代号；只代表一个单位时可省 / may be left out by members of one unit"
    )
    township_code: str = Field("", pattern=_CODE, examples=["990112001"])
    note: str = Field("", max_length=2000)


class NewUpload(BaseModel):
    name: str = Field(min_length=1, max_length=500, examples=["宗地.zip"])
    size: int = Field(ge=1, le=1 << 50, description="字节 / bytes")
    sha256: str = Field("", pattern=r"^([0-9a-fA-F]{64})?$", description="有则核对 / checked where given")


class FindingTold(BaseModel):
    """One thing that a check found."""

    id: int
    code: str = Field(description="规则 / rule", examples=["A01"])
    severity: str
    layer: int | None = Field(description="图层的 number / number of its layer")
    row: int | None = Field(description="交付文件中的行号 / row as counted in the file")
    code_of_row: str
    field: str
    value: str
    count: int
    zh: str
    en: str
    suggestion_zh: str
    suggestion_en: str
    mender: str = Field(description="由谁改正 / who mends it")
    place: list[float] | None = Field(description="经度、纬度 / longitude, latitude")


class FindingList(BaseModel):
    items: list[FindingTold]
    next: int | None


_OFFSET = query("offset", "分片在文件中的位置 / where in the file it begins", {"type": "integer", "minimum": 0})
_PART = {
    "parameters": [_OFFSET | {"required": True}],
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
}


def _told(row: Delivery) -> dict[str, Any]:
    same = {name: getattr(row, name) for name in DeliveryTold.model_fields if hasattr(row, name)}
    return same | {
        "sender": row.sender.code,
        "sender_name": row.sender.name,
        "told_zh": row.told,
        "told_en": row.told_en,
    }


def _whole(row: Delivery) -> dict[str, Any]:
    return _told(row) | {
        "uploads": [_upload(u) for u in row.uploads.all()],
        "layers": [{name: getattr(one, name) for name in LayerTold.model_fields} for one in row.layers.all()],
        "findings": dict(queries.counts(row)["severity"]),
        "jobs": [job.pk for job in of(row)[:20]],
    }


def _upload(row: Upload) -> dict[str, Any]:
    return {
        "key": row.key, "name": row.name, "size": row.size, "here": files.offset(row), "done": row.done_at is not None,
        "sha256": row.sha256,
    }  # fmt: skip


@router.get("", response=DeliveryList, url_name="deliveries", summary="交付列表 / Deliveries", openapi_extra={
    "parameters": [
        query("state", "状态 / state", {"type": "string", "enum": list(Delivery.State.values)}),
        query("township", "区划代码的开头 / how the division code begins", {"type": "string", "pattern": _CODE}),
        whole("limit", "个数 / how many", 200, 50), whole("offset", "跳过个数 / how many to leave out", 100000, 0, 0),
    ],
})  # fmt: skip
def deliveries(request: HttpRequest) -> dict[str, Any]:
    """您可以查看的交付，最新的在前。

    The deliveries that you may see, newest first.
    """
    only(request, ("state", "township", "limit", "offset"))
    rows = queries.deliveries(caller(request))
    if state := request.GET.get("state"):
        if state not in Delivery.State.values:
            raise invalid(f"没有状态“{state}”。", f"There is no state '{state}'.")
        rows = rows.filter(state=state)
    if township := request.GET.get("township"):
        rows = rows.filter(township_code__startswith=township)
    first = number(request, "offset", most=100000, default=0, least=0)
    page = rows[first : first + number(request, "limit", most=200, default=50)]
    return {"items": [_told(row) for row in page], "total": rows.count()}


@router.post("", response={201: DeliveryWhole}, url_name="deliveries", summary="新建交付 / Open a delivery")
def open_delivery(request: HttpRequest, given: NewDelivery) -> Any:
    """新建一次交付，然后上传文件、提交；令牌需要 deliver 范围。

    Open a delivery; then upload its files and hand it over. A token needs the scope `deliver`.
    """
    only(request, ())
    user = caller(request)
    units = Organisation.objects.visible_to(user)
    own = own_units(user)
    sender = units.filter(code=given.sender) if given.sender else units.filter(pk__in=own if len(set(own)) == 1 else [])
    unit = sender.first()
    if unit is None:
        raise invalid("请写明报送单位的代号（sender）。", "Say which unit sends it, by its code (sender).",
                      sender=("没有这个单位。", "There is no such unit."))  # fmt: skip
    row = commands.open_delivery(
        user, sender=unit, title=given.title, township_code=given.township_code, note=given.note
    )  # fmt: skip
    return Status(201, _whole(row))


@router.get("/{uuid:key}", response=DeliveryWhole, url_name="delivery", summary="一次交付 / One delivery")
def delivery(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """一次交付：文件、图层、检查发现数、任务。

    A delivery with its files, layers, counts of findings and jobs.
    """
    only(request, ())
    return _whole(_delivery(request, key))


@router.post(
    "/{uuid:key}/uploads", response={201: UploadTold}, url_name="uploads", summary="登记文件 / Announce a file"
)
def begin_upload(request: HttpRequest, key: UUID, given: NewUpload) -> Any:
    """登记一个文件；同一文件再次登记即续传。

    Announce a file; the same file announced again goes on where it stopped.
    """
    only(request, ())
    row = commands.begin_upload(
        caller(request), _delivery(request, key), name=given.name, size=given.size, sha256=given.sha256.lower()
    )
    return Status(201, _upload(row))


@router.get("/{uuid:key}/uploads/{uuid:upload}", response=UploadTold, url_name="upload", summary="文件进度 / Upload")
def upload(request: HttpRequest, key: UUID, upload: UUID) -> dict[str, Any]:
    """文件收到了多少。

    How much of a file is here.
    """
    only(request, ())
    return _upload(_file(request, key, upload))


@router.put("/{uuid:key}/uploads/{uuid:upload}", response=UploadTold, url_name="upload", openapi_extra=_PART,
            summary="上传分片 / Put a part")  # fmt: skip
def put_part(request: HttpRequest, key: UUID, upload: UUID) -> dict[str, Any]:
    """上传文件的一个分片（不超过 8 MB），从 here 所示的位置开始；最后一片收齐后核对校验值。

    Put a part of a file (8 MB at most), beginning where `here` says; the whole is checked with its last part.
    """
    only(request, ("offset",))
    if "offset" not in request.GET:
        raise invalid("请写明 offset。", "Say the offset.")
    at = number(request, "offset", most=1 << 50, default=0, least=0)
    row = _file(request, key, upload)
    part = request.read(settings.DELIVERY_PART + 1)
    if len(part) > settings.DELIVERY_PART:
        raise Problem(413, "too_large", "分片超过 8 MB，请分小。", "The part is larger than 8 MB; make it smaller.")
    commands.put_part(caller(request), row, offset=at, part=part)
    row.refresh_from_db()
    return _upload(row)


@router.delete("/{uuid:key}/uploads/{uuid:upload}", response={204: None}, url_name="upload", summary="删除文件 / Drop")
def drop_upload(request: HttpRequest, key: UUID, upload: UUID) -> Any:
    """在提交之前收回一个文件。

    Take a file back before the delivery is handed over.
    """
    only(request, ())
    commands.drop_upload(caller(request), _file(request, key, upload))
    return Status(204, None)


@router.post("/{uuid:key}/receive", response=DeliveryWhole, url_name="delivery-receive", summary="提交 / Hand over")
def receive(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """文件已齐，提交交付；读取和检查随即开始（见 jobs）。

    All files are there: hand the delivery over. Reading and checking begin (see jobs).
    """
    only(request, ())
    return _whole(commands.receive(caller(request), _delivery(request, key)))


@router.get("/{uuid:key}/findings", response=FindingList, url_name="findings", summary="检查发现 / Findings",
            openapi_extra={"parameters": [
                query("severity", "程度 / severity", {"type": "string", "enum": list(Finding.Severity.values)}),
                query("code", "规则 / rule", {"type": "string", "maxLength": 10}),
                whole("limit", "个数 / how many", 1000, 100),
                whole("after", "上一页的 next / next of the page before", 1 << 50, 0, 0),
            ]})  # fmt: skip
def findings(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """最近一次检查的发现，用普通话语说明，并指出由谁改正。

    What the last check found, in plain words, with who mends it.
    """
    only(request, ("severity", "code", "limit", "after"))
    rows = queries.findings(caller(request), _delivery(request, key)).order_by("pk")
    for name in ("severity", "code"):
        if value := request.GET.get(name):
            rows = rows.filter(**{name: value})
    limit = number(request, "limit", most=1000, default=100)
    found = list(rows.filter(pk__gt=number(request, "after", most=1 << 50, default=0, least=0))[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    return {"items": [_finding(row) for row in found], "next": found[-1].pk if more else None}


def _finding(row: Finding) -> dict[str, Any]:
    same = {name: getattr(row, name) for name in FindingTold.model_fields if name not in ("id", "layer", "place")}
    return same | {
        "id": row.pk,
        "layer": row.layer.number if row.layer else None,
        "place": list(row.place.coords[:2]) if row.place else None,
    }


def _delivery(request: HttpRequest, key: UUID) -> Delivery:
    row = queries.deliveries(caller(request)).filter(key=key).first()
    if row is None:
        raise not_found()
    return row


def _file(request: HttpRequest, key: UUID, upload: UUID) -> Upload:
    row = _delivery(request, key).uploads.filter(key=upload).first()
    if row is None:
        raise not_found()
    return row
