"""Every Chinese text of the pages has its English."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from pathlib import Path

from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

import panhuo_platform
from panhuo_platform.config.catalogues import compile_all

HOME = Path(panhuo_platform.__file__).parent
_KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip


def texts() -> dict[str, set[str]]:
    """Every text that is to be translated, with the files that have it."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in [*HOME.rglob("*.py"), *HOME.rglob("templates/**/*.html"), *HOME.rglob("templates/**/*.txt")]:
        if "migrations" in file.parts:
            continue
        source = file.read_text(encoding="utf-8")
        if file.suffix != ".py":
            source = templatize(source)
        for _line, message, _comments, _context in extract("python", io.BytesIO(source.encode()), _KEYWORDS):
            for text in message if isinstance(message, tuple) else (message,):
                if text and re.search(r"[\u4e00-\u9fff]", text):
                    found[text].add(file.relative_to(HOME).as_posix())
    return found


def test_every_text_has_its_english() -> None:
    known: dict[str, str] = {}
    for file in HOME.rglob("locale/en/LC_MESSAGES/django.po"):
        with file.open("rb") as reader:
            for message in read_po(reader, locale="en"):
                ids = message.id if isinstance(message.id, tuple) else (message.id,)
                said = message.string if isinstance(message.string, tuple) else (message.string,)
                known.update(dict.fromkeys(ids, said[0]))
    missing = {text: sorted(files) for text, files in texts().items() if not known.get(text)}
    listed = "\n".join(f"{text!r}  {files}" for text, files in sorted(missing.items(), key=lambda m: m[1]))
    assert not missing, f"{len(missing)} texts without English:\n{listed}"


def test_placeholders_are_the_same_in_both() -> None:
    for file in HOME.rglob("locale/en/LC_MESSAGES/django.po"):
        with file.open("rb") as reader:
            for message in read_po(reader, locale="en"):
                if not message.id:
                    continue
                zh = message.id if isinstance(message.id, str) else message.id[0]
                en = message.string if isinstance(message.string, str) else message.string[0]
                assert sorted(re.findall(r"%\(\w+\)[sd]|%[sd]", zh)) == sorted(re.findall(r"%\(\w+\)[sd]|%[sd]", en)), (
                    zh
                )


def test_catalogues_are_compiled_once(tmp_path: Path) -> None:
    folder = tmp_path / "locale" / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "宗地"\nmsgstr "Parcel"\n'
    )
    assert compile_all(tmp_path) == [folder / "django.mo"]
    assert compile_all(tmp_path) == []
