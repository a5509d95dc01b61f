"""Identification in tests: a small district in the register, with its layers, ready to be run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from identification_scene import DAY, Scene, make_scene, put_parcels


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture
def fill(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Puts the scene's parcels into the register and its layers at the run's disposal."""

    def do() -> int:
        from panhuo_platform.identification import inputs

        count = put_parcels(scene)
        given = [inputs.Given(**layer) for layer in scene.layers]
        monkeypatch.setattr(inputs, "delivered", lambda run: iter(given))
        return count

    return do


@pytest.fixture
def office(district: Any) -> Any:
    return district.user("banzi", "office", "ziran")


@pytest.fixture
def leader(district: Any) -> Any:
    return district.user("zuzhang", "leader", "quzhengfu")


@pytest.fixture
def standard(office: Any, leader: Any) -> Any:
    """The demo pack's standard, approved."""
    from panhuo_platform.identification.commands import standards

    version = standards.draft(office, "澄湖区低效用地认定标准")
    return standards.approve(leader, version, starts_on=date(2026, 1, 1), document="澄政发〔2026〕1号")


@pytest.fixture(scope="session")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first run's survey is kept, for the tests after it: the same parcels give the same results."""
    return tmp_path_factory.mktemp("surveyed")


@pytest.fixture
def run(
    fill: Callable[[], int], standard: Any, office: Any, run_jobs: Callable[[], list[Any]], surveyed: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:  # fmt: skip
    """A finished run over the scene."""
    from panhuo_platform.identification import jobs
    from panhuo_platform.identification.commands import runs
    from panhuo_platform.identification.models import Run

    fill()
    made = runs.start(office, on=DAY)
    kept = surveyed / "kept"
    if kept.is_dir():
        monkeypatch.setattr(jobs, "run_survey", lambda config, progress: _again(kept, config.folder))
    (job,) = run_jobs()
    assert job.state == "done", job.error
    made = Run.objects.get(pk=made.pk)
    if not kept.is_dir():
        shutil.copytree(made.folder, kept)
    yield made
    shutil.rmtree(made.folder, ignore_errors=True)


def _again(kept: Path, folder: Path) -> None:
    for name in ("成果", ".成果.work"):
        shutil.copytree(kept / name, folder / name)


@pytest.fixture
def packs(packs_folder: Path) -> Path:
    return packs_folder
