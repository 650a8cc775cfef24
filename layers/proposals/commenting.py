"""What is said of a proposal: comments on it, on a feature or on a place, their answers, and what is settled."""

from __future__ import annotations

import math

import sqlalchemy as sa

from layers.errors import UnknownCommentError, ValueOutOfRangeError
from layers.proposals.model import Comment
from layers.proposals.records import check_said, comment_of, now_stamp, number_of, read_proposal
from layers.store import Store
from layers.types import Text

__all__ = ["add_comment", "list_comments", "resolve_comment"]


def add_comment(
    store: Store,
    proposal: str,
    text: str,
    *,
    author: str,
    parent: int | None = None,
    layer: str | None = None,
    feature_id: str | None = None,
    place: tuple[float, float] | None = None,
) -> Comment:
    """Say something of a proposal.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Id of the proposal.
    text : str
        What.
    author : str
        Who says it.
    parent : int, optional
        The comment that it answers; an answer is about the same as that one.
    layer, feature_id : str, optional
        The feature that it is about, both or neither.
    place : (float, float), optional
        The place that it is about: longitude and latitude, WGS 84.

    Returns
    -------
    Comment
        As it was noted.

    Raises
    ------
    UnknownProposalError, UnknownCommentError, UnknownLayerError
        If there is no such thing.
    ValueOutOfRangeError
        If nothing is said, the place is none, or layer and feature do not come together.
    """
    check_said(author=author, text=text)
    if (layer is None) != (feature_id is None):
        both = Text(vi="cả lớp và mã đối tượng", en="layer and feature together")
        raise ValueOutOfRangeError(seen=layer or feature_id, wanted=both, where="comment")
    if place is not None:
        _check_place(place)
    if layer is not None:
        store.definition(layer)
    core = store.core
    table = core.base.proposal_comments
    with core.writing() as connection:
        core.engine.lock(connection)
        number = int(read_proposal(core, connection, proposal).id)
        if parent is not None:
            parent = _first(connection, table, number, parent)
        last = connection.execute(sa.select(sa.func.max(table.c.number)).where(table.c.proposal == number)).scalar()
        said = {"parent": parent, "who": author, "time": now_stamp(), "text": text.strip()}
        pinned = {"layer": layer, "feature_id": feature_id}
        lon, lat = place or (None, None)
        row = connection.execute(
            sa.insert(table)
            .values(proposal=number, number=(last or 0) + 1, lon=lon, lat=lat, **said, **pinned)
            .returning(table)
        ).one()
    return comment_of(row)


def list_comments(store: Store, proposal: str) -> list[Comment]:
    """Return what was said of a proposal, oldest first.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Id of the proposal.

    Returns
    -------
    list of Comment
        Answers name the first comment of their thread.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    core = store.core
    table = core.base.proposal_comments
    with core.reading() as connection:
        read_proposal(core, connection, proposal)
        found = sa.select(table).where(table.c.proposal == number_of(proposal)).order_by(table.c.number)
        return [comment_of(row) for row in connection.execute(found)]


def resolve_comment(store: Store, proposal: str, number: int, *, author: str, resolved: bool = True) -> Comment:
    """Say that a comment is settled, or that it is not after all.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Id of the proposal.
    number : int
        The first comment of a thread, or an answer in it.
    author : str
        Who finds so.
    resolved : bool
        Whether it is settled.

    Returns
    -------
    Comment
        The first comment of the thread.

    Raises
    ------
    UnknownProposalError, UnknownCommentError
        If there is no such thing.
    """
    check_said(author=author)
    core = store.core
    table = core.base.proposal_comments
    with core.writing() as connection:
        core.engine.lock(connection)
        owner = int(read_proposal(core, connection, proposal).id)
        first = _first(connection, table, owner, number)
        settled = {"resolved_by": author, "resolved_at": now_stamp()} if resolved else {}
        row = connection.execute(
            sa.update(table)
            .where(table.c.proposal == owner, table.c.number == first)
            .values({"resolved_by": None, "resolved_at": None, **settled})
            .returning(table)
        ).one()
    return comment_of(row)


def _first(connection: sa.Connection, table: sa.Table, proposal: int, number: int) -> int:
    """Return the first comment of a thread: answers to answers stay in the same one."""
    wanted = sa.select(table.c.number, table.c.parent).where(table.c.proposal == proposal, table.c.number == number)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise UnknownCommentError(seen=number, where=str(proposal))
    return int(row.number if row.parent is None else row.parent)


def _check_place(place: tuple[float, float]) -> None:
    lon, lat = place
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        wanted = Text(vi="kinh độ -180..180, vĩ độ -90..90", en="longitude -180..180, latitude -90..90")
        raise ValueOutOfRangeError(seen=place, wanted=wanted, where="place")
