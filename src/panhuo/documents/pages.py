"""To look at what was made: PDF pages as pictures, Word and Excel files as PDF. For previews, tests and builders."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import typst

from panhuo.messages import PanhuoError


def page_pictures(pdf: bytes, *, ppi: float = 96, most: int = 500) -> list[bytes]:
    """Each page of ``pdf`` as PNG, by Typst alone; at most ``most`` pages."""
    compiler: Any = typst.compile
    pages: list[bytes] = []
    with tempfile.TemporaryDirectory(prefix="panhuo-pages-") as folder:
        (Path(folder) / "it.pdf").write_bytes(pdf)
        main = Path(folder) / "page.typ"
        for page in itertools.count(1):
            if page > most:
                break
            source = f'#set page(width: auto, height: auto, margin: 0pt)\n#image("it.pdf", page: {page})'
            main.write_text(source, encoding="utf-8")
            try:
                pages.append(bytes(compiler(str(main), root=folder, format="png", ppi=ppi, ignore_system_fonts=True)))
            except typst.TypstError as error:
                if page == 1:
                    raise PanhuoError(
                        f"无法读取 PDF：{error.message}", f"The PDF cannot be read: {error.message}"
                    ) from error
                break
    return pages


def as_pdf(file: Path, folder: Path) -> Path:
    """A Word or Excel file as PDF in ``folder``, by LibreOffice where it is installed."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        raise PanhuoError(
            "本机未安装 LibreOffice，无法预览 Word 或 Excel 文件。",
            "LibreOffice is not installed: Word and Excel files cannot be previewed.",
            where=str(file),
        )
    with tempfile.TemporaryDirectory(prefix="panhuo-office-") as profile:
        options = [f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--convert-to", "pdf"]
        subprocess.run(
            [office, *options, "--outdir", str(folder), str(file)], check=True, capture_output=True, timeout=300
        )
    return folder / f"{file.stem}.pdf"
