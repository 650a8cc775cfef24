"""`parkplan log`, `diff`, `blame`, `restore`: what changed, who changed it, and how to make it as it was."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.commands.options import AsOfOption, LangOption, StoreOption, choose, open_existing, record_time
from api.errors import BadParameterError
from api.terminal import print_table, say, spoken_language, write_result
from layers.types import Language, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from layers.history.model import Diff, LayerDiff
    from layers.store import Changeset, Decision

__all__ = ["blame", "diff", "log", "restore"]

_LOG_FORMATS: Final = ("table", "json")
_DIFF_FORMATS: Final = ("text", "json", "geojson")
_BLAME_FORMATS: Final = ("table", "json")
_MARKS: Final = {"insert": "+", "update": "~", "delete": "-"}
_HEADINGS: Final = {
    "changeset": Text(vi="phiên bản", en="changeset"),
    "time": Text(vi="thời điểm (UTC)", en="time (UTC)"),
    "author": Text(vi="người thực hiện", en="author"),
    "message": Text(vi="nội dung", en="message"),
    "decision": Text(vi="quyết định", en="decision"),
    "changes": Text(vi="thay đổi", en="changes"),
    "field": Text(vi="trường", en="field"),
    "value": Text(vi="giá trị", en="value"),
}
LayersOption = Annotated[
    list[str] | None, typer.Option("--layer", metavar="LAYER", help="Only this layer; may be given several times.")
]


def log(
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    before: Annotated[int | None, typer.Option(metavar="N", help="Only changesets before this one.")] = None,
    format_: Annotated[str, typer.Option("--format", metavar="|".join(_LOG_FORMATS), help="Of the result.")] = "table",
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Show the newest changesets, and what each of them changed."""
    language = spoken_language(lang)
    choose(format_, _LOG_FORMATS, option="--format")
    with open_existing(store) as opened:
        from layers.history.documents import OPERATION_TITLES, changeset_document  # noqa: PLC0415
        from layers.history.reading import change_counts  # noqa: PLC0415

        page = opened.changesets(before=before, limit=limit, newest_first=True)
        definitions = opened.layers()
        with opened.core.reading() as connection:
            ends = (page[-1].id - 1, page[0].id) if page else (0, 0)
            counts = change_counts(opened.core, connection, *ends)
    documents = [
        changeset_document(entry, counts=counts.get(entry.id), definitions=definitions, language=language)
        for entry in page
    ]
    if format_ == "json":
        _write({"changesets": documents}, None)
        return
    titles = {name: title.say(language) for name, title in OPERATION_TITLES.items()}
    rows = [
        (
            entry.id,
            f"{entry.time:%Y-%m-%d %H:%M:%S}",
            entry.author,
            entry.message,
            _decided(entry.decision),
            "\n".join(_counted(layer["title"], layer, titles) for layer in document["layers"]),
        )
        for entry, document in zip(page, documents, strict=True)
    ]
    names = ("changeset", "time", "author", "message", "decision", "changes")
    title = Text(vi="Lịch sử thay đổi, mới nhất trước", en="Record of changes, newest first")
    print_table(title.say(language), [_HEADINGS[name].say(language) for name in names], rows)


def _counted(title: str, counts: Mapping[Any, Any], titles: dict[str, str]) -> str:
    parts = ", ".join(f"{titles[name]} {counts[name]}" for name in titles if counts.get(name))
    return f"{title}: {parts}"


def _decided(decision: Decision | None) -> str:
    if decision is None:
        return ""
    return decision.number if decision.date is None else f"{decision.number} ({decision.date})"


def diff(
    start: Annotated[str, typer.Argument(metavar="FROM", help="Changeset, day or moment; 0 is before the first.")],
    end: Annotated[str | None, typer.Argument(metavar="[TO]", help="The newest state without it.")] = None,
    *,
    layer: LayersOption = None,
    format_: Annotated[str, typer.Option("--format", metavar="|".join(_DIFF_FORMATS), help="Of the result.")] = "text",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the result there.")] = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Show what changed between two states: features, attributes, shapes in metres and square metres."""
    language = spoken_language(lang)
    choose(format_, _DIFF_FORMATS, option="--format")
    first, last = record_time(start, option="FROM"), record_time(end, option="TO")
    with open_existing(store) as opened:
        from layers.history.documents import diff_document, diff_features  # noqa: PLC0415

        found = opened.diff(first or 0, opened.latest() if last is None else last, layers=layer or None)
    if format_ == "json":
        _write(diff_document(found, language=language), out)
    elif format_ == "geojson":
        _write({"type": "FeatureCollection", "features": list(diff_features(found, language=language))}, out)
    else:
        lines = "".join(f"{line}\n" for line in _diff_lines(found, language))
        if out is None:
            say(lines.rstrip("\n"))
        else:
            write_result(lines.encode(), out=out)
    if out is not None:
        say(Text(vi=f"Đã ghi {out}", en=f"Wrote {out}").say(language), error=True)


def _write(document: dict[str, Any], out: Path | None) -> None:
    from layers.geojson import to_json  # noqa: PLC0415

    write_result(to_json(document) + b"\n", out=out)


def _diff_lines(found: Diff, language: Language) -> Iterator[str]:
    from layers.history.documents import OPERATION_TITLES  # noqa: PLC0415

    if not len(found):
        yield Text(vi="Hai trạng thái giống nhau.", en="The two states are the same.").say(language)
    titles = {name: title.say(language) for name, title in OPERATION_TITLES.items()}
    for layer, one in found.layers.items():
        yield _counted(f"{one.definition.title.say(language)} ({layer})", one.counts, titles)
        yield from _layer_lines(one, language)


def _layer_lines(one: LayerDiff, language: Language) -> Iterator[str]:
    from layers.history.documents import GEOMETRY_TITLE, diff_document, value_text  # noqa: PLC0415
    from layers.history.model import Diff  # noqa: PLC0415

    fields = {field.name: field for field in one.definition.all_fields}
    document = diff_document(Diff({one.definition.id: one}), language=language)["layers"][0]
    for feature in document["features"]:
        title = "" if feature["title"] is None else f"  {feature['title']}"
        yield f"{_MARKS[feature['operation']]} {feature['id']}{title}"
        if feature["operation"] == "update":
            changed = one.fields(feature["id"])
            for attribute in feature["attributes"]:
                field = fields[attribute["field"]]
                old, new = (value_text(field, value, language) for value in changed[field.name])
                yield f"    {attribute['title']}: {old} → {new}"
        if feature["geometry"] is not None:
            yield f"    {GEOMETRY_TITLE.say(language)}: {_measured(feature['geometry'], language)}"


def _measured(measures: dict[str, float | None], language: Language) -> str:
    parts = []
    if measures["area_before_m2"] or measures["area_after_m2"]:
        parts.append(f"+{measures['gained_m2']:,.1f} −{measures['lost_m2']:,.1f} m²")
    if measures["length_before_m"] or measures["length_after_m"]:
        parts.append(f"{measures['length_before_m']:,.1f} → {measures['length_after_m']:,.1f} m")
    if measures["displacement_m"] is not None:
        moved = f"{measures['displacement_m']:,.2f} m"
        parts.append(Text(vi=f"lệch tới {moved}", en=f"moved by up to {moved}").say(language))
    return "; ".join(parts) or Text(vi="điểm", en="a point").say(language)


def blame(
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="Id of the layer.")],
    feature: Annotated[str, typer.Argument(metavar="FEATURE", help="Id of the feature.")],
    *,
    as_of: AsOfOption = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="|".join(_BLAME_FORMATS), help="Of the result.")
    ] = "table",
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Show who last set each attribute of a feature, when, why, and by which decision."""
    language = spoken_language(lang)
    choose(format_, _BLAME_FORMATS, option="--format")
    recorded = record_time(as_of)
    with open_existing(store) as opened:
        from layers.history.blaming import blame as blame_feature  # noqa: PLC0415
        from layers.history.documents import blame_document, value_text  # noqa: PLC0415

        found = blame_feature(opened, layer, feature, as_of=recorded)
    document = blame_document(found, language=language)
    if format_ == "json":
        _write(document, None)
        return
    fields = {field.name: field for field in found.definition.all_fields}
    rows = [
        (
            attribute["title"],
            value_text(fields[name], one.value, language) if name in fields else _kind(one.value),
            *_said(one.changeset),
        )
        for (name, one), attribute in zip(found.attributes.items(), document["attributes"], strict=True)
    ]
    names = ("field", "value", "changeset", "time", "author", "message", "decision")
    print_table(f"{layer}/{feature}", [_HEADINGS[name].say(language) for name in names], rows)
    if found.deleted is not None:
        gone = Text(vi=f"Đã xoá ở phiên bản {found.deleted.id}.", en=f"Removed by changeset {found.deleted.id}.")
        say(gone.say(language))


def _kind(shape: Any) -> str:
    return "–" if shape is None else str(shape.geom_type)


def _said(changeset: Changeset) -> tuple[object, ...]:
    return (
        changeset.id,
        f"{changeset.time:%Y-%m-%d %H:%M:%S}",
        changeset.author,
        changeset.message,
        _decided(changeset.decision),
    )


def restore(
    to: Annotated[str, typer.Argument(metavar="TO", help="Changeset, day or moment; 0 is before the first.")],
    *,
    layer: LayersOption = None,
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="ID", help="Only this feature of the one layer; may be given several times."),
    ] = None,
    message: Annotated[str | None, typer.Option(help="Why.")] = None,
    author: Annotated[str | None, typer.Option(help="Who does it; you, without it.")] = None,
    decision: Annotated[str | None, typer.Option(metavar="NUMBER", help="Document by which it was decided.")] = None,
    decided: Annotated[str | None, typer.Option(metavar="DATE", help="Date of that document.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Make features, layers or the whole store as they were, by a new changeset."""
    language = spoken_language(lang)
    when = record_time(to, option="TO")
    document = _document(decision, decided)
    with open_existing(store) as opened:
        from layers.history.restoring import restore as make_again  # noqa: PLC0415
        from layers.history.restoring import way_back  # noqa: PLC0415

        chosen: dict[str, Any] = {"layers": layer or None, "ids": feature or None}
        if dry_run:
            for line in _diff_lines(way_back(opened, when or 0, **chosen), language):
                say(line)
            return
        why = message or Text(vi=f"Khôi phục trạng thái {to}", en=f"Restore the state {to}").say(language)
        done = make_again(
            opened, when or 0, author=author or getpass.getuser(), message=why, decision=document, **chosen
        )
    if done is None:
        say(Text(vi="Mọi thứ đã như vậy rồi.", en="Everything is so already.").say(language))
        return
    said = Text(
        vi=f"Phiên bản {done.id}: đã khôi phục {done.features} đối tượng.",
        en=f"Changeset {done.id}: {done.features} features restored.",
    )
    say(said.say(language))


def _document(number: str | None, date: str | None) -> Decision | None:
    from layers.store import Decision  # noqa: PLC0415

    if number is None:
        if date is not None:
            wanted = Text(vi="cả --decision", en="--decision with it")
            raise BadParameterError(seen=date, wanted=wanted, where="--decided")
        return None
    try:
        return Decision(number, None if date is None else dt.date.fromisoformat(date))
    except ValueError as error:
        wanted = Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31")
        raise BadParameterError(seen=date, wanted=wanted, where="--decided") from error
