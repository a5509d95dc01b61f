"""What the pages of identification share: doing what was asked and saying how it went; choosing parcels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from panhuo.messages import PanhuoError
from panhuo_platform.organisations.models import User
from panhuo_platform.pages.templatetags.panhuo_tags import told
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.parcels.models.register import Parcels
from panhuo_platform.regions.models import Region

T = TypeVar("T")


def reader(request: HttpRequest) -> User:
    """The user, who has signed in: the view's decorator has seen to it."""
    assert isinstance(request.user, User)
    return request.user


def attempt(request: HttpRequest, work: Callable[[], T], done: Callable[[T], str] | str) -> T | None:
    """Do something and say that it is done; None, with the reason said, where it could not be."""
    try:
        result = work()
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
        return None
    except PanhuoError as error:
        messages.error(request, told(error.text))
        return None
    messages.success(request, done if isinstance(done, str) else done(result))
    return result


def back(request: HttpRequest, otherwise: Any) -> HttpResponseRedirect:
    """To the page that the form names as its own (a path of ours), or to another."""
    asked = request.POST.get("next", "")
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, None):
        return HttpResponseRedirect(asked)
    return redirect(otherwise)


def filter_of(request: HttpRequest) -> ParcelFilter:
    """The filter of the query string; what cannot be understood is said and does not narrow."""
    try:
        return ParcelFilter.parse(request.GET)
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
        return ParcelFilter()


def chosen_of(request: HttpRequest, chosen: ParcelFilter, rows: Parcels) -> ParcelFilter | list[Parcel]:
    """What a bulk form asks for: everything that the filter finds, or the rows that were ticked."""
    if request.POST.get("scope") == "all":
        return chosen
    ticked = [int(v) for v in request.POST.getlist("parcel") if v.isdigit()]
    return list(rows.filter(pk__in=ticked[:5000]))


def townships(rows: Parcels) -> list[tuple[str, str]]:
    """Divisions that these parcels lie in, with their names, for a filter."""
    codes = list(rows.order_by("township_code").values_list("township_code", flat=True).distinct())
    names = dict(Region.objects.filter(code__in=codes).values_list("code", "name"))
    return [(code, names.get(code, code)) for code in codes]
