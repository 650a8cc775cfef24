"""Which proposals are there, what happened to each, and making and moving one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from layers.errors import UnknownProposalError, ValueOutOfRangeError
from layers.proposals.model import MESSAGE_WANTED, STATES, Document, Event, Proposal, ProposalState, check_transition
from layers.proposals.records import (
    check_said,
    event_of,
    note_event,
    now_stamp,
    number_of,
    proposal_of,
    read_proposal,
)
from layers.store import Decision, Store
from layers.store.proposing import count_changes
from layers.types import Text

__all__ = [
    "attached_document",
    "create_proposal",
    "get_proposal",
    "list_events",
    "list_proposals",
    "move_proposal",
]


def create_proposal(store: Store, title: str, *, author: str, message: str = "", base: int | None = None) -> Proposal:
    """Make a proposal, which changes nothing yet.

    Parameters
    ----------
    store : Store
        The plan.
    title : str
        What it is about.
    author : str
        Who makes it.
    message : str
        Why.
    base : int, optional
        The changeset of the state that it changes; the newest, without it.

    Returns
    -------
    Proposal
        A draft.

    Raises
    ------
    ValueOutOfRangeError
        If title or author are blank.
    UnknownChangesetError
        If there is no such changeset.
    """
    check_said(title=title, author=author)
    core = store.core
    table = core.base.proposals
    with core.writing() as connection:
        core.engine.lock(connection)
        latest = core.latest(connection)
        known = latest if base is None else core.changeset_at(connection, base)
        last = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
        stamp = now_stamp()
        made = {"title": title.strip(), "state": "draft", "base": known, "author": author}
        connection.execute(sa.insert(table).values(number=last + 1, created=stamp, updated=stamp, version=0, **made))
        proposal = read_proposal(core, connection, str(last + 1))
        return note_event(core, connection, proposal, "created", who=author, message=message)


def list_proposals(
    store: Store,
    *,
    states: Collection[ProposalState] = STATES,
    author: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Proposal]:
    """Return proposals, the newest first.

    Parameters
    ----------
    store : Store
        The plan.
    states : collection of str
        Only those in one of these states.
    author : str, optional
        Only those of this person or institute.
    before : int, optional
        Only those with a number below this one, as the last of the page before had it.
    limit : int, optional
        At most so many.

    Returns
    -------
    list of Proposal
        As they stand.

    Raises
    ------
    ValueOutOfRangeError
        If there is no such state.
    """
    if unknown := [state for state in states if state not in STATES]:
        raise ValueOutOfRangeError(seen=unknown[0], wanted=", ".join(STATES), where="state")
    core = store.core
    table = core.base.proposals
    wanted = sa.select(table).where(table.c.state.in_(list(states))).order_by(table.c.number.desc()).limit(limit)
    if author is not None:
        wanted = wanted.where(table.c.author == author)
    if before is not None:
        wanted = wanted.where(table.c.number < before)
    with core.reading() as connection:
        return [proposal_of(row) for row in connection.execute(wanted)]


def get_proposal(store: Store, proposal: str) -> Proposal:
    """Return a proposal.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id.

    Returns
    -------
    Proposal
        As it stands.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    core = store.core
    with core.reading() as connection:
        return read_proposal(core, connection, proposal)


def list_events(store: Store, proposal: str) -> list[Event]:
    """Return what happened to a proposal, oldest first.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id.

    Returns
    -------
    list of Event
        At least that it was made.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    core, number = store.core, number_of(proposal)
    events, documents = core.base.proposal_events, core.base.proposal_documents
    with core.reading() as connection:
        found = sa.select(events).where(events.c.proposal == number).order_by(events.c.number)
        rows = connection.execute(found).all()
        named = sa.select(documents.c.number, documents.c.name).where(documents.c.proposal == number)
        names = {row.number: row.name for row in connection.execute(named)}
    if not rows:
        raise UnknownProposalError(seen=proposal)
    told = [event_of(row, names) for row in rows]
    return [_seen(store, event) for event in told] if core.narrow else told


def _seen(store: Store, event: Event) -> Event:
    """Return an event with those resolutions only that speak of what the store shows: they hold values."""
    noted = event.detail.get("resolutions")
    if not noted:
        return event
    definitions = store.layers()

    def shown(one: Mapping[str, Any]) -> bool:
        definition = definitions.get(one["layer"])
        if definition is None:
            # A rule for everything holds no value.
            return one["layer"] is None and one["value"] is None
        names = {field.name for field in definition.all_fields} | {"geometry", None}
        if one["field"] not in names:
            return False
        named = [id_ for id_ in (one["feature_id"], one["other"]) if id_]
        return not store.core.mark(definition.id) or set(named) == set(store.read(definition.id, ids=named).index)

    kept = [one for one in noted if shown(one)]
    return replace(event, detail={**event.detail, "resolutions": kept})


def attached_document(store: Store, proposal: str, event: int) -> Document:
    """Return the file that is attached to an event.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Id of the proposal.
    event : int
        Number of the event.

    Returns
    -------
    Document
        Name, type and content.

    Raises
    ------
    UnknownProposalError
        If there is no such proposal.
    ValueOutOfRangeError
        If nothing is attached to this event.
    """
    core = store.core
    events, documents = core.base.proposal_events, core.base.proposal_documents
    wanted = (
        sa.select(documents)
        .join(events, (events.c.proposal == documents.c.proposal) & (events.c.document == documents.c.number))
        .where(events.c.proposal == number_of(proposal), events.c.number == event)
    )
    with core.reading() as connection:
        read_proposal(core, connection, proposal)
        row = connection.execute(wanted).one_or_none()
    if row is None:
        attached = Text(vi="sự kiện có tệp kèm theo", en="an event with a file attached")
        raise ValueOutOfRangeError(seen=event, wanted=attached, where=proposal)
    return Document(row.name, row.media_type, bytes(row.content))


def move_proposal(
    store: Store,
    proposal: str,
    state: ProposalState,
    *,
    author: str,
    message: str = "",
    decision: Decision | None = None,
    document: Document | None = None,
) -> Proposal:
    """Let a proposal go to another state, other than "approved", which takes a merge.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id.
    state : {"submitted", "under_review", "returned", "rejected"}
        Where to.
    author : str
        Who decides so.
    message : str
        Why; wanted where a proposal is returned or rejected.
    decision : Decision, optional
        By which document.
    document : Document, optional
        That document, as a file.

    Returns
    -------
    Proposal
        As it stands then.

    Raises
    ------
    UnknownProposalError
        If there is none.
    TransitionError
        If it cannot go there from where it is.
    ValueOutOfRangeError
        If nobody says why, there is no such state, or it is submitted without any change.
    """
    check_said(author=author)
    if state not in STATES or state == "approved":
        wanted = ", ".join(one for one in STATES if one != "approved")
        raise ValueOutOfRangeError(seen=state, wanted=wanted, where="state")
    core = store.core
    with core.writing() as connection:
        core.engine.lock(connection)
        found = read_proposal(core, connection, proposal)
        check_transition(found.id, found.state, state)
        if state in MESSAGE_WANTED:
            check_said(message=message)
        if state == "submitted" and not count_changes(core, connection, int(found.id)):
            wanted_change = Text(vi="ít nhất một thay đổi", en="at least one change")
            raise ValueOutOfRangeError(seen=0, wanted=wanted_change, where=f"#{found.id}")
        return note_event(
            core,
            connection,
            found,
            "moved",
            state=state,
            who=author,
            message=message,
            decision=decision,
            document=document,
        )
