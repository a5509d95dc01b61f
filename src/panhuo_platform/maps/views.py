"""Pages and addresses of the map."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar, cast

import polars as pl
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from panhuo.messages import PanhuoError
from panhuo_platform.identification.models import Run, Trial
from panhuo_platform.identification.queries import runs, whatif
from panhuo_platform.maps import basemap, changes, printing, queries, styles
from panhuo_platform.maps.addresses import parcel_page
from panhuo_platform.maps.grid import DEEPEST, Place
from panhuo_platform.maps.tiles import Tile, tile
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import Right
from panhuo_platform.pages.templatetags.panhuo_tags import told
from panhuo_platform.parcels.filters import ParcelFilter

SEES: tuple[Right, str] = ("S", "database")
Answer = TypeVar("Answer", bound=HttpResponse)
_MVT = "application/vnd.mapbox-vector-tile"


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _refused(error: ValidationError) -> JsonResponse:
    return JsonResponse({"errors": error.message_dict}, status=400, json_dumps_params={"ensure_ascii": False})


def _day(query: Mapping[str, Any]) -> date | None:
    said = str(query.get("day") or "")
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        raise ValidationError({"day": _("日期应当写成 2026-11-21 的样子。")}) from None


@needs(SEES)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The map in full; its state stands in the address: the filter of the list, and the map's own place after #."""
    wrong: dict[str, list[str]] = {}
    try:
        chosen = ParcelFilter.parse(request.GET)
    except ValidationError as error:
        chosen, wrong = ParcelFilter(), error.message_dict
    return render(
        request,
        "maps/page.html",
        {
            "chosen": chosen,
            "wrong": wrong,
            "colour": request.GET.get("colour", ""),
            "shown": request.GET.get("layers", ""),
            "townships": queries.townships(_user(request)),
            "marks": _marked(request.GET.get("mark", "")),
        }
        | {f"{c.id}s" if c.id != "class" else "classes": c for c in styles.colourings()},
    )


def _marked(said: str) -> str:
    """``longitude,latitude`` of an address as the GeoJSON that the map marks; empty for what is no place."""
    try:
        lon, lat = (float(part) for part in said.split(","))
    except ValueError:
        return ""
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        return ""
    place = {"type": "Point", "coordinates": [lon, lat]}
    feature = {"type": "Feature", "properties": {"kind": "place"}, "geometry": place}
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


@needs(SEES)
@require_safe
def layers(request: HttpRequest) -> JsonResponse:
    """What can be drawn and how."""
    return _private(JsonResponse(queries.layers(_user(request)), json_dumps_params={"ensure_ascii": False}))


@needs(SEES)
@require_safe
def vector_tile(request: HttpRequest, layer: str, zoom: int, column: int, row: int) -> HttpResponse:
    """A tile of a layer; 204 where nothing is to be seen, 404 where there is no such tile or layer."""
    try:
        place = Place(zoom, column, row)
    except ValueError:
        raise Http404 from None
    try:
        chosen = ParcelFilter.parse(request.GET)
    except ValidationError as error:
        return _refused(error)
    try:
        made = tile(_user(request), layer, place, chosen)
    except KeyError:
        raise Http404 from None
    return _sent(request, made)


def _sent(request: HttpRequest, made: Tile) -> HttpResponse:
    packing = "gzip" in request.headers.get("Accept-Encoding", "")
    mark = f'"{made.mark}{"" if packing else "-p"}"'
    if mark in request.headers.get("If-None-Match", ""):
        answer = HttpResponse(status=304)
    elif not made.packed:
        answer = HttpResponse(status=204)
    else:
        answer = HttpResponse(made.packed if packing else gzip.decompress(made.packed), content_type=_MVT)
        if packing:
            answer["Content-Encoding"] = "gzip"
    answer["ETag"] = mark
    patch_vary_headers(answer, ["Accept-Encoding"])
    return _private(answer)


def _private(answer: Answer) -> Answer:
    """Kept by this user's browser only, which asks each time whether it is still so."""
    answer["Cache-Control"] = "private, no-cache"
    patch_vary_headers(answer, ["Cookie"])
    return answer


@needs(SEES)
@require_safe
def figures(request: HttpRequest) -> JsonResponse:
    """Counts for the legend, and the box of what the filter finds."""
    try:
        chosen = ParcelFilter.parse(request.GET)
    except ValidationError as error:
        return _refused(error)
    return _private(JsonResponse(queries.figures(_user(request), chosen)))


@needs(SEES)
@require_safe
def search(request: HttpRequest) -> JsonResponse:
    """Places by code, name or holder."""
    found = queries.search(_user(request), request.GET.get("q", "")[:100])
    return _private(JsonResponse({"found": found}, json_dumps_params={"ensure_ascii": False}))


@needs(SEES)
@require_safe
def shape(request: HttpRequest, number: str) -> HttpResponse:
    """A parcel's shape by its number, as it is or was on a day."""
    try:
        day = _day(request.GET)
    except ValidationError as error:
        return _refused(error)
    found = queries.shape_of(_user(request), Q(number=number), day)
    if found is None:
        raise Http404
    found["shape"] = json.loads(found["shape"]) if found["shape"] else None
    return _private(JsonResponse(found, json_dumps_params={"ensure_ascii": False}))


@needs(SEES)
@require_safe
def card(request: HttpRequest, key: int) -> HttpResponse:
    """What the map says of a parcel that was clicked."""
    parcel = queries.card(_user(request), key)
    if parcel is None:
        raise Http404
    colours = {c.id: {look.value: look.label for look in c.looks if look.value} for c in styles.colourings()}
    said = {
        "parcel": parcel,
        "class_name": colours["class"].get(parcel.main_class, parcel.main_class),
        "stage_name": colours["stage"].get(parcel.stage, parcel.stage),
        "address": parcel_page(parcel.number),
    }
    return _private(render(request, "maps/_parcel.html", said))


@needs(SEES)
@require_safe
def days(request: HttpRequest) -> JsonResponse:
    """Days of the time slider."""
    return _private(JsonResponse({"days": [d.isoformat() for d in queries.days(_user(request))]}))


@needs(SEES)
@require_safe
def what_if_changes(request: HttpRequest, run: int) -> HttpResponse:
    """What moved thresholds would turn among a run's parcels; the thresholds stand in the address as in the what-if."""
    user = _user(request)
    row = get_object_or_404(runs.runs(user).finished(), pk=run)
    try:
        turned = changes.of_values(user, row, whatif.values_of(row, request.GET))
    except PanhuoError as error:
        return _refused(ValidationError({"values": told(error.text)}))
    return _changes(request, row, turned)


@needs(SEES)
@require_safe
def trial_changes(request: HttpRequest, trial: int) -> HttpResponse:
    """What a draft would turn, as its trial found it."""
    row = get_object_or_404(Trial.objects.visible_to(_user(request)).select_related("run"), pk=trial)
    try:
        turned = changes.of_trial(row)
    except PanhuoError as error:
        return _refused(ValidationError({"trial": told(error.text)}))
    return _changes(request, row.run, turned)


def _changes(request: HttpRequest, run: Run, turned: pl.DataFrame) -> HttpResponse:
    try:
        window = ParcelFilter.parse({"box": request.GET.get("window", "")}).box
    except ValidationError as error:
        return _refused(error)
    zoom = request.GET.get("zoom", "")
    found = changes.on_map(run, turned, min(int(zoom), DEEPEST) if zoom.isdecimal() and len(zoom) < 4 else 0, window)
    return _private(JsonResponse(found))


@needs(SEES)
@require_safe
def basemap_picture(request: HttpRequest, number: int, zoom: int, column: int, row: int) -> HttpResponse:
    """A picture of the basemap, fetched by this server."""
    try:
        data, kind = basemap.picture(number, zoom, column, row)
    except basemap.NotThereError:
        raise Http404 from None
    answer = HttpResponse(data, content_type=kind)
    answer["Cache-Control"] = "private, max-age=86400"
    return answer


@needs(SEES)
@require_safe
def printed(request: HttpRequest) -> HttpResponse:
    """The map of a window as a PDF; says in words why where there is none."""
    query = request.GET
    try:
        chosen = ParcelFilter.parse(query)
        window = ParcelFilter.parse({"box": query.get("window", "")}).box
        if window is None:
            raise ValidationError({"window": _("没有说明打印的范围，请从地图页打印。")})
        made = printing.printed_map(
            _user(request),
            chosen,
            window,
            colouring=query.get("colour", ""),
            layers=query.get("layers", "").split(","),
            title=query.get("title", "").strip()[:40],
        )
    except ValidationError as error:
        return render(request, "maps/not_printed.html", {"texts": error.messages}, status=400)
    answer = HttpResponse(made.pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="map-{made.number}.pdf"'
    return _private(answer)
