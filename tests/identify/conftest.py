"""The standard that the tests of this package judge by: in the shape of a real one, small enough to read."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent / "liaocheng"


@pytest.fixture
def liaocheng(_read: dict[str, Any]) -> dict[str, Any]:
    """A standard in the shape of Liaocheng's, as a plain mapping; the factor of 一(三) is not set."""
    return deepcopy(_read)


@pytest.fixture(scope="session")
def _read() -> dict[str, Any]:
    standard = yaml.safe_load((HERE / "standard.yaml").read_text(encoding="utf-8"))
    stories = yaml.safe_load((HERE / "stories.yaml").read_text(encoding="utf-8"))
    title = {"zh": "聊城市城镇低效用地认定标准（测试）", "en": "Liaocheng's standard (test)"}
    return {"id": "liaocheng-test", "title": title, "standard": standard, "tests": stories["tests"]}


@pytest.fixture
def liaocheng_set(liaocheng: dict[str, Any]) -> dict[str, Any]:
    """The same, after the county has set “明显低于” to half the average."""
    below = liaocheng["standard"]["classes"][2]["when"]["all"][1]["any"][0]
    below.update(factor=0.5, set_by=None)
    return liaocheng
