"""Stages on disk: what is finished stays, what is killed leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from panhuo.survey.stages import Stages, key_of, place, recover


def test_a_finished_stage_is_taken_over_only_with_its_key(tmp_path: Path) -> None:
    stages = Stages(tmp_path / "work")

    folder = stages.make("check", "k1", lambda f: (f / "a.txt").write_text("1") and {"rows": 3})

    assert stages.done("check", "k1") == folder
    assert stages.done("check", "k2") is None
    assert stages.notes("check") == {"rows": 3}
    assert (folder / "a.txt").read_text() == "1"


def test_a_stage_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    stages = Stages(tmp_path / "work")
    stages.make("check", "k1", lambda f: {"x": (f / "a.txt").write_text("old")})

    def fail(folder: Path) -> None:
        (folder / "a.txt").write_text("new")
        raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError):
        stages.make("check", "k2", fail)

    assert (tmp_path / "work" / "check" / "a.txt").read_text() == "old"
    assert stages.done("check", "k1") is not None
    assert [p.name for p in (tmp_path / "work").iterdir()] == ["check"]


def test_a_death_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    old = tmp_path / ".成果.before"
    old.mkdir()
    (old / "a.txt").write_text("old")

    recover(tmp_path / "成果")

    assert (tmp_path / "成果" / "a.txt").read_text() == "old"
    assert not old.exists()


def test_placing_replaces_a_folder_whole(tmp_path: Path) -> None:
    target, fresh = tmp_path / "成果", tmp_path / "fresh"
    for folder, name in ((target, "old.txt"), (fresh, "new.txt")):
        folder.mkdir()
        (folder / name).write_text("x")

    place(fresh, target)

    assert [p.name for p in target.iterdir()] == ["new.txt"]
    assert not fresh.exists()
    assert not (tmp_path / ".成果.before").exists()


def test_leftovers_of_killed_runs_are_swept(tmp_path: Path) -> None:
    stages = Stages(tmp_path / "work")
    stages.make("check", "k", lambda f: None)
    (tmp_path / "work" / ".measure.4711").mkdir()

    stages.sweep()

    assert [p.name for p in (tmp_path / "work").iterdir()] == ["check"]


def test_a_key_changes_with_every_part() -> None:
    assert key_of("a", 1) == key_of("a", 1)
    assert len({key_of("a", 1), key_of("a", 2), key_of("b", 1), key_of("a"), key_of({"a": 1})}) == 5


def test_sweeping_everything_forgets_finished_stages(tmp_path: Path) -> None:
    stages = Stages(tmp_path / "work")
    stages.make("check", "k1", lambda f: {"x": (f / "a.txt").write_text("1")})
    (tmp_path / "work" / ".check-half").mkdir()

    stages.sweep()
    assert stages.done("check", "k1") is not None
    assert [p.name for p in (tmp_path / "work").iterdir()] == ["check"]

    stages.sweep(everything=True)
    assert stages.done("check", "k1") is None
    assert not list((tmp_path / "work").iterdir())
