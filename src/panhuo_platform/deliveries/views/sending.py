"""Sending: a new delivery, its files in parts, and handing it over.

The protocol, over plain POSTs with the page's own session:

    POST …/uploads/               name, size[, sha256]  -> {key, offset, part, done}   again: the same file, its offset
    GET  …/uploads/<key>                                -> {offset, size, done}
    POST …/uploads/<key>?offset=N the bytes from N on   -> {offset}; 409 with the right offset where N is another
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from panhuo.messages import PanhuoError
from panhuo_platform.deliveries import commands, files
from panhuo_platform.deliveries.forms import DeliveryForm
from panhuo_platform.deliveries.models import Delivery, Upload
from panhuo_platform.deliveries.views.shared import acting, lang, seen, told
from panhuo_platform.organisations.access import needs


@needs(("E", "survey"))
def new(request: HttpRequest) -> HttpResponse:
    """A new delivery."""
    user = acting(request)
    first = {"request": request.GET.get("request")} if request.GET.get("request", "").isdigit() else {}
    form = DeliveryForm(user, request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        told_of = form.cleaned_data
        town = told_of.get("township")
        try:
            row = commands.open_delivery(
                user, sender=told_of["sender"], title=told_of["title"], note=told_of["note"],
                township_code=town.code if town else "", request=told_of.get("request"),
            )  # fmt: skip
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("deliveries:upload", row.key)
    return render(request, "deliveries/new.html", {"form": form})


@needs(("E", "survey"))
def upload(request: HttpRequest, key: UUID) -> HttpResponse:
    """The files of a delivery that is not handed over yet."""
    row = seen(request, key)
    if row.state != Delivery.State.RECEIVING:
        return redirect("deliveries:delivery", key)
    uploads = list(row.uploads.all())
    arrived = [{"upload": u, "offset": files.offset(u), "size": files.shown(u.size)} for u in uploads]
    context = {"delivery": row, "files": arrived, "ready": bool(uploads) and all(u.done_at for u in uploads),
               "limit": files.shown(settings.DELIVERY_FILE_LIMIT)}  # fmt: skip
    return render(request, "deliveries/upload.html", context)


@needs(("E", "survey"))
@require_POST
def begin(request: HttpRequest, key: UUID) -> HttpResponse:
    """A file is announced."""
    size = request.POST.get("size", "")
    if not size.isdigit() or len(size) > 18:
        return JsonResponse({"error": _("没有写明文件大小。")}, status=400)
    try:
        row = commands.begin_upload(
            acting(request), seen(request, key), name=request.POST.get("name", ""), size=int(size),
            sha256=request.POST.get("sha256", "")[:64],
        )  # fmt: skip
    except ValidationError as error:
        return JsonResponse({"error": "；".join(error.messages)}, status=422)
    told_of = {"key": str(row.key), "offset": files.offset(row), "part": settings.DELIVERY_PART}
    return JsonResponse(told_of | {"done": row.done_at is not None}, status=201)


@needs(("E", "survey"))
@require_http_methods(["GET", "POST"])
def part(request: HttpRequest, key: UUID, upload: UUID) -> HttpResponse:
    """A part of a file; or, by GET, how much of it is here."""
    row = get_object_or_404(Upload.objects.visible_to(acting(request)), key=upload, delivery=seen(request, key))
    if request.method == "GET":
        return JsonResponse({"offset": files.offset(row), "size": row.size, "done": row.done_at is not None})
    at = request.GET.get("offset", "")
    if not at.isdigit() or len(at) > 18:
        return JsonResponse({"error": _("没有写明分片的位置。")}, status=400)
    try:
        content = request.read(settings.DELIVERY_PART + 1)
        here = commands.put_part(acting(request), row, offset=int(at), part=content)
    except ValidationError as error:
        code = getattr(error, "code", "")
        status = 409 if code == "offset" else 422
        return JsonResponse({"error": "；".join(error.messages), "offset": files.offset(row)}, status=status)
    except (PanhuoError, RawPostDataException, OSError) as error:
        said = error.say(lang()) if isinstance(error, PanhuoError) else _("分片没有传完整，请重试。")
        return JsonResponse({"error": said}, status=507)
    return JsonResponse({"offset": here})


@needs(("E", "survey"))
@require_POST
def drop(request: HttpRequest, key: UUID, upload: UUID) -> HttpResponse:
    """Take a file back."""
    row = get_object_or_404(Upload.objects.visible_to(acting(request)), key=upload, delivery=seen(request, key))
    with told(request, _("文件已删除。")):
        commands.drop_upload(acting(request), row)
    return redirect("deliveries:upload", key)


@needs(("E", "survey"))
@require_POST
def receive(request: HttpRequest, key: UUID) -> HttpResponse:
    """All files are here: read and check them."""
    with told(request):
        commands.receive(acting(request), seen(request, key))
    return redirect("deliveries:delivery", key)
