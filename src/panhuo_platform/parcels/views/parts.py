"""What the views share."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest

from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import may
from panhuo_platform.parcels import queries
from panhuo_platform.parcels.models import Parcel


def acting(request: HttpRequest) -> User:
    """Who is signed in."""
    return cast(User, request.user)


def refused(form: Form, error: ValidationError) -> None:
    """Puts what a command refused beside the fields it speaks of."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, cast(Any, errors))


def say(request: HttpRequest, error: ValidationError) -> None:
    """Puts what a command refused above the page."""
    for told in error.messages:
        messages.error(request, told)


def parcel_or_404(request: HttpRequest, number: str) -> Parcel:
    """The parcel with this number, living or ended, if the user may see it."""
    found = queries.seen(acting(request)).filter(number=number).select_related("current").first()
    if found is None:
        raise Http404
    return found


def may_edit(user: User, parcel: Parcel) -> bool:
    return may(user, "E", "database", region=parcel.township_code)
