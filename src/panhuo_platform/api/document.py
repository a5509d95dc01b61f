"""The interfaces as a whole, and the OpenAPI document that tells of them."""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from panhuo_platform.api.guard import guarded, told
from panhuo_platform.api.ogc.views import router as features
from panhuo_platform.api.reading import StrictParser
from panhuo_platform.api.rest.deliveries import router as deliveries
from panhuo_platform.api.rest.identification import runs_router, verdicts_router
from panhuo_platform.api.rest.jobs import router as jobs
from panhuo_platform.api.rest.parcels import router as parcels
from panhuo_platform.organisations.access import Access

VERSION = "1.0.0"
_ABOUT = """盘活的程序接口：按使用者的权限读取登记库、报送数据、发起认定。
用接口令牌（Authorization: Bearer …）或网页登录访问。错误以 {code, zh, en} 说明。

The interfaces of Panhuo: read the register, hand in data and start identification, with the rights of whoever calls.
Show a token (Authorization: Bearer …) or be signed in on the pages. Errors are told as {code, zh, en}."""

api = NinjaAPI(title="盘活接口 / Panhuo API", version=VERSION, description=_ABOUT, openapi_url=None, docs_url=None,
               urls_namespace="api", parser=StrictParser())  # fmt: skip
for _kind in (Exception, Http404, HttpError, ValidationError):  # ninja has its own for these
    api.add_exception_handler(_kind, cast(Any, told))
api.add_router("/v1/parcels", parcels)
api.add_router("/v1/deliveries", deliveries)
api.add_router("/v1/runs", runs_router)
api.add_router("/v1/verdicts", verdicts_router)
api.add_router("/v1/jobs", jobs)
api.add_router("/ogc", features)

_PROBLEM = {
    "type": "object",
    "description": "出了什么问题 / what went wrong",
    "required": ["code", "zh", "en"],
    "properties": {
        "code": {"type": "string", "description": "供程序判断 / for programs"},
        "zh": {"type": "string"},
        "en": {"type": "string"},
        "fields": {
            "type": "object",
            "description": "按参数或字段 / by parameter or field",
            "additionalProperties": {
                "type": "object",
                "required": ["zh", "en"],
                "properties": {"zh": {"type": "string"}, "en": {"type": "string"}},
            },
        },
    },
    "additionalProperties": False,
    "example": {"code": "not_found", "zh": "没有这个对象，或者您无权查看。",
                "en": "There is no such thing, or you may not see it."},
}  # fmt: skip
_WRONG = {
    400: "参数不正确 / a parameter cannot be understood",
    401: "没有登录，或令牌无效 / not signed in, or no good token",
    403: "没有这项权限 / the right is lacking",
    404: "没有，或者无权查看 / not there, or not to be seen",
    405: "不接受这种方法 / the method is not taken",
    409: "与现在的状态不符 / does not fit the present state",
    413: "内容过大 / the body is too large",
    422: "不能这样做，原因见正文 / cannot be done, the text says why",
    429: "请求过于频繁 / too many requests",
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "接口令牌 / token"},
    "session": {"type": "apiKey", "in": "cookie", "name": "sessionid",
                "description": "网页登录 / signed in on the pages"},
    "basic": {"type": "http", "scheme": "basic",
              "description": "令牌作为口令，仅用于读取 / token as password, for reading OGC API Features"},
}  # fmt: skip


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    told_all: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=reverse("api:docs")))
    told_all["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    told_all["components"]["schemas"]["Problem"] = _PROBLEM
    told_all["components"]["securitySchemes"] = _SCHEMES
    told_all["security"] = [{name: []} for name in _SCHEMES]
    for path, methods in told_all["paths"].items():
        for operation in methods.values():
            _complete(operation, basic="/ogc/" in path)
    return told_all


def _complete(operation: dict[str, Any], *, basic: bool) -> None:
    """Say of an operation what holds for all of them."""
    answers = {str(status): answer for status, answer in operation["responses"].items()}
    media = operation.pop("x-media", None)
    content = next(iter(answers.values())).get("content", {})
    if media and media != "application/json":
        content[media] = content.pop("application/json")
    for status, text in _WRONG.items():
        answers.setdefault(
            str(status),
            {
                "description": text,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
    operation["responses"] = answers
    if not basic:
        operation["security"] = [{"token": []}, {"session": []}]


def _openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        document(), content_type="application/vnd.oai.openapi+json;version=3.1",
        json_dumps_params={"ensure_ascii": False},
    )  # fmt: skip


openapi = guarded(_openapi, Access(signed_in=True), basic=True)
