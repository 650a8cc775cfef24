"""What a proposal is: its states, what happened to it, what was said of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from layers.errors import TransitionError
from layers.store.model import Decision
from layers.types import Language, Text

__all__ = [
    "EDITABLE",
    "FINAL",
    "MESSAGE_WANTED",
    "STATES",
    "STATE_TITLES",
    "TRANSITIONS",
    "TRANSITION_TITLES",
    "Comment",
    "Document",
    "Event",
    "EventKind",
    "Proposal",
    "ProposalState",
    "Withdraw",
    "check_transition",
    "event_title",
]

ProposalState = Literal["draft", "submitted", "under_review", "returned", "approved", "rejected"]
EventKind = Literal["created", "changed", "resolved", "moved"]
STATES: Final[tuple[ProposalState, ...]] = get_args(ProposalState)
STATE_TITLES: Final[Mapping[ProposalState, Text]] = MappingProxyType(
    {
        "draft": Text(vi="bản nháp", en="draft"),
        "submitted": Text(vi="đã trình", en="submitted"),
        "under_review": Text(vi="đang thẩm định", en="under review"),
        "returned": Text(vi="trả lại để hoàn thiện", en="returned"),
        "approved": Text(vi="đã phê duyệt", en="approved"),
        "rejected": Text(vi="bị từ chối", en="rejected"),
    }
)
#: Where a proposal may go from each state.
TRANSITIONS: Final[Mapping[ProposalState, tuple[ProposalState, ...]]] = MappingProxyType(
    {
        "draft": ("submitted", "rejected"),
        "submitted": ("under_review", "returned", "rejected"),
        "under_review": ("approved", "returned", "rejected"),
        "returned": ("submitted", "rejected"),
        "approved": (),
        "rejected": (),
    }
)
#: What going there is called, as on a button.
TRANSITION_TITLES: Final[Mapping[ProposalState, Text]] = MappingProxyType(
    {
        "submitted": Text(vi="Trình", en="Submit"),
        "under_review": Text(vi="Bắt đầu thẩm định", en="Start the review"),
        "returned": Text(vi="Trả lại", en="Return"),
        "approved": Text(vi="Phê duyệt", en="Approve"),
        "rejected": Text(vi="Từ chối", en="Reject"),
    }
)
#: States in which what a proposal changes may be edited.
EDITABLE: Final[tuple[ProposalState, ...]] = ("draft", "returned")
#: States that nothing leads out of.
FINAL: Final[tuple[ProposalState, ...]] = ("approved", "rejected")
#: Whoever sends a proposal back has to say why.
MESSAGE_WANTED: Final[tuple[ProposalState, ...]] = ("returned", "rejected")


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take what a proposal says of features out of it; they are then as in the base.

    Parameters
    ----------
    layer : str
        The layer's id.
    ids : sequence of str
        Features that the proposal changes.
    """

    layer: str
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Document:
    """A file attached to a decision.

    Parameters
    ----------
    name : str
        Its name.
    media_type : str
        What it is, such as ``application/pdf``.
    content : bytes
        All of it.
    """

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A named set of changes, offered against a base changeset.

    Attributes
    ----------
    id : str
        Its number, as text.
    title : str
        What it is about.
    state : {"draft", "submitted", "under_review", "returned", "approved", "rejected"}
        How it stands.
    base : int
        The changeset of the state that it changes.
    author : str
        Who made it.
    created, updated : datetime
        When it was made and when anything last happened to it, UTC.
    version : int
        Of its changes: 0 without any, one more at each edit.
    changeset : int or None
        The changeset that took it in, once it is approved.
    """

    id: str
    title: str
    state: ProposalState
    base: int
    author: str
    created: dt.datetime
    updated: dt.datetime
    version: int
    changeset: int | None

    @property
    def editable(self) -> bool:
        """Whether what it changes may be edited.

        Returns
        -------
        bool
            True for drafts and for what was returned.
        """
        return self.state in EDITABLE

    @property
    def open(self) -> bool:
        """Whether it is not decided yet.

        Returns
        -------
        bool
            False once it is approved or rejected.
        """
        return self.state not in FINAL

    def document(self, language: Language = "en") -> dict[str, Any]:
        """Return the proposal as plain values, ready for JSON.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            With the states that it may go to.
        """
        return {
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "state_title": STATE_TITLES[self.state].say(language),
            "next_states": [
                {"state": one, "title": TRANSITION_TITLES[one].say(language), "message_wanted": one in MESSAGE_WANTED}
                for one in TRANSITIONS[self.state]
            ],
            "editable": self.editable,
            "base": self.base,
            "author": self.author,
            "created": _stamp(self.created),
            "updated": _stamp(self.updated),
            "version": self.version,
            "changeset": self.changeset,
        }


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a proposal.

    Attributes
    ----------
    number : int
        1, 2, 3 and so on.
    kind : {"created", "changed", "resolved", "moved"}
        It was made, its changes were edited, conflicts were resolved, or it went to another state.
    state : str
        The state after it.
    version : int
        The version of its changes after it.
    who : str
        Who did it.
    time : datetime
        When, UTC.
    message : str
        Why, as far as somebody said.
    decision : Decision or None
        By which document it was decided.
    attached : str or None
        Name of the attached file.
    detail : mapping
        What more is known: of an edit, how many features; of an approval, the resolutions.
    """

    number: int
    kind: EventKind
    state: ProposalState
    version: int
    who: str
    time: dt.datetime
    message: str
    decision: Decision | None = None
    attached: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def document(self, language: Language = "en") -> dict[str, Any]:
        """Return the event as plain values, ready for JSON.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            All of it.
        """
        decision = self.decision
        return {
            "number": self.number,
            "kind": self.kind,
            "state": self.state,
            "state_title": STATE_TITLES[self.state].say(language),
            "version": self.version,
            "who": self.who,
            "time": _stamp(self.time),
            "message": self.message,
            "decision": None
            if decision is None
            else {"number": decision.number, "date": None if decision.date is None else decision.date.isoformat()},
            "attached": self.attached,
            "detail": dict(self.detail),
        }


@dataclass(frozen=True, slots=True)
class Comment:
    """Something that was said of a proposal, of a feature of it or of a place.

    Attributes
    ----------
    number : int
        1, 2, 3 and so on within the proposal.
    parent : int or None
        The comment that it answers.
    who : str
        Who said it.
    time : datetime
        When, UTC.
    text : str
        What.
    layer, feature_id : str or None
        The feature that it is about.
    place : (float, float) or None
        The place that it is about: longitude and latitude, WGS 84.
    resolved_by : str or None
        Who found that it is settled; None while it is not.
    resolved_at : datetime or None
        When, UTC.
    """

    number: int
    parent: int | None
    who: str
    time: dt.datetime
    text: str
    layer: str | None = None
    feature_id: str | None = None
    place: tuple[float, float] | None = None
    resolved_by: str | None = None
    resolved_at: dt.datetime | None = None

    @property
    def resolved(self) -> bool:
        """Whether it is settled.

        Returns
        -------
        bool
            Of the first comment of a thread, this holds for the thread.
        """
        return self.resolved_by is not None

    def document(self) -> dict[str, Any]:
        """Return the comment as plain values, ready for JSON.

        Returns
        -------
        dict
            All of it.
        """
        return {
            "number": self.number,
            "parent": self.parent,
            "who": self.who,
            "time": _stamp(self.time),
            "text": self.text,
            "layer": self.layer,
            "feature_id": self.feature_id,
            "place": None if self.place is None else list(self.place),
            "resolved": self.resolved,
            "resolved_by": self.resolved_by,
            "resolved_at": None if self.resolved_at is None else _stamp(self.resolved_at),
        }


_EVENT_TITLES: Final[Mapping[EventKind, Text]] = MappingProxyType(
    {
        "created": Text(vi="lập", en="made"),
        "changed": Text(vi="sửa nội dung", en="changes edited"),
        "resolved": Text(vi="giải quyết xung đột", en="conflicts resolved"),
    }
)


def event_title(event: Event) -> Text:
    """Return what happened, in a few words.

    Parameters
    ----------
    event : Event
        The event.

    Returns
    -------
    Text
        Of a move, the state that it led to.
    """
    return STATE_TITLES[event.state] if event.kind == "moved" else _EVENT_TITLES[event.kind]


def check_transition(proposal: str, before: ProposalState, after: ProposalState) -> None:
    """Check that a proposal may go from one state to another.

    Parameters
    ----------
    proposal : str
        Its id, for the message.
    before, after : str
        The states.

    Raises
    ------
    TransitionError
        If it may not; names where it may go.

    Examples
    --------
    >>> check_transition("7", "approved", "draft")
    Traceback (most recent call last):
    ...
    layers.errors.TransitionError: The proposal 7 is approved and cannot become draft; possible: nothing, it is final.
    """
    if after in TRANSITIONS[before]:
        return
    possible = [STATE_TITLES[state] for state in TRANSITIONS[before]]
    wanted = Text(
        vi=", ".join(title.vi for title in possible) or "không, đã kết thúc",
        en=", ".join(title.en for title in possible) or "nothing, it is final",
    )
    title = STATE_TITLES[after]
    seen = Text(
        vi=f"đang ở trạng thái “{STATE_TITLES[before].vi}”, không chuyển được sang “{title.vi}”",
        en=f"is {STATE_TITLES[before].en} and cannot become {title.en}",
    )
    raise TransitionError(seen=seen, wanted=wanted, where=proposal)


def _stamp(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
