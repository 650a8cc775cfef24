"""What checking a version of a proposal against a state of the plan found, kept so that it is found once."""

from __future__ import annotations

import gzip
import json
from typing import Any

import sqlalchemy as sa

from layers.proposals.records import now_stamp, number_of
from layers.store import Store

__all__ = ["keep_checks", "kept_checks"]


def keep_checks(
    store: Store, proposal: str, *, version: int, changeset: int, name: str, document: dict[str, Any]
) -> None:
    """Keep a document; of two that were made at once the later one stays.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Id of the proposal.
    version, changeset : int
        Of the proposal, and of the plan that it was checked against.
    name : str
        What the document is, such as a language.
    document : dict
        Plain values.
    """
    core, table = store.core, store.core.base.proposal_checks
    own = table.c.proposal == number_of(proposal)
    same = own & (table.c.version == version) & (table.c.changeset == changeset) & (table.c.name == name)
    content = gzip.compress(json.dumps(document, ensure_ascii=False).encode(), compresslevel=5, mtime=0)
    values = {"proposal": number_of(proposal), "version": version, "changeset": changeset, "name": name}
    with core.writing() as connection:
        core.engine.lock(connection)
        # What an older version or an older plan came to is asked for no more.
        older = sa.or_(table.c.version < version, table.c.changeset < changeset)
        connection.execute(sa.delete(table).where(sa.or_(same, own & older)))
        connection.execute(sa.insert(table).values(time=now_stamp(), content=content, **values))


def kept_checks(store: Store, proposal: str, *, version: int, changeset: int, name: str) -> dict[str, Any] | None:
    """Return a document that was kept.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Id of the proposal.
    version, changeset : int
        Of the proposal, and of the plan.
    name : str
        What the document is.

    Returns
    -------
    dict or None
        None if this version was not checked against this state.
    """
    core, table = store.core, store.core.base.proposal_checks
    wanted = sa.select(table.c.content).where(
        table.c.proposal == number_of(proposal),
        table.c.version == version,
        table.c.changeset == changeset,
        table.c.name == name,
    )
    with core.reading() as connection:
        content = connection.execute(wanted).scalar()
    if content is None:
        return None
    document: dict[str, Any] = json.loads(gzip.decompress(bytes(content)))
    return document
