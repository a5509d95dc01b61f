"""What lies below the parcels: nothing, pictures that this server fetches for the browser, or a file of its own.

The browser asks nobody else, and the key of a service stays here. ``PANHUO_BASEMAP`` names the service.
"""

from __future__ import annotations

import hashlib
import logging
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

from panhuo.messages import PanhuoError
from panhuo_platform.maps.archives import Archive, archive
from panhuo_platform.maps.kept import Kept

#: Bytes of a picture at most, seconds to wait for it.
_MOST, _PATIENCE = 2_000_000, 8
_KINDS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp", b"GIF8": "image/gif"}
_TIANDITU = (
    "https://t0.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
)
_log = logging.getLogger(__name__)
_pictures: Kept[tuple[bytes, str]] = Kept(32 * 2**20, 86_400)


class NotThereError(Exception):
    """The service has no such picture, or does not answer."""


@dataclass(frozen=True, slots=True)
class Basemap:
    """One or two pictures over each other: addresses with ``{z}``, ``{x}``, ``{y}``."""

    addresses: tuple[str, ...]
    attribution: str
    deepest: int


def basemap() -> Basemap | None:
    """As the settings say: ``tianditu`` or ``tianditu-img`` with a key, an address of XYZ or WMTS pictures, or none."""
    said, key = settings.BASEMAP.strip(), settings.BASEMAP_KEY
    if not said or said.lower().endswith(".pmtiles"):
        return None
    if said in ("tianditu", "tianditu-img"):
        layers = ("img", "cia") if said == "tianditu-img" else ("vec", "cva")
        addresses = tuple(_TIANDITU.replace("{layer}", layer).replace("{key}", key) for layer in layers)
        return Basemap(addresses, settings.BASEMAP_SOURCE or "天地图", 18)
    return Basemap((said.replace("{key}", key),), settings.BASEMAP_SOURCE, 18)


def told_basemap() -> dict[str, Any] | None:
    """What the browser learns of it: addresses of this server, never those of the service."""
    if (own := _file()) is not None:
        told = {
            "tiles": [_address(0)],
            "attribution": settings.BASEMAP_SOURCE or own.attribution,
            "maxzoom": own.deepest,
        }
        vector = [{"id": name, "kind": kind} for name, kind in own.layers]
        return told | {"minzoom": own.shallowest} | ({"vector": vector} if vector else {})
    known = basemap()
    if known is None:
        return None
    tiles = [_address(k) for k in range(len(known.addresses))]
    return {"tiles": tiles, "attribution": known.attribution, "maxzoom": known.deepest}


def _address(number: int) -> str:
    """With a mark that differs from another basemap's: browsers keep pictures for a day."""
    said = settings.BASEMAP.strip()
    state = Path(said).stat().st_mtime_ns if said.lower().endswith(".pmtiles") else 0
    mark = hashlib.sha256(f"{said} {state}".encode()).hexdigest()[:8]
    return re.sub(r"/0/0/0$", "/{z}/{x}/{y}", reverse("maps:basemap", args=(number, 0, 0, 0))) + f"?v={mark}"


def _file() -> Archive | None:
    """The file that the settings name; None where they name none, or one that has become unreadable (it is logged)."""
    said = settings.BASEMAP.strip()
    if not said.lower().endswith(".pmtiles"):
        return None
    try:
        return archive(said)
    except PanhuoError as error:
        _log.error("%s", error)
        return None


def picture(number: int, zoom: int, column: int, row: int) -> tuple[bytes, str]:
    """A picture, or a vector tile, and its kind. Raises :class:`NotThereError`."""
    if (own := _file()) is not None:
        if number or not (0 <= zoom <= own.deepest and 0 <= column < 2**zoom and 0 <= row < 2**zoom):
            raise NotThereError
        found = own.tile(zoom, column, row, _MOST)
        if found is None:
            raise NotThereError
        return found, own.media
    known = basemap()
    if known is None or number >= len(known.addresses):
        raise NotThereError
    if not (0 <= zoom <= known.deepest and 0 <= column < 2**zoom and 0 <= row < 2**zoom):
        raise NotThereError
    address = known.addresses[number]
    for name, value in (("{z}", zoom), ("{x}", column), ("{y}", row)):
        address = address.replace(name, str(value))
    if (kept := _pictures.get(address)) is not None:
        return kept
    # the address is the administrator's, with three whole numbers in it
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (Panhuo)"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
            data = answer.read(_MOST + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise NotThereError from error
    kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
    if kind is None or len(data) > _MOST:
        raise NotThereError
    _pictures.put(address, (data, kind), len(data))
    return data, kind
