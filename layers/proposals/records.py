"""Rows of proposals as values, and the one way in which anything is noted of a proposal."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from layers.errors import UnknownProposalError, ValueOutOfRangeError
from layers.proposals.model import Comment, Document, Event, EventKind, Proposal, ProposalState
from layers.store.core import Core
from layers.store.model import Decision
from layers.types import Text

__all__ = [
    "check_said",
    "comment_of",
    "event_of",
    "note_event",
    "now_stamp",
    "number_of",
    "proposal_of",
    "read_proposal",
]

#: Longest file that may be attached, bytes.
LONGEST_DOCUMENT: Final = 50_000_000
_DIGITS: Final = 9


def number_of(proposal: str) -> int:
    """Return the number of a proposal.

    Parameters
    ----------
    proposal : str
        Its id.

    Returns
    -------
    int
        From 1.

    Raises
    ------
    UnknownProposalError
        If no proposal can have this id.
    """
    if not (proposal.isascii() and proposal.isdecimal() and len(proposal) <= _DIGITS):
        raise UnknownProposalError(seen=proposal)
    return int(proposal)


def read_proposal(core: Core, connection: sa.Connection, proposal: str) -> Proposal:
    """Return how a proposal stands.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        Of the store.
    proposal : str
        Its id.

    Returns
    -------
    Proposal
        As this transaction sees it.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    table = core.base.proposals
    row = connection.execute(sa.select(table).where(table.c.number == number_of(proposal))).one_or_none()
    if row is None:
        raise UnknownProposalError(seen=proposal)
    return proposal_of(row)


def proposal_of(row: sa.Row[Any]) -> Proposal:
    """Return a proposal.

    Parameters
    ----------
    row : Row
        Of the table of proposals.

    Returns
    -------
    Proposal
        The same.
    """
    return Proposal(
        id=str(row.number),
        title=row.title,
        state=row.state,
        base=row.base,
        author=row.author,
        created=dt.datetime.fromisoformat(row.created),
        updated=dt.datetime.fromisoformat(row.updated),
        version=row.version,
        changeset=row.changeset,
    )


def event_of(row: sa.Row[Any], names: Mapping[int, str]) -> Event:
    """Return an event.

    Parameters
    ----------
    row : Row
        Of the table of events.
    names : mapping of int to str
        Names of the attached files by number.

    Returns
    -------
    Event
        The same.
    """
    return Event(
        number=row.number,
        kind=row.kind,
        state=row.state,
        version=row.version,
        who=row.who,
        time=dt.datetime.fromisoformat(row.time),
        message=row.message,
        decision=None if row.decision_number is None else Decision(row.decision_number, row.decision_date),
        attached=None if row.document is None else names[row.document],
        detail=json.loads(row.detail or "{}"),
    )


def comment_of(row: sa.Row[Any]) -> Comment:
    """Return a comment.

    Parameters
    ----------
    row : Row
        Of the table of comments.

    Returns
    -------
    Comment
        The same.
    """
    return Comment(
        number=row.number,
        parent=row.parent,
        who=row.who,
        time=dt.datetime.fromisoformat(row.time),
        text=row.text,
        layer=row.layer,
        feature_id=row.feature_id,
        place=None if row.lon is None else (row.lon, row.lat),
        resolved_by=row.resolved_by,
        resolved_at=None if row.resolved_at is None else dt.datetime.fromisoformat(row.resolved_at),
    )


def note_event(
    core: Core,
    connection: sa.Connection,
    proposal: Proposal,
    kind: EventKind,
    *,
    who: str,
    message: str = "",
    state: ProposalState | None = None,
    version: int | None = None,
    base: int | None = None,
    changeset: int | None = None,
    decision: Decision | None = None,
    document: Document | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Proposal:
    """Append an event to the record of a proposal, and let the proposal stand as it then does.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        In a transaction that holds the writer's lock.
    proposal : Proposal
        As it stood in this transaction.
    kind : {"created", "changed", "resolved", "moved"}
        What happens.
    who, message : str
        Who does it, and why.
    state : str, optional
        The state after it; as before, without it.
    version, base, changeset : int, optional
        Version, base and changeset after it; as before, without them.
    decision : Decision, optional
        By which document.
    document : Document, optional
        That document, as a file.
    detail : mapping, optional
        What more is to be known; plain values.

    Returns
    -------
    Proposal
        As it stands after it.
    """
    tables, number = core.base, int(proposal.id)
    events = tables.proposal_events
    stamp = now_stamp()
    after = {
        "state": state or proposal.state,
        "version": proposal.version if version is None else version,
        "base": proposal.base if base is None else base,
        "changeset": proposal.changeset if changeset is None else changeset,
        "updated": stamp,
    }
    last = connection.execute(sa.select(sa.func.max(events.c.number)).where(events.c.proposal == number)).scalar()
    attached = None if document is None else _attach(core, connection, number, document)
    connection.execute(
        sa.insert(events).values(
            proposal=number,
            number=(last or 0) + 1,
            kind=kind,
            state=after["state"],
            version=after["version"],
            who=who,
            time=stamp,
            message=message,
            decision_number=None if decision is None else decision.number,
            decision_date=None if decision is None else decision.date,
            document=attached,
            detail=json.dumps(dict(detail), ensure_ascii=False) if detail else None,
        )
    )
    table = tables.proposals
    connection.execute(sa.update(table).where(table.c.number == number).values(**after))
    return read_proposal(core, connection, proposal.id)


def _attach(core: Core, connection: sa.Connection, number: int, document: Document) -> int:
    if not 0 < len(document.content) <= LONGEST_DOCUMENT:
        wanted = Text(vi=f"từ 1 đến {LONGEST_DOCUMENT} byte", en=f"1 to {LONGEST_DOCUMENT} bytes")
        raise ValueOutOfRangeError(seen=len(document.content), wanted=wanted, where=document.name)
    table = core.base.proposal_documents
    last = connection.execute(sa.select(sa.func.max(table.c.number)).where(table.c.proposal == number)).scalar() or 0
    connection.execute(
        sa.insert(table).values(
            proposal=number,
            number=last + 1,
            name=document.name,
            media_type=document.media_type,
            sha256=hashlib.sha256(document.content).hexdigest(),
            content=document.content,
        )
    )
    return int(last) + 1


def check_said(**texts: str) -> None:
    """Check that what has to be said was said.

    Parameters
    ----------
    **texts : str
        By what it is called.

    Raises
    ------
    ValueOutOfRangeError
        If one of them is blank.
    """
    for name, value in texts.items():
        if not value.strip():
            raise ValueOutOfRangeError(seen=value, wanted=Text(vi="có nội dung", en="some text"), where=name)


def now_stamp() -> str:
    """Return the time so that texts sort as times do.

    Returns
    -------
    str
        ISO 8601, UTC.
    """
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
