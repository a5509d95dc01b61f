"""What-if: the answer of a session is the answer of judging everything anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from panhuo.identify import identify, load, save, standard_of
from panhuo.identify.store import load_row
from panhuo.identify.whatif import Session, prepare
from panhuo.messages import PanhuoError
from panhuo.packs import NewValue, freeze, load_pack, settings, thaw, with_values
from panhuo.survey import Result

DAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def verdicts(finished_result: Result):  # type: ignore[no-untyped-def]
    return finished_result.verdicts()


def test_every_threshold_moved_gives_what_a_whole_run_gives(verdicts, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    frozen = freeze(load_pack("demo", on=DAY))
    session = Session.open(prepare(verdicts, tmp_path / "x.arrow"), verdicts.standard)
    assert session.parcels == verdicts.frame.height
    seen: set[str] = set()
    for one in settings(frozen):
        kind = one.part if one.part.startswith("table:") else one.id
        if kind in seen:
            continue
        seen.add(kind)
        value = one.options[-1] if one.options else float(one.value or 1) * 1.4
        other = standard_of(thaw(with_values(frozen, [NewValue(one.entry, one.key, value)])))
        told = session.try_out(other)
        anew = identify(verdicts.facts, other)
        before, after = verdicts.frame["outcome"], anew.frame["outcome"]
        turned = (before != after) | verdicts.frame["main_class"].ne_missing(anew.frame["main_class"])
        assert told.flips["row"].to_list() == turned.arg_true().to_list(), one.id
        assert told.flips["outcome"].to_list() == after.filter(turned).to_list()
        assert told.flips["main_class"].to_list() == anew.frame["main_class"].filter(turned).to_list()
        assert {r["outcome"]: r["parcels"] for r in told.counts.to_dicts()} == {
            r["outcome"]: r["parcels"] for r in anew.counts().to_dicts()
        }
        assert told.townships["flipped"].sum() == turned.sum()


def test_only_what_rests_on_the_threshold_is_judged_anew(verdicts) -> None:  # type: ignore[no-untyped-def]
    frozen = freeze(load_pack("demo", on=DAY))
    session = Session.of(verdicts)
    moved = with_values(frozen, [NewValue("thresholds.tables.min_tax_per_mu.C13", "value", 60.0)])
    assert session.try_out(standard_of(thaw(moved))).judged == ("tax_table",)
    assert session.try_out(standard_of(thaw(frozen))).judged == ()


def test_another_standard_is_for_comparing(verdicts) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PanhuoError, match="对比"):
        Session.of(verdicts).try_out(standard_of(load_pack("jinghai-2024", on=DAY)))


def test_one_row_is_the_row_of_all(verdicts, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    save(verdicts, tmp_path)
    whole = load(tmp_path)
    for row in (0, 777, whole.frame.height - 1):
        one = load_row(tmp_path, row)
        for name in ("frame", "evidence", "facts"):
            assert getattr(one, name).equals(getattr(whole, name)[row : row + 1])
