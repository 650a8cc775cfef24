"""Who may see, edit and decide which proposal.

Whoever plans, approves or analyses sees all of them; an institute sees its own. Changes may be offered, and decided,
for the layers and the ground that somebody's roles cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from fastapi import Depends, Query, Request

from api.auth.persons import PersonParameter, refuse
from api.states import stated
from layers.errors import UnknownProposalError
from layers.people import Ability, Person
from layers.proposals import Proposal, ProposalEdit, ProposalState, get_proposal, list_proposals, proposal_diff
from layers.store import Put, Store
from layers.validation import Checked

__all__ = [
    "ProposalParameter",
    "check_decides",
    "check_edits",
    "check_reach",
    "edited_shapes",
    "listed_proposals",
    "may_edit",
    "seen_proposal",
    "sees_proposal",
]

Shapes = npt.NDArray[np.object_]

#: States that the one who offers may lead to.
_OFFERING: Final[tuple[ProposalState, ...]] = ("submitted",)


def sees_proposal(person: Person, proposal: Proposal) -> bool:
    """Return whether a proposal is somebody's concern.

    Parameters
    ----------
    person : Person
        Whoever asks.
    proposal : Proposal
        The proposal.

    Returns
    -------
    bool
        True for planners, approvers and analysts, and for who made it.
    """
    return _sees_all(person) or (_sees_own(person) and proposal.author == person.name)


def listed_proposals(store: Store, person: Person, *, author: str | None = None, **options: Any) -> list[Proposal]:
    """Return the proposals that are somebody's concern, the newest first.

    Parameters
    ----------
    store : Store
        The plan.
    person : Person
        Whoever asks.
    author : str, optional
        Only those of this person or institute.
    **options : object
        As for `list_proposals`.

    Returns
    -------
    list of Proposal
        Those for which `sees_proposal` holds.
    """
    if _sees_all(person):
        return list_proposals(store, author=author, **options)
    if _sees_own(person) and author in (None, person.name):
        return list_proposals(store, author=person.name, **options)
    return []


def _sees_all(person: Person) -> bool:
    return person.access.may("analyse") or person.access.may("approve")


def _sees_own(person: Person) -> bool:
    return person.known and person.access.may("propose")


def seen_proposal(store: Store, person: Person, proposal: str) -> Proposal:
    """Return a proposal to somebody whose concern it is.

    Parameters
    ----------
    store : Store
        The plan.
    person : Person
        Whoever asks.
    proposal : str
        Its id.

    Returns
    -------
    Proposal
        As it stands.

    Raises
    ------
    UnknownProposalError
        If there is none, or it is none of his business.
    """
    found = get_proposal(store, proposal)
    if not sees_proposal(person, found):
        raise UnknownProposalError(seen=proposal)
    return found


def may_edit(person: Person, proposal: Proposal) -> bool:
    """Return whether somebody may edit a proposal: who made it, and whoever decides.

    Parameters
    ----------
    person : Person
        Whoever would.
    proposal : Proposal
        The proposal, whatever its state.

    Returns
    -------
    bool
        False too for who made it and may propose no more.
    """
    own = proposal.author == person.name and person.access.may("propose")
    return own or person.access.may("approve") or person.access.everywhere("administer")


def check_edits(request: Request, person: Person, proposal: Proposal) -> None:
    """Check that somebody may edit a proposal.

    Parameters
    ----------
    request : Request
        The request.
    person : Person
        Whoever makes it.
    proposal : Proposal
        The proposal.

    Raises
    ------
    NotSignedInError, NotAllowedError
        If he may not.
    """
    if not may_edit(person, proposal):
        raise refuse(person, "propose", seen=f"#{proposal.id}", where=request.url.path)


def check_decides(request: Request, store: Store, person: Person, proposal: Proposal, state: ProposalState) -> None:
    """Check that somebody may lead a proposal to a state.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The whole plan.
    person : Person
        Whoever makes the request.
    proposal : Proposal
        The proposal.
    state : str
        Where to.

    Raises
    ------
    NotSignedInError, NotAllowedError
        If he may not: who made a proposal hands it in or gives it up; all else is for those who may approve everything
        that it changes.
    """
    given_up = state == "rejected" and proposal.editable
    if state in _OFFERING or given_up:
        check_edits(request, person, proposal)
        return
    diff = proposal_diff(store, proposal.id)
    check_reach(
        request, person, "approve", {layer: _shapes(one.before, one.after) for layer, one in diff.layers.items()}
    )


def edited_shapes(store: Store, edits: Iterable[ProposalEdit]) -> dict[str, Shapes]:
    """Return where edited features are, and where they were.

    Parameters
    ----------
    store : Store
        The plan.
    edits : iterable of Put, Remove or Withdraw
        What is edited.

    Returns
    -------
    dict of str to ndarray of geometry
        By layer.

    Raises
    ------
    UnknownLayerError
        If there is no such layer.
    """
    shapes: dict[str, Shapes] = {}
    for edit in edits:
        if isinstance(edit, Put):
            given = edit.features.features if isinstance(edit.features, Checked) else edit.features
            parts = [given, store.read(edit.layer, ids=given.index.tolist())]
        else:
            parts = [store.read(edit.layer, ids=list(edit.ids))]
        before = [shapes[edit.layer]] if edit.layer in shapes else []
        shapes[edit.layer] = np.concatenate([*before, _shapes(*parts)])
    return shapes


def _shapes(*frames: gpd.GeoDataFrame) -> Shapes:
    return np.concatenate([np.asarray(frame.geometry.array, dtype=object) for frame in frames])


def check_reach(request: Request, person: Person, ability: Ability, shapes: Mapping[str, Shapes]) -> None:
    """Check that somebody may do something with features where they are, and where they were.

    Parameters
    ----------
    request : Request
        The request.
    person : Person
        Whoever makes it.
    ability : str
        What he wants to do.
    shapes : mapping of str to ndarray of geometry
        Of the features, by layer; EPSG:4326.

    Raises
    ------
    NotSignedInError, NotAllowedError
        If he may not do so with one of them.
    """
    if not person.access.may(ability):
        raise refuse(person, ability, seen=person.name, where=request.url.path)
    for layer, places in shapes.items():
        if not person.access.reaches(ability, layer, places).all():
            raise refuse(person, ability, seen=layer, where=request.url.path)


def _looked_through(
    request: Request,
    person: PersonParameter,
    proposal: Annotated[str | None, Query(json_schema_extra={"component": "proposal"})] = None,
) -> str | None:
    named = stated(request, "proposal", proposal)
    return None if named is None else seen_proposal(request.app.state.store, person, named).id


#: The proposal through which something is read.
ProposalParameter = Annotated[str | None, Depends(_looked_through)]
