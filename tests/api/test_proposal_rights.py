"""Who may see, edit and decide which proposal: by role, layer and ground."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from starlette.requests import Request

from api.errors import NotSignedInError
from api.proposal_rights import check_decides, check_edits, check_reach, edited_shapes, seen_proposal, sees_proposal
from layers.errors import NotAllowedError, UnknownProposalError
from layers.people import NOBODY, Access, Grant, Person
from layers.proposals import Proposal, Withdraw, create_proposal, edit_proposal, get_proposal
from layers.store import Put, Remove, Store, open_store
from tests.api.conftest import fill, stations

NORTH = shapely.box(105.4, 20.9, 105.7, 21.2)
SOUTH = shapely.box(105.0, 20.0, 105.2, 21.0)


def person(name: str, *grants: Grant) -> Person:
    return Person(name.lower(), name, Access(grants))


INSTITUTE = person("Viện", Grant("institute"))
OTHER = person("Công ty", Grant("institute"))
PLANNER = person("Lan", Grant("planner"))
APPROVER = person("Sở", Grant("approver"))
VIEWER = person("Dân", Grant("viewer"))


@pytest.fixture
def request_() -> Request:
    """Give a request, of which only the path counts."""
    server = ("testserver", 80)
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/proposals/1", "headers": [], "server": server}
    return Request({**scope, "query_string": b"", "scheme": "http"})


@pytest.fixture
def plan(tmp_path: Path) -> Store:
    """Give a small store with a proposal of the institute that changes one station in the north and removes one."""
    path = str(tmp_path / "plan.gpkg")
    fill(path)
    store = open_store(path)
    create_proposal(store, "Trạm", author="Viện")
    features = stations()[1].loc[["hoa-lac"]].assign(floors=9)
    edit_proposal(store, "1", [Put("stations", features), Remove("stations", ["old"])], author="Viện")
    return store


@pytest.fixture
def offered(plan: Store) -> Proposal:
    """Give that proposal."""
    return get_proposal(plan, "1")


def test_an_institute_sees_its_own_and_planners_see_all(plan: Store, offered: Proposal) -> None:
    seeing = [one for one in (INSTITUTE, OTHER, PLANNER, APPROVER, VIEWER, NOBODY) if sees_proposal(one, offered)]
    assert seeing == [INSTITUTE, PLANNER, APPROVER]
    assert seen_proposal(plan, PLANNER, "1") == offered
    for stranger in (OTHER, VIEWER, NOBODY):
        with pytest.raises(UnknownProposalError):
            seen_proposal(plan, stranger, "1")


def test_a_proposal_is_edited_by_its_maker_and_by_who_decides(request_: Request, offered: Proposal) -> None:
    for fine in (INSTITUTE, APPROVER):
        check_edits(request_, fine, offered)
    for wrong in (OTHER, PLANNER, VIEWER):
        with pytest.raises(NotAllowedError, match="#1"):
            check_edits(request_, wrong, offered)
    with pytest.raises(NotSignedInError):
        check_edits(request_, NOBODY, offered)


def test_its_maker_hands_it_in_and_gives_it_up_and_others_decide(
    request_: Request, plan: Store, offered: Proposal
) -> None:
    for state in ("submitted", "rejected"):
        check_decides(request_, plan, INSTITUTE, offered, state)
    for state in ("under_review", "returned", "approved"):
        check_decides(request_, plan, APPROVER, offered, state)  # type: ignore[arg-type]
        for wrong in (INSTITUTE, PLANNER):
            with pytest.raises(NotAllowedError):
                check_decides(request_, plan, wrong, offered, state)  # type: ignore[arg-type]


def test_who_approves_has_to_reach_everything_that_changes(request_: Request, plan: Store, offered: Proposal) -> None:
    both = person("Cả hai", Grant("approver", area=NORTH), Grant("approver", area=SOUTH))
    check_decides(request_, plan, both, offered, "approved")
    for narrow in (Grant("approver", area=NORTH), Grant("approver", layers=frozenset({"notes"}))):
        with pytest.raises(NotAllowedError, match="stations"):
            check_decides(request_, plan, person("Một", narrow), offered, "approved")


def test_a_feature_is_reached_where_it_is_and_where_it_was(request_: Request, plan: Store) -> None:
    moved = stations()[1].loc[["phu nghia/1"]].set_geometry([shapely.Point(105.1, 20.5)], crs="EPSG:4326")
    shapes = edited_shapes(plan, [Put("stations", moved), Remove("stations", ["old"]), Withdraw("notes", ["n1"])])
    assert [round(shape.x, 2) for shape in shapes["stations"]] == [105.1, 105.66, 105.12]
    assert len(shapes["notes"]) == 1
    with pytest.raises(NotAllowedError):
        check_reach(request_, person("Bắc", Grant("institute", area=NORTH)), "propose", shapes)
    check_reach(request_, INSTITUTE, "propose", shapes)
    with pytest.raises(NotAllowedError):
        check_reach(request_, VIEWER, "propose", {"stations": np.array([], dtype=object)})
