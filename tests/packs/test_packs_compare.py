# ruff: noqa: E501 - a sample stays on one line
"""Comparing and freezing packs: what a policy officer reads, and what a report keeps."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

from packs_on_disk import ON, STANDARD, write_child, write_pack

from panhuo.packs import diff, freeze, load_pack, render_changes
from panhuo.packs.models import Standard


def test_what_a_county_changed_is_said_by_entry_and_key(tmp_path: Path) -> None:
    write_pack(tmp_path)
    write_child(
        tmp_path,
        standard="conditions:\n  - {id: C1, lt: 12.5}\n  - {id: C2, remove: true}\npreconditions:\n  - {id: P2, clause: river-city#一, text: {zh: 面积, en: Area}, value: area_m2, ge: 1}\n",
    )
    changes = diff(load_pack("river-city", ON, [tmp_path]), load_pack("lake-county", ON, [tmp_path]))
    said = render_changes(changes, "zh").splitlines()
    assert "standard.yaml conditions.C1 lt: 未定 → 12.5（river-city#一(三)）" in said
    assert "standard.yaml conditions.P2: 新增（river-city#一）" in said
    assert "standard.yaml conditions.C2: 移除（river-city#一(三)）" in said
    assert any(line.startswith("standard.yaml classes.C when:") for line in said)
    assert "standard.yaml conditions.C1 lt: not set → 12.5 (river-city#一(三))" in render_changes(changes, "en")


def test_a_pack_does_not_differ_from_itself(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path), ON)
    assert diff(pack, pack) == []
    assert render_changes([], "zh") == "没有差异"


def test_a_frozen_pack_is_json_and_knows_null_from_nothing(tmp_path: Path) -> None:
    frozen = freeze(load_pack(write_pack(tmp_path), ON))
    assert json.loads(json.dumps(frozen, ensure_ascii=False)) == frozen
    leaves = frozen["content"]["standard"]["classes"][0]["when"]["all"][1]["any"]
    assert leaves[0]["lt"] is None and "lt" not in leaves[1]
    assert frozen["provenance"]["standard.conditions.C1"] == "river-city/standard.yaml:16"
    assert (frozen["id"], frozen["on"], frozen["layers"]) == ("river-city", "2026-11-21", ["river-city"])


def test_a_frozen_standard_can_be_read_again(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path), ON)
    again = Standard.model_validate_json(json.dumps(freeze(pack)["content"]["standard"]))
    assert again == pack.standard


def test_the_hash_is_of_the_rules_alone(tmp_path: Path) -> None:
    """Comments, order of lines in an entry and the day do not change it; a word of a rule does."""
    plain = load_pack(write_pack(tmp_path / "1"), ON)
    moved = load_pack(
        write_pack(
            tmp_path / "2",
            {
                "standard.yaml": "# a comment\n\n"
                + STANDARD.replace("value: ownership_clear, is: true", "is: true, value: ownership_clear")
            },
        ),
        ON,
    )
    other_day = load_pack(tmp_path / "1" / "river-city", datetime.date(2026, 1, 1))
    changed = load_pack(write_pack(tmp_path / "3", {"standard.yaml": STANDARD.replace("order: 1", "order: 2")}), ON)
    hashes = [freeze(p)["sha256"] for p in (plain, moved, other_day, changed)]
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]
