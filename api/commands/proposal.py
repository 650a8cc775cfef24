"""`parkplan proposal`: changes offered to the plan, from the draft to the decision."""

from __future__ import annotations

import datetime as dt
import getpass
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.commands.options import LangOption, StoreOption, open_existing
from api.errors import BadParameterError
from api.terminal import print_table, say, shown_progress, spoken_language, write_result
from layers.errors import MissingFileError
from layers.types import Language, Text

if TYPE_CHECKING:
    from layers.proposals import Comment, Document, Event, Proposal, ProposalState
    from layers.store import Decision

__all__ = [
    "AuthorOption",
    "DecidedOption",
    "DecisionOption",
    "DocumentOption",
    "IdArgument",
    "MessageOption",
    "attachment",
    "proposal",
    "say_checks",
    "state_line",
]

proposal = typer.Typer(help="Offer changes to the plan, discuss them, and take them in or not.", no_args_is_help=False)

IdArgument = Annotated[str, typer.Argument(metavar="PROPOSAL", help="Its number.")]
AuthorOption = Annotated[str | None, typer.Option(help="Who does it; you, without it.")]
MessageOption = Annotated[str, typer.Option(help="Why.")]
DecisionOption = Annotated[str | None, typer.Option(metavar="NUMBER", help="Document by which it was decided.")]
DecidedOption = Annotated[str | None, typer.Option(metavar="DATE", help="Date of that document.")]
DocumentOption = Annotated[Path | None, typer.Option(metavar="FILE", help="That document, as a file.")]

_CHANGED: Final = Text(
    vi="thêm {insert}, sửa {update}, xoá {delete}", en="{insert} added, {update} changed, {delete} removed"
)


@proposal.command()
def create(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is about.")],
    *,
    message: MessageOption = "",
    author: AuthorOption = None,
    base: Annotated[int | None, typer.Option(metavar="N", help="Changeset that it changes; the newest.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Make a draft, which changes nothing yet."""
    language = spoken_language(lang)
    with open_existing(store) as opened:
        from layers.proposals import create_proposal  # noqa: PLC0415

        made = create_proposal(opened, title, author=author or getpass.getuser(), message=message, base=base)
    said = Text(
        vi=f"Đã lập đề xuất {made.id} trên phiên bản thay đổi {made.base}.",
        en=f"Made the proposal {made.id} on changeset {made.base}.",
    )
    say(said.say(language))


@proposal.command(name="list")
def list_(
    *,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="Only those in this state.")] = None,
    author: Annotated[str | None, typer.Option(help="Only those of this person or institute.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    before: Annotated[int | None, typer.Option(metavar="NUMBER", help="Only those with a lower number.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """List the proposals, the newest first."""
    language = spoken_language(lang)
    with open_existing(store) as opened:
        from layers.proposals import STATE_TITLES, STATES, change_summary, list_proposals  # noqa: PLC0415

        wanted: Any = STATES if state is None else (state,)
        found = list_proposals(opened, states=wanted, author=author, before=before, limit=limit + 1)
        rows = [
            (
                one.id,
                one.title,
                STATE_TITLES[one.state].say(language),
                one.author,
                f"{one.updated:%Y-%m-%d %H:%M}",
                one.base,
                sum(sum(counts.values()) for counts in change_summary(opened, one.id).values()),
            )
            for one in found[:limit]
        ]
    headings = (
        Text(vi="số", en="number"),
        Text(vi="tên", en="title"),
        Text(vi="trạng thái", en="state"),
        Text(vi="người lập", en="author"),
        Text(vi="cập nhật (UTC)", en="updated (UTC)"),
        Text(vi="phiên bản gốc", en="base"),
        Text(vi="số đối tượng", en="features"),
    )
    print_table(Text(vi="Các đề xuất", en="Proposals").say(language), _said(headings, language), rows, numbers=2)
    if len(found) > limit:
        more = Text(vi="Còn nữa: --before {last}", en="There are more: --before {last}")
        say(more.say(language).format(last=found[limit - 1].id))


@proposal.command()
def show(id_: IdArgument, store: StoreOption = None, lang: LangOption = None) -> None:
    """Show a proposal: how it stands, what it changes, what happened to it and what was said."""
    language = spoken_language(lang)
    with open_existing(store) as opened:
        from layers.proposals import change_summary, get_proposal, list_comments, list_events  # noqa: PLC0415

        found = get_proposal(opened, id_)
        summary, events, comments = change_summary(opened, id_), list_events(opened, id_), list_comments(opened, id_)
        titles = {layer: definition.title.say(language) for layer, definition in opened.layers().items()}
    document = found.document(language)
    say(f"{found.id}. {found.title} – {document['state_title']}")
    for layer, counts in summary.items():
        say(f"  {titles.get(layer, layer)} ({layer}): {_CHANGED.say(language).format(**counts)}")
    _print_events(events, language)
    if comments:
        _print_comments(comments, language)


@proposal.command()
def submit(
    id_: IdArgument,
    *,
    message: MessageOption = "",
    author: AuthorOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Hand a draft, or what was returned, in; it is checked and reviewed."""
    language = spoken_language(lang)
    _move(id_, "submitted", store, lang, author=author, message=message)
    with open_existing(store) as opened, shown_progress(language) as progress:
        from api.proposing import proposal_checks  # noqa: PLC0415

        checked = proposal_checks(opened, id_, language, progress=progress)
    say_checks(checked, language)


@proposal.command()
def review(
    id_: IdArgument,
    *,
    message: MessageOption = "",
    author: AuthorOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Start to review what was handed in."""
    _move(id_, "under_review", store, lang, author=author, message=message)


@proposal.command(name="return")
def return_(
    id_: IdArgument,
    *,
    message: Annotated[str, typer.Option(help="What is to be mended.")],
    author: AuthorOption = None,
    decision: DecisionOption = None,
    decided: DecidedOption = None,
    document: DocumentOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Send a proposal back, to be mended and handed in again."""
    attached = attachment(decision, decided, document)
    _move(id_, "returned", store, lang, author=author, message=message, attached=attached)


@proposal.command()
def reject(
    id_: IdArgument,
    *,
    message: Annotated[str, typer.Option(help="Why not.")],
    author: AuthorOption = None,
    decision: DecisionOption = None,
    decided: DecidedOption = None,
    document: DocumentOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Turn a proposal down for good."""
    attached = attachment(decision, decided, document)
    _move(id_, "rejected", store, lang, author=author, message=message, attached=attached)


@proposal.command()
def comment(
    id_: IdArgument,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What to say.")] = None,
    *,
    feature: Annotated[str | None, typer.Option(metavar="LAYER/ID", help="The feature that it is about.")] = None,
    place: Annotated[
        str | None, typer.Option(metavar="LON,LAT", help="The place that it is about, degrees of WGS 84.")
    ] = None,
    reply: Annotated[int | None, typer.Option(metavar="N", help="The comment that it answers.")] = None,
    resolve: Annotated[int | None, typer.Option(metavar="N", help="Say that this comment is settled.")] = None,
    author: AuthorOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Say something of a proposal, or that something said is settled."""
    language = spoken_language(lang)
    if (text is None) == (resolve is None):
        wanted = Text(vi="TEXT hoặc --resolve", en="either TEXT or --resolve")
        raise BadParameterError(seen=text or "", wanted=wanted, where="TEXT")
    who = author or getpass.getuser()
    layer, name = _feature(feature)
    with open_existing(store) as opened:
        from layers.proposals import add_comment, resolve_comment  # noqa: PLC0415

        if text is None:
            settled = resolve_comment(opened, id_, int(resolve or 0), author=who)
            said = Text(vi=f"Ý kiến {settled.number} đã được giải quyết.", en=f"Comment {settled.number} is settled.")
        else:
            point = _place(place)
            made = add_comment(opened, id_, text, author=who, parent=reply, layer=layer, feature_id=name, place=point)
            said = Text(vi=f"Đã ghi ý kiến {made.number}.", en=f"Noted as comment {made.number}.")
    say(said.say(language))


@proposal.command()
def attached(
    id_: IdArgument,
    event: Annotated[int, typer.Argument(metavar="EVENT", help="Number of the event that has a file.")],
    *,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; standard output, without it.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Write the file that is attached to a decision."""
    spoken_language(lang)
    with open_existing(store) as opened:
        from layers.proposals import attached_document  # noqa: PLC0415

        document = attached_document(opened, id_, event)
    write_result(document.content, out=out)


def attachment(number: str | None, date: str | None, file: Path | None) -> tuple[Decision | None, Document | None]:
    """Return the decision and the file that options name.

    Parameters
    ----------
    number, date : str or None
        Of the decision.
    file : Path or None
        Its document.

    Returns
    -------
    (Decision or None, Document or None)
        What is attached.

    Raises
    ------
    BadParameterError
        If there is a date without a number, or it is none.
    MissingFileError
        If the file is not there.
    """
    from layers.proposals import Document  # noqa: PLC0415
    from layers.store import Decision  # noqa: PLC0415

    if number is None and date is not None:
        raise BadParameterError(seen=date, wanted=Text(vi="cả --decision", en="--decision with it"), where="--decided")
    try:
        day = None if date is None else dt.date.fromisoformat(date)
    except ValueError as error:
        wanted = Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31")
        raise BadParameterError(seen=date, wanted=wanted, where="--decided") from error
    decision = None if number is None else Decision(number, day)
    if file is None:
        return decision, None
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MissingFileError(seen=file) from error
    return decision, Document(file.name, mimetypes.guess_type(file.name)[0] or "application/octet-stream", content)


def _move(
    id_: str,
    state: ProposalState,
    store: str | None,
    lang: str | None,
    *,
    author: str | None,
    message: str,
    attached: tuple[Decision | None, Document | None] = (None, None),
) -> None:
    language = spoken_language(lang)
    with open_existing(store) as opened:
        from layers.proposals import move_proposal  # noqa: PLC0415

        decision, document = attached
        who = author or getpass.getuser()
        moved = move_proposal(opened, id_, state, author=who, message=message, decision=decision, document=document)
    say(state_line(moved, language))


def state_line(moved: Proposal, language: Language) -> str:
    """Return how a proposal stands, as a line.

    Parameters
    ----------
    moved : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        One sentence.
    """
    from layers.proposals import STATE_TITLES  # noqa: PLC0415

    title = STATE_TITLES[moved.state]
    return Text(
        vi=f"Đề xuất {moved.id} “{moved.title}”: {title.vi}.", en=f"Proposal {moved.id} “{moved.title}”: {title.en}."
    ).say(language)


def say_checks(document: dict[str, Any], language: Language) -> None:
    """Say how many findings are new, fixed and unchanged.

    Parameters
    ----------
    document : dict
        What `api.proposing.proposal_checks` gives.
    language : {"vi", "en"}
        The reader's language.
    """
    from layers.validation.comparing import CHANGE_TITLES  # noqa: PLC0415

    checked, reviewed = document["summary"]["validation"], document["summary"]["review"]
    words = Text(
        vi="{change}: kiểm tra dữ liệu {error} lỗi, {warning} cảnh báo; rà soát {fail} không đạt, "
        "{rule_warning} cảnh báo, {no_data} không có dữ liệu, {not_checked} chưa kiểm tra",
        en="{change}: validation {error} errors, {warning} warnings; review {fail} fail, {rule_warning} warning, "
        "{no_data} no data, {not_checked} not checked",
    )
    for name, title in CHANGE_TITLES.items():
        counts = {**reviewed[name], "rule_warning": reviewed[name]["warning"], **checked[name]}
        say(words.say(language).format(change=title.say(language), **counts))
    for note in document["notes"]:
        say(note)


def _print_events(events: list[Event], language: Language) -> None:
    from layers.proposals import event_title  # noqa: PLC0415

    rows = []
    for event in events:
        told = event.document(language)
        decision = told["decision"] or {"number": "", "date": None}
        paper = decision["number"] + (f" ({decision['date']})" if decision["date"] else "")
        rows.append(
            (
                event.number,
                f"{event.time:%Y-%m-%d %H:%M}",
                event.who,
                event_title(event).say(language),
                event.message,
                " ".join(part for part in (paper, event.attached or "") if part),
            )
        )
    headings = (
        Text(vi="số", en="number"),
        Text(vi="thời điểm (UTC)", en="time (UTC)"),
        Text(vi="người thực hiện", en="who"),
        Text(vi="việc", en="what"),
        Text(vi="nội dung", en="message"),
        Text(vi="quyết định", en="decision"),
    )
    print_table(Text(vi="Diễn biến", en="What happened").say(language), _said(headings, language), rows)


def _print_comments(comments: list[Comment], language: Language) -> None:
    yes = Text(vi="đã giải quyết", en="settled")
    rows = []
    for one in comments:
        about = f"{one.layer}/{one.feature_id}" if one.layer else ""
        place = "" if one.place is None else f"{one.place[0]:.6f}, {one.place[1]:.6f}"
        state = yes.say(language) if one.resolved else ""
        rows.append((one.number, one.parent, one.who, one.text, about or place, state))
    headings = (
        Text(vi="số", en="number"),
        Text(vi="trả lời", en="answers"),
        Text(vi="người nêu", en="who"),
        Text(vi="ý kiến", en="comment"),
        Text(vi="về", en="about"),
        Text(vi="tình trạng", en="state"),
    )
    print_table(Text(vi="Ý kiến", en="Comments").say(language), _said(headings, language), rows)


def _said(headings: tuple[Text, ...], language: Language) -> list[str]:
    return [heading.say(language) for heading in headings]


def _feature(text: str | None) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    layer, slash, name = text.partition("/")
    if not (layer and slash and name):
        raise BadParameterError(seen=text, wanted="LAYER/ID", where="--feature")
    return layer, name


def _place(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError as error:
        wanted = Text(vi="kinh độ,vĩ độ", en="longitude,latitude")
        raise BadParameterError(seen=text, wanted=wanted, where="--place") from error
    return lon, lat
