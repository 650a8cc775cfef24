"""Tables of proposals: what is offered, every version of it, what was said of it and what checking it found.

Events and changes are append-only, as the history is; a proposal's own row holds how it stands now.
"""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

__all__ = ["ProposalTables", "proposal_tables"]

#: Ids are compared byte by byte, on every engine in the same order.
_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


class ProposalTables(NamedTuple):
    """The tables of proposals.

    Attributes
    ----------
    proposals, proposal_events, proposal_changes : Table
        How each stands; what happened to it, in order; every version of every feature that it changes.
    proposal_comments, proposal_documents, proposal_checks : Table
        What was said; attached files; what checking a version against a state found.
    """

    proposals: sa.Table
    proposal_events: sa.Table
    proposal_changes: sa.Table
    proposal_comments: sa.Table
    proposal_documents: sa.Table
    proposal_checks: sa.Table


def proposal_tables(metadata: sa.MetaData) -> ProposalTables:
    """Return the tables of proposals.

    Parameters
    ----------
    metadata : MetaData
        Names the schema, if any.

    Returns
    -------
    ProposalTables
        Declared, not created.
    """
    return ProposalTables(
        proposals=sa.Table(
            "parkplan_proposals",
            metadata,
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("title", sa.Text, nullable=False),
            sa.Column("state", sa.Text, nullable=False),
            sa.Column("base", sa.Integer, nullable=False),
            sa.Column("author", sa.Text, nullable=False),
            sa.Column("created", sa.Text, nullable=False),
            sa.Column("updated", sa.Text, nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("changeset", sa.Integer),
        ),
        proposal_events=sa.Table(
            "parkplan_proposal_events",
            metadata,
            sa.Column("proposal", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("kind", sa.Text, nullable=False),
            sa.Column("state", sa.Text, nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("who", sa.Text, nullable=False),
            sa.Column("time", sa.Text, nullable=False),
            sa.Column("message", sa.Text, nullable=False),
            sa.Column("decision_number", sa.Text),
            sa.Column("decision_date", sa.Date),
            sa.Column("document", sa.Integer),
            sa.Column("detail", sa.Text),
        ),
        proposal_changes=sa.Table(
            "parkplan_proposal_changes",
            metadata,
            sa.Column("proposal", sa.Integer, nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("layer", _ID, nullable=False),
            sa.Column("feature_id", _ID, nullable=False),
            sa.Column("operation", sa.Text, nullable=False),
            sa.Column("attributes", sa.Text),
            sa.Column("geometry", sa.LargeBinary),
            sa.Index("parkplan_proposal_changes_key", "proposal", "layer", "feature_id", "version", unique=True),
        ),
        proposal_comments=sa.Table(
            "parkplan_proposal_comments",
            metadata,
            sa.Column("proposal", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("parent", sa.Integer),
            sa.Column("who", sa.Text, nullable=False),
            sa.Column("time", sa.Text, nullable=False),
            sa.Column("text", sa.Text, nullable=False),
            sa.Column("layer", sa.Text),
            sa.Column("feature_id", sa.Text),
            sa.Column("lon", sa.Double().with_variant(sa.REAL(), "sqlite")),
            sa.Column("lat", sa.Double().with_variant(sa.REAL(), "sqlite")),
            sa.Column("resolved_by", sa.Text),
            sa.Column("resolved_at", sa.Text),
        ),
        proposal_documents=sa.Table(
            "parkplan_proposal_documents",
            metadata,
            sa.Column("proposal", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("media_type", sa.Text, nullable=False),
            sa.Column("sha256", sa.Text, nullable=False),
            sa.Column("content", sa.LargeBinary, nullable=False),
        ),
        proposal_checks=sa.Table(
            "parkplan_proposal_checks",
            metadata,
            sa.Column("proposal", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("changeset", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("name", sa.Text, primary_key=True),
            sa.Column("time", sa.Text, nullable=False),
            sa.Column("content", sa.LargeBinary, nullable=False),
        ),
    )
