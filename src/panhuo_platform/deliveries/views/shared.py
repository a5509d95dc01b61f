"""What the views of deliveries share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import get_language

from panhuo.messages import Lang, PanhuoError
from panhuo_platform.deliveries import queries
from panhuo_platform.deliveries.models import DeliveredLayer, Delivery
from panhuo_platform.organisations.models import User
from panhuo_platform.regions.models import Region

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def acting(request: HttpRequest) -> User:
    """Who is signed in."""
    return cast(User, request.user)


def seen(request: HttpRequest, key: UUID) -> Delivery:
    """The delivery with this key, if the user may see it; else 404."""
    return get_object_or_404(queries.deliveries(acting(request)), key=key)


def layer_of(request: HttpRequest, key: UUID, number: int) -> DeliveredLayer:
    """The layer of a delivery with this number."""
    return get_object_or_404(queries.layers(acting(request), seen(request, key)), number=number)


def lang() -> Lang:
    """The reader's language, as the library names it."""
    return "en" if (get_language() or "").startswith("en") else "zh"


def town_names() -> dict[str, str]:
    """Names of divisions by code."""
    return dict(Region.objects.on(timezone.localdate()).values_list("code", "name"))


@contextmanager
def told(request: HttpRequest, done: str = "") -> Iterator[None]:
    """What a command refuses, and what is done, as messages of the next page."""
    try:
        yield
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
    except PanhuoError as error:
        messages.error(request, error.say(lang()))
    else:
        if done:
            messages.success(request, done)


def download(content: bytes, name: str) -> HttpResponse:
    """A workbook to be saved under this name."""
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["Cache-Control"] = "no-store"
    return response
