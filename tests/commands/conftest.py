"""The command line as it is typed, on a small district that has been surveyed once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from panhuo.cli import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Panhuo = Callable[..., Answer]


@pytest.fixture
def panhuo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Panhuo:
    """Run a command in this process through the real entry point."""
    monkeypatch.delenv("PANHUO_LANG", raising=False)
    monkeypatch.delenv("PANHUO_TRACEBACK", raising=False)

    def typed(*words: str | Path) -> Answer:
        capsys.readouterr()
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        else:
            code = 0
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return typed
