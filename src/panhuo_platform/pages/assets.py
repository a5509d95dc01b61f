"""The built styles and scripts of ``web/``: which files a page needs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from panhuo.messages import PanhuoError

BUILT = Path(__file__).resolve().parent.parent / "static" / "panhuo"


@cache
def _read(name: str, _when: int) -> Any:
    return json.loads((BUILT / name).read_text(encoding="utf-8"))


def _built(name: str) -> Any:
    try:
        # a developer who builds again is served what was built last; elsewhere the files never change
        when = (BUILT / name).stat().st_mtime_ns if settings.DEBUG else 0
        return _read(name, when)
    except FileNotFoundError as error:
        raise PanhuoError(
            "页面的样式和脚本还没有生成。请在代码目录运行：python3 dev.py setup",
            "The pages' styles and scripts have not been built. In the checkout run: python3 dev.py setup",
        ) from error


def files_of(name: str) -> tuple[list[str], list[str]]:
    """Style sheets and scripts of the entry ``name``, as paths below the static files."""
    manifest = _built("manifest.json")
    entry = manifest[f"src/{name}.ts"]
    styles: dict[str, None] = {}

    def gather(chunk: dict[str, Any]) -> None:
        for other in chunk.get("imports", ()):
            gather(manifest[other])
        styles.update(dict.fromkeys(chunk.get("css", ())))

    gather(entry)
    return [f"panhuo/{style}" for style in styles], [f"panhuo/{entry['file']}"]


def icon(name: str) -> str:
    """What is drawn for an icon: the inner part of its SVG. Raises KeyError for one that icons.txt does not name."""
    return str(_built("icons.json")[name])
