"""How often and how much: counters in the cache that all processes share."""

from __future__ import annotations

import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from panhuo_platform.api.problems import Problem
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent

MINUTE, DAY = 60, 86_400
#: Wrong tokens in a minute from one address, after which none is looked at.
WRONG = 30


def counted(what: str, amount: int = 1, seconds: int = MINUTE) -> int:
    """The sum of the present window of so many seconds, after adding ``amount``."""
    name = f"api:{what}:{int(time.time()) // seconds}"
    cache.add(name, 0, seconds)
    try:
        return int(cache.incr(name, amount))
    except ValueError:  # the window ended in between
        cache.set(name, amount, seconds)
        return amount


def limit(who: str, most: int) -> None:
    """One more request of somebody's in this minute; Problem 429 beyond ``most``."""
    if counted(f"rate:{who}") > most:
        wait = MINUTE - int(time.time()) % MINUTE
        raise Problem(
            429, "too_many", f"请求过于频繁（每分钟最多 {most} 次），请 {wait} 秒后再试。",
            f"Too many requests (at most {most} a minute); try again in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        )  # fmt: skip


def read(request: HttpRequest, what: str, rows: int) -> None:
    """Remember that somebody was given rows of the register; what adds up to an export goes into the audit.

    Whoever reads page by page has exported as well: every time that the day's sum passes a multiple of
    ``settings.API_EXPORT_ROWS``, it is recorded.
    """
    if not rows:
        return
    token = getattr(request, "api_token", None)
    who = f"token-{token.pk}" if token is not None else f"user-{request.user.pk}"
    total, step = counted(f"rows:{who}:{what}", rows, DAY), int(settings.API_EXPORT_ROWS)
    if total // step > (total - rows) // step:
        by = f"（令牌“{token.name}”）" if token is not None else ""
        record(
            AuditEvent.Action.EXPORTED, f"通过接口读取 {what}，当日累计 {total} 条{by}", actor=request.user,
            subject=token, detail={"path": request.get_full_path()[:500], "rows": rows, "total": total},
        )  # fmt: skip
