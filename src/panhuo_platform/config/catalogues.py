"""Translations, compiled without the system's gettext: ``python -m panhuo_platform.config.catalogues``."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

HOME = Path(__file__).resolve().parent.parent


def compile_all(home: Path = HOME) -> list[Path]:
    """Write a ``.mo`` beside each ``.po`` that has none or an older one; returns those that were written."""
    written = []
    for source in sorted(home.rglob("locale/*/LC_MESSAGES/django.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        with source.open("rb") as reader:
            catalogue = read_po(reader, locale=source.parent.parent.name)
        fresh = target.with_suffix(".mo.new")
        with fresh.open("wb") as writer:
            write_mo(writer, catalogue)
        fresh.replace(target)
        written.append(target)
    return written


if __name__ == "__main__":
    for path in compile_all():
        print(path)
