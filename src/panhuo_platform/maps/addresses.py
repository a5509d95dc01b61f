"""Addresses as the map in the browser needs them: with places for what it fills in."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse


def addresses() -> dict[str, str]:
    """What the map asks, by what it asks for."""
    tiles = reverse("maps:tile", args=("layer", 0, 0, 0)).replace("layer/0/0/0", "{layer}/{z}/{x}/{y}")
    return {
        "tiles": tiles,
        "figures": reverse("maps:figures"),
        "search": reverse("maps:search"),
        "days": reverse("maps:days"),
        "card": reverse("maps:card", args=(0,)).removesuffix("0") + "{key}",
        "shape": reverse("maps:shape", args=("0",)).removesuffix("0") + "{number}",
        "print": reverse("maps:print"),
        "list": parcel_list(),
    }


def parcel_list() -> str:
    """The list of parcels."""
    try:
        return reverse("parcels:list")
    except NoReverseMatch:
        return reverse("maps:page")


def parcel_page(number: str) -> str:
    """The page of one parcel."""
    try:
        return reverse("parcels:parcel", args=(number,))
    except NoReverseMatch:
        return ""
