"""Splitting, merging and changing one parcel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from panhuo_platform.organisations.access import needs
from panhuo_platform.parcels import commands, queries
from panhuo_platform.parcels.forms import MergeForm, ReshapeForm, SplitForm
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.parcels.views.parts import acting, parcel_or_404, refused

EDITS = needs(("E", "database"))


def _page(request: HttpRequest, shown: Parcel, form: Any, title: str, draw: str, hint: str) -> HttpResponse:
    context = {"parcel": shown, "form": form, "title": title, "draw": draw, "hint": hint}
    return render(request, "parcels/shaping.html", context)


@EDITS
def split(request: HttpRequest, number: str) -> HttpResponse:
    """A line on the map splits a parcel."""
    shown = parcel_or_404(request, number)
    form = SplitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            if not told["shape"]:
                raise ValidationError(_("请先在地图上画出分割线。"))
            made = commands.split(
                acting(request), shown, day=told["day"], line=told["shape"], codes=told["codes"].splitlines(),
                note=told["note"],
            )  # fmt: skip
        except ValidationError as error:
            refused(form, error)
        else:
            messages.success(request, _("已分割为 %(count)s 宗。") % {"count": len(made)})
            return redirect("parcels:parcel", shown.number)
    hint = _("点“画线”，从宗地外画到宗地外，双击结束。")
    return _page(request, shown, form, _("分割"), "line", hint)


@EDITS
def merge(request: HttpRequest, number: str) -> HttpResponse:
    """Neighbours are named and merged with a parcel."""
    shown = parcel_or_404(request, number)
    form = MergeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            whole = commands.merge(
                acting(request), [shown, *_named(request, told["others"])], day=told["day"], code=told["code"].strip(),
                like=shown, note=told["note"],
            )  # fmt: skip
        except ValidationError as error:
            refused(form, error)
        else:
            messages.success(request, _("已合并为一宗。"))
            return redirect("parcels:parcel", whole.number)
    return _page(request, shown, form, _("合并"), "", _("合并后的宗地沿用本宗的属性；原宗地终止，沿革保留。"))


def _named(request: HttpRequest, text: str) -> list[Parcel]:
    """The living parcels that lines of codes or numbers name."""
    found = []
    for word in filter(None, (line.strip() for line in text.splitlines())):
        row = queries.parcels(acting(request)).filter(Q(code=word) | Q(number=word)).first()
        if row is None:
            raise ValidationError({"others": _("没有找到 %(word)s。") % {"word": word}})
        found.append(row)
    return found


@EDITS
def reshape(request: HttpRequest, number: str) -> HttpResponse:
    """Another shape, other attributes, or both."""
    shown = parcel_or_404(request, number)
    version = shown.current
    kept = {n: version.attributes.get(n) for n in ReshapeForm.FIELDS} if version else {}
    form = ReshapeForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        fields = {n: told[n] or None for n in ReshapeForm.FIELDS if (told[n] or None) != (kept.get(n) or None)}
        try:
            commands.reshape(
                acting(request), shown, day=told["day"], shape=told["shape"] or None, fields=fields or None,
                correction=told["correction"], note=told["note"],
            )  # fmt: skip
        except ValidationError as error:
            refused(form, error)
        else:
            messages.success(request, _("已保存为新版本。"))
            return redirect("parcels:parcel", shown.number)
    hint = _("要改图形时，在地图上拖动界址点；只改属性时不必动图。")
    return _page(request, shown, form, _("修改"), "edit", hint)
