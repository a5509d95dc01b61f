"""Who calls an interface: a session of the browser or a token, and what of the owner's rights it may use."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import HttpError
from ninja.errors import ValidationError as Malformed
from ninja.utils import check_csrf

from panhuo.messages import PanhuoError
from panhuo_platform.api import limits, queries
from panhuo_platform.api.models import ApiToken
from panhuo_platform.api.problems import Problem, english, not_found, of_validation
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.context import address
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.access import Access
from panhuo_platform.organisations.models import User

View = Callable[..., HttpResponseBase]
_SAFE = ("GET", "HEAD", "OPTIONS")


def guarded(view: View, access: Access, *, writes: str = "", basic: bool = False) -> View:
    """A view for programs: says who may call it, and answers whoever may not in JSON.

    writes : the scope that a token needs for other methods than GET
    basic  : the token may also come as the password of HTTP Basic, which GIS programs speak; for reading only
    """

    @wraps(view)
    def answered(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        html = wants_html(request)
        with translation.override(translation.get_language() if html else settings.LANGUAGE_CODE):
            try:
                if html and basic and "Authorization" not in request.headers and not _known(request):
                    login = f"{resolve_url(settings.LOGIN_URL)}?next={quote(request.get_full_path())}"
                    return HttpResponseRedirect(login)
                _readable(request)
                _authenticate(request, basic)
                _scope(request, access, writes)
                answer = _called(view, request, *arguments, **named)
            except Exception as error:
                answer = told(request, error)
        return _dressed(answer)

    answered.access = access  # type: ignore[attr-defined]
    return csrf_exempt(login_not_required(answered))


def told(request: HttpRequest, error: Exception) -> HttpResponse:
    """What went wrong as an answer; what is no fault of the caller's is raised again."""
    match error:
        case Problem():
            problem = error
        case PermissionDenied():
            if isinstance(request.user, User):
                record(AuditEvent.Action.REFUSED, f"被拒：{request.method} {request.path}", actor=request.user)
            zh = str(error) or "您的角色没有这项权限。"
            problem = Problem(403, "forbidden", zh, english(zh))
        case Http404() | ObjectDoesNotExist():
            problem = not_found()
        case ValidationError():
            code = getattr(error, "code", "") or "refused"
            problem = of_validation(error, status=409 if code == "offset" else 422, code=code)
        case PanhuoError():
            problem = Problem(422, "refused", error.text.zh, error.text.en)
        case RequestDataTooBig():
            problem = Problem(413, "too_large", "请求的内容过大。", "The body of the request is too large.")
        case Malformed():
            problem = _malformed(error)
        case HttpError():
            problem = Problem(error.status_code, "malformed", "请求的内容无法解析。", str(error))
        case _:
            raise error
    return problem.response()


def _readable(request: HttpRequest) -> None:
    """Problem 400 for the one character that PostgreSQL's texts cannot hold."""
    said = [request.path, *request.GET.keys(), *(v for values in request.GET.lists() for v in values[1])]
    if any("\x00" in text for text in said):
        raise Problem(
            400, "invalid", "请求中有不能使用的字符（NUL）。", "The request holds a character that cannot be (NUL)."
        )


def _malformed(error: Malformed) -> Problem:
    fields = {}
    for one in error.errors:
        name = ".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0])
        fields[name] = {"zh": f"“{name}”填写不正确。", "en": f"{name}: {one['msg']}"}
    zh, en = "；".join(f["zh"] for f in fields.values()), "; ".join(f["en"] for f in fields.values())
    return Problem(400, "invalid", zh, en, fields=fields)


def wants_html(request: HttpRequest) -> bool:
    """Does a person look at it? By ``f=html``, or by what the browser accepts."""
    if asked := request.GET.get("f"):
        return asked == "html"
    return request.method in ("GET", "HEAD") and request.headers.get("Accept", "").startswith("text/html")


def _known(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_authenticated


def _called(view: View, request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
    """The view's answer; HEAD is GET without its content."""
    head = request.method == "HEAD"
    if head:
        request.method = "GET"
    answer = view(request, *arguments, **named)
    if answer.status_code == 405:
        allowed = answer.headers.get("Allow", "GET")
        raise Problem(
            405,
            "method",
            f"这个地址只接受 {allowed}。",
            f"This address takes {allowed} only.",
            headers={"Allow": allowed},
        )
    if not head:
        return answer
    answer.close()
    return HttpResponse(status=answer.status_code, headers=dict(answer.headers))


def _dressed(answer: HttpResponseBase) -> HttpResponseBase:
    """What is answered is for the caller alone, and true for now."""
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Vary"] = "Authorization, Cookie, Accept, Accept-Language"
    return answer


def _authenticate(request: HttpRequest, basic: bool) -> None:
    """Set ``request.user`` (and ``request.api_token``) by what the caller shows; Problem 401 or 429."""
    shown = request.headers.get("Authorization", "")
    request.api_token = None  # type: ignore[attr-defined]
    if not shown:
        if not _known(request):
            raise _unknown(basic, "missing", "请先登录，或者出示接口令牌。", "Sign in, or show a token.")
        if request.method not in _SAFE and check_csrf(request) is not None:
            raise Problem(
                403, "csrf", "缺少 X-CSRFToken；程序请使用接口令牌。", "X-CSRFToken is missing; programs use a token."
            )
        limits.limit(f"user-{request.user.pk}", int(settings.API_RATE))
        return
    user, token = _by_token(request, shown, basic)
    limits.limit(f"token-{token.pk}", int(settings.API_RATE))
    request.user, request.api_token = user, token  # type: ignore[attr-defined]


def _by_token(request: HttpRequest, shown: str, basic: bool) -> tuple[User, ApiToken]:
    here = address() or "-"
    if int(_wrong(here)) > limits.WRONG:
        raise Problem(429, "too_many", "错误的令牌过多，请稍后再试。", "Too many wrong tokens; try again later.",
                      headers={"Retry-After": "60"})  # fmt: skip
    kind, _space, secret = shown.partition(" ")
    account = ""
    if kind.lower() == "basic" and basic and request.method in _SAFE:
        account, secret = _basic(secret)
    elif kind.lower() != "bearer":
        raise _unknown(basic, "scheme", "这个地址不接受这种认证方式，请用 Bearer 令牌。",
                       "This address does not take this kind of sign-in; use a Bearer token.")  # fmt: skip
    token = queries.by_secret(secret.strip())
    now = timezone.now()
    if token is None or (account and account != token.owner.username):
        _refused(here, account, "出示了不存在的接口令牌", None)
        raise _unknown(basic, "token", "令牌不对。", "This is no token of ours.")
    if not token.works or not token.owner.is_active:
        why = "已撤销" if token.revoked_at else "已过期" if token.expired else "账号已停用"
        _refused(here, token.owner.username, f"接口令牌“{token.name}”{why}，已拒绝", token)
        raise _unknown(
            basic, "token", f"令牌{why}，请建立新的令牌。", "The token was revoked or has expired; make a new one."
        )
    if token.owner.must_change_password:
        raise Problem(
            403, "password", "请先在网页登录并修改初始口令。", "Sign in on the pages and change the first password."
        )
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_from=address())
    return token.owner, token


def _basic(encoded: str) -> tuple[str, str]:
    try:
        account, _colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return account, secret


def _wrong(here: str, amount: int = 0) -> int:
    return limits.counted(f"wrong:{here}", amount)


def _refused(here: str, account: str, told: str, token: ApiToken | None) -> None:
    """A refused token is recorded; a flood of them once a minute, so that nobody fills the audit from outside."""
    if _wrong(here, 1) == 1 or (token is not None and limits.counted(f"refused:{token.pk}") == 1):
        record(AuditEvent.Action.SIGN_IN_FAILED, told, account=account, subject=token)


def _unknown(basic: bool, code: str, zh: str, en: str) -> Problem:
    scheme = 'Basic realm="Panhuo", charset="UTF-8"' if basic else 'Bearer realm="Panhuo"'
    return Problem(401, code, zh, en, headers={"WWW-Authenticate": scheme})


def _scope(request: HttpRequest, access: Access, writes: str) -> None:
    user, token = request.user, getattr(request, "api_token", None)
    if not isinstance(user, User) or not access.lets_in(user):
        raise PermissionDenied
    needed = ApiToken.Scope.READ if request.method in _SAFE else writes
    if token is not None and needed not in token.scopes:
        raise Problem(403, "scope", f"这个令牌没有“{needed}”范围。", f"This token lacks the scope '{needed}'.")
