"""How cases move (流转): the chains that packs declare in workflow.yaml, as pure functions.

Nothing here knows a store, a user or a clock: states and holders come in as values, and what may follow goes out.
"""

from panhuo.flow.chains import (
    Chain,
    Holder,
    State,
    Transition,
    available,
    chain_of,
    chains_of,
    leads_back,
    refusals,
)

__all__ = [
    "Chain",
    "Holder",
    "State",
    "Transition",
    "available",
    "chain_of",
    "chains_of",
    "leads_back",
    "refusals",
]
