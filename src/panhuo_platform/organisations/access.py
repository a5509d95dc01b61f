"""Who may call a view. Every view says it with one of these; a test fails on a view that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import Right, may

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True, slots=True)
class Access:
    """Who a view is for: ``anyone``, everybody ``signed_in``, those with one of ``grants``, or some ``offices``.

    grants  : pairs of right and kind of object, one of which is enough
    offices : administrators (``system``, ``security``, ``audit``)
    """

    anyone: bool = False
    signed_in: bool = False
    grants: tuple[tuple[Right, str], ...] = ()
    offices: tuple[str, ...] = ()

    def lets_in(self, user: User) -> bool:
        """May this user, who is signed in, call the view at all? Which rows the view shows is another question."""
        if self.anyone or self.signed_in:
            return True
        return user.administers in self.offices or any(may(user, right, thing) for right, thing in self.grants)


def anyone(view: View) -> View:
    """For everybody, signed in or not."""
    return login_not_required(_with(view, Access(anyone=True)))


def signed_in(view: View) -> View:
    """For everybody who has signed in; what they see is their own or no secret among colleagues."""
    return _with(view, Access(signed_in=True))


def needs(*grants: tuple[Right, str], offices: tuple[str, ...] = ()) -> Callable[[View], View]:
    """For whoever has one of these rights anywhere: ``@needs(("S", "database"))``; and for these administrators."""
    return lambda view: _with(view, Access(grants=grants, offices=offices))


def administrators(*offices: str) -> Callable[[View], View]:
    """For these of the three administrators alone."""
    return lambda view: _with(view, Access(offices=offices))


def _with(view: View, access: Access) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if not access.anyone and not access.lets_in(_user(request)):
            raise PermissionDenied(_("您的角色没有这项权限。"))
        return view(request, *arguments, **named)

    guarded.access = access  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def _user(request: HttpRequest) -> User:
    """The one who is signed in; the middleware has sent everybody else to the sign-in."""
    if not isinstance(request.user, User):
        raise PermissionDenied(_("请先登录。"))
    return request.user
