"""A store seen in another state answers every question of it, and is written to in its own way or not at all."""

from __future__ import annotations

import pytest

from layers.catalogue import shipped_definitions
from layers.errors import NotAllowedError
from layers.history.viewing import EarlierStore
from layers.proposals import ProposalStore, create_proposal, edit_proposal
from layers.store import Put, Remove, SelectedStore, Store
from tests.layers.test_pages import sites


@pytest.fixture
def plan(store: Store) -> Store:
    """Give a plan of two changesets, the second of which removes a feature, and a proposal to remove another."""
    definition, features = sites()
    store.add_layer(definition)
    store.commit([Put("sites", features)], author="a", message="m")
    store.commit([Remove("sites", features.index[:1].tolist())], author="a", message="m")
    proposal = create_proposal(store, "P", author="a").id
    edit_proposal(store, proposal, [Remove("sites", features.index[1:3].tolist())], author="a")
    return store


@pytest.mark.parametrize(("kind", "count"), [("earlier", 40), ("proposed", 37)])
def test_every_question_is_about_the_state(plan: Store, kind: str, count: int) -> None:
    seen = EarlierStore(plan, 1) if kind == "earlier" else ProposalStore(plan, "1")
    with seen:
        assert len(seen.read("sites")) == count
        assert len(seen.read("sites", as_of=None, proposal=None)) == count, "what is left open is that of the state"
        assert len(seen.page("sites", limit=50).features) == count
        assert (seen.count("sites"), seen.extent("sites").features) == (count, count)
        assert seen.layers() == plan.layers()
        with pytest.raises(NotAllowedError, match="add_layer: not allowed for gas; wanted the store itself"):
            seen.add_layer(shipped_definitions()["gas"])
    assert plan.count("sites") == 39, "it stays open"


def test_what_was_is_not_written_to(plan: Store) -> None:
    earlier = EarlierStore(plan, 1)
    with pytest.raises(NotAllowedError, match="commit: not allowed for 1; wanted the current state"):
        earlier.commit([Remove("sites", ["x"])], author="a", message="m")
    assert (earlier.latest(), earlier, hash(earlier)) == (1, EarlierStore(plan, 1), hash(EarlierStore(plan, 1)))
    assert earlier != EarlierStore(plan, 2)
    assert isinstance(earlier, SelectedStore)
