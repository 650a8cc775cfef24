"""`parkplan proposal put`, `remove`, `diff`, `check`, `conflicts`, `resolve` and `approve`: what a proposal changes."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any, Final, cast

import orjson
import typer

from api.commands.options import LangOption, StoreOption, choose, open_existing
from api.commands.proposal import (
    AuthorOption,
    DecidedOption,
    DecisionOption,
    DocumentOption,
    IdArgument,
    MessageOption,
    attachment,
    proposal,
    say_checks,
    state_line,
)
from api.commands.reading import (
    CoordinatesOption,
    CrsOption,
    EncodingOption,
    MappingOption,
    PolygonsOption,
    ReceiptOption,
    SourceLayerOption,
    TextOption,
    check_receipts,
    coordinate_columns,
    say_receipt,
    text_encodings,
    write_receipts,
)
from api.errors import BadParameterError
from api.terminal import print_table, say, shown_progress, spoken_language, write_result
from layers.types import Language, Text

__all__ = ["proposal"]

_MODES: Final = ("upsert", "insert", "update", "replace")
_FORMATS: Final = ("table", "json")
FormatOption = Annotated[str, typer.Option("--format", metavar="|".join(_FORMATS), help="How it is told.")]
OutOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; standard output, without it.")]


@proposal.command()
def put(
    id_: IdArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="GeoJSON, GeoPackage, Shapefile, DXF, KML, Excel, ...")],
    *,
    layer: Annotated[str, typer.Option(metavar="LAYER", help="Id of the layer that the features are of.")],
    mapping: MappingOption = None,
    source_layer: SourceLayerOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    coordinates: CoordinatesOption = None,
    polygons: PolygonsOption = False,
    text: TextOption = None,
    mode: Annotated[
        str, typer.Option(metavar="|".join(_MODES), help="What happens to features that are there.")
    ] = "upsert",
    accept: Annotated[
        str, typer.Option(metavar="all|valid", help="Refuse a file with errors, or leave out features with one.")
    ] = "all",
    author: AuthorOption = None,
    message: MessageOption = "",
    receipt: ReceiptOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Put features of a file into a proposal; what is as in the plan is no change."""
    language = spoken_language(lang)
    choose(mode, _MODES, option="--mode")
    choose(accept, ("all", "valid"), option="--accept")
    check_receipts(receipt)
    with open_existing(store) as opened, shown_progress(language) as progress:
        from api.proposing import proposal_checks  # noqa: PLC0415
        from layers.proposals import receive_changes  # noqa: PLC0415

        after, received = receive_changes(
            opened,
            id_,
            file,
            layer,
            mapping=mapping,
            source_layer=source_layer,
            crs=crs,
            encoding=encoding,
            coordinates=coordinate_columns(coordinates),
            polygons=polygons,
            text_encodings=text_encodings(text),
            author=author or getpass.getuser(),
            message=message or Text(vi=f"Tệp {file.name}", en=f"The file {file.name}").say(language),
            mode=cast("Any", mode),
            accept=cast("Any", accept),
            progress=progress,
        )
        checked = None if received.error is not None else proposal_checks(opened, after.id, language, progress=progress)
    write_receipts(received, receipt, language=language)
    if received.error is not None:
        raise received.error
    say_receipt(received, language=language)
    if checked is not None:
        say_checks(checked, language)


@proposal.command()
def remove(
    id_: IdArgument,
    features: Annotated[list[str], typer.Argument(metavar="LAYER/ID...", help="Features that should go.")],
    *,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Leave them as in the plan instead.")] = False,
    author: AuthorOption = None,
    message: MessageOption = "",
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Let a proposal take features away, or say nothing of them any more."""
    language = spoken_language(lang)
    named: dict[str, list[str]] = {}
    for one in features:
        layer, slash, name = one.partition("/")
        if not (layer and slash and name):
            raise BadParameterError(seen=one, wanted="LAYER/ID", where="LAYER/ID")
        named.setdefault(layer, []).append(name)
    with open_existing(store) as opened, shown_progress(language) as progress:
        from api.proposing import proposal_checks  # noqa: PLC0415
        from layers.proposals import Withdraw, edit_proposal  # noqa: PLC0415
        from layers.store import Remove  # noqa: PLC0415

        kind = Withdraw if withdraw else Remove
        edits = [kind(layer, ids) for layer, ids in named.items()]
        after = edit_proposal(opened, id_, edits, author=author or getpass.getuser(), message=message)
        checked = proposal_checks(opened, after.id, language, progress=progress)
    said = Text(
        vi=f"Đề xuất {after.id}, phiên bản {after.version}.", en=f"Proposal {after.id}, version {after.version}."
    )
    say(said.say(language))
    say_checks(checked, language)


@proposal.command()
def diff(
    id_: IdArgument,
    *,
    version: Annotated[int | None, typer.Option(metavar="N", help="What it changed then; now, without it.")] = None,
    format_: FormatOption = "table",
    out: OutOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Tell what a proposal changes: each feature, each attribute, areas and displacements."""
    language = spoken_language(lang)
    choose(format_, _FORMATS, option="--format")
    with open_existing(store) as opened:
        from api.differences import difference_document  # noqa: PLC0415
        from layers.proposals import proposal_diff  # noqa: PLC0415

        document = difference_document(proposal_diff(opened, id_, version=version), language)
    if format_ == "json":
        write_result(orjson.dumps(document, option=orjson.OPT_INDENT_2), out=out)
        return
    for layer in document["layers"]:
        rows = [
            (one["feature_id"], one["change_title"], field["title"], field["before_text"], field["after_text"])
            for one in layer["features"]
            for field in (*one["fields"], *one["shape"])
        ]
        headings = (
            Text(vi="đối tượng", en="feature"),
            Text(vi="thay đổi", en="change"),
            Text(vi="trường", en="field"),
            Text(vi="trước", en="before"),
            Text(vi="sau", en="after"),
        )
        print_table(f"{layer['title']} ({layer['layer']})", [heading.say(language) for heading in headings], rows)


@proposal.command()
def check(
    id_: IdArgument,
    *,
    format_: FormatOption = "table",
    out: OutOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Check and review a proposal against the plan: findings that are new, fixed or unchanged."""
    language = spoken_language(lang)
    choose(format_, _FORMATS, option="--format")
    with open_existing(store) as opened, shown_progress(language) as progress:
        from api.proposing import proposal_checks  # noqa: PLC0415

        document = proposal_checks(opened, id_, language, progress=progress)
    if format_ == "json":
        write_result(orjson.dumps(document, option=orjson.OPT_INDENT_2), out=out)
        return
    say_checks(document, language)
    for issue in document["validation"]["issues"]:
        say(f"- {issue['change_title']}: {issue['message']}")
    for one in document["reviews"]:
        for feature in one["findings"]["features"]:
            told = feature["properties"]
            title, outcome = one["changes"][told["change"]], one["outcomes"][told["outcome"]]
            say(f"- {one['horizon']}, {title}, {outcome}: {told['message']}")


@proposal.command()
def conflicts(
    id_: IdArgument,
    *,
    format_: FormatOption = "table",
    out: OutOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Tell in what a proposal contradicts what was changed since its base."""
    language = spoken_language(lang)
    choose(format_, _FORMATS, option="--format")
    with open_existing(store) as opened:
        from layers.proposals import merge_proposal  # noqa: PLC0415

        found = merge_proposal(opened, id_).merge.conflicts
    if format_ == "json":
        write_result(orjson.dumps(found.document(language), option=orjson.OPT_INDENT_2), out=out)
        return
    _say_conflicts(found.document(language), language)


@proposal.command()
def resolve(
    id_: IdArgument,
    choice: Annotated[str, typer.Argument(metavar="ours|theirs|base|accept", help="The plan, the proposal, its base.")],
    *,
    layer: Annotated[str | None, typer.Option(metavar="LAYER", help="Only conflicts of this layer.")] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Only conflicts of this kind.")] = None,
    feature: Annotated[str | None, typer.Option(metavar="ID", help="Only conflicts of this feature.")] = None,
    field: Annotated[str | None, typer.Option(metavar="FIELD", help="Only conflicts in this field.")] = None,
    message: MessageOption = "",
    author: AuthorOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Resolve conflicts of a proposal, one by one or by rule; it is noted who did and why."""
    language = spoken_language(lang)
    with open_existing(store) as opened:
        from layers.merge import Resolution  # noqa: PLC0415
        from layers.proposals import resolve_conflicts  # noqa: PLC0415

        said = Resolution(
            cast("Any", choice), layer=layer, kind=cast("Any", kind), feature_id=feature, field=field, why=message
        )
        left = resolve_conflicts(opened, id_, [said], author=author or getpass.getuser(), message=message)
    _say_conflicts(left.merge.conflicts.document(language), language)


@proposal.command()
def approve(
    id_: IdArgument,
    *,
    message: MessageOption = "",
    author: AuthorOption = None,
    decision: DecisionOption = None,
    decided: DecidedOption = None,
    document: DocumentOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Approve a proposal: merge it into the plan in one changeset. Open conflicts stop it."""
    language = spoken_language(lang)
    paper, file = attachment(decision, decided, document)
    with open_existing(store) as opened:
        from layers.proposals import approve_proposal  # noqa: PLC0415

        who = author or getpass.getuser()
        approved = approve_proposal(
            opened, id_, author=who, message=message, decision=paper, document=file, language=language
        )
    say(state_line(approved, language))
    made = Text(vi=f"Phiên bản thay đổi {approved.changeset}.", en=f"Changeset {approved.changeset}.")
    say(made.say(language))


def _say_conflicts(document: dict[str, Any], language: Language) -> None:
    for one in document["items"]:
        resolution = one["resolution"]
        how = "" if resolution is None else f" → {resolution['choice']} ({resolution['by']})"
        say(f"- {one['message']}{how}")
    said = Text(
        vi=f"{document['conflicts']} xung đột, còn {document['open']} chưa giải quyết.",
        en=f"{document['conflicts']} conflicts, {document['open']} of them open.",
    )
    say(said.say(language))
