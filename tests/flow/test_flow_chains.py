"""Chains as packs write them: what may follow, who may do it, what it asks for."""

from __future__ import annotations

import pytest

from panhuo.flow import Holder, available, chain_of, chains_of, leads_back, refusals
from panhuo.messages import PanhuoError

WORKFLOW = {
    "chains": [
        {
            "id": "record", "title": {"zh": "认定", "en": "Identification"}, "object": "record", "clause": "x#一",
            "states": [
                {"id": "new", "name": {"zh": "新", "en": "New"}},
                {"id": "asked", "name": {"zh": "已报", "en": "Asked"}},
                {"id": "done", "name": {"zh": "办结", "en": "Done"}, "final": True},
            ],
            "transitions": [
                {"id": "ask", "from": "new", "to": "asked", "action": {"zh": "上报", "en": "Ask"}, "who": "town"},
                {"id": "close", "from": ["asked"], "to": "done", "action": {"zh": "办结", "en": "Close"},
                 "who": ["office", "city"], "two_persons": True, "reason_required": True,
                 "guard": {"zh": "材料齐备", "en": "Papers complete"},
                 "condition": {"value": "outcome", "eq": "identified"}},
                {"from": ["asked"], "to": "new", "action": {"zh": "退回", "en": "Return"}, "who": ["office"],
                 "reason_required": True},
            ],
        }
    ]
}  # fmt: skip


def test_only_what_follows_and_only_for_whom_it_is() -> None:
    chain = chain_of(WORKFLOW, "record")
    assert chain is not None and chain.start == "new"
    town, office = Holder(frozenset({"town", "x"})), Holder(frozenset({"office"}))
    assert [t.id for t in available(chain, "new", town)] == ["ask"]
    assert available(chain, "new", office) == ()
    assert [t.id for t in available(chain, "asked", office)] == ["close", "step-3"]
    assert [t.id for t in available(chain, "asked")] == ["close", "step-3"]
    assert available(chain, "done") == ()


def test_a_step_back_is_one_that_asks_for_a_reason_and_goes_on() -> None:
    (chain,) = chains_of(WORKFLOW)
    assert [leads_back(chain, t) for t in chain.transitions] == [False, False, True]


def test_everything_that_stands_against_a_step_is_said() -> None:
    (chain,) = chains_of(WORKFLOW)
    close, office = chain.transition("close"), Holder(frozenset({"office"}))

    def said(**more: object) -> list[str]:
        given = {"reason": "齐了", "first": 1, "second": 2, "holds": True} | more
        return [t.zh for t in refusals(chain, close, "asked", office, **given)]  # type: ignore[arg-type]

    assert said() == []
    assert said(reason=" ") == ["办结须写明理由"]
    assert said(second=1) == said(second=None) == ["办结须由另一人复核"]
    assert said(holds=False) == ["材料齐备"]
    assert said(holds=None) == ["材料齐备（尚不能判定）"]
    told = refusals(chain, close, "new", Holder(frozenset({"town"})), holds=False)
    assert [t.en for t in told] == [
        "'New' does not lead to: Close", "Close: not for your unit to do", "Close: give the reason",
        "Close: a second person has to agree", "Papers complete",
    ]  # fmt: skip


def test_what_a_chain_does_not_have_is_said_with_what_it_has() -> None:
    (chain,) = chains_of(WORKFLOW)
    with pytest.raises(PanhuoError, match="没有状态“gone”，现有：new、asked、done"):
        available(chain, "gone")
    with pytest.raises(PanhuoError, match="没有步骤“gone”，现有：ask、close、step-3"):
        chain.transition("gone")
    assert chain_of(WORKFLOW, "other") is None
    assert chains_of({}) == ()
