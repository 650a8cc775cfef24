"""`parkplan layers`: what layers there are, what they consist of, and a new one from its definition file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.options import AsOfOption, LangOption, StoreOption, open_existing, record_time
from api.terminal import print_table, say, spoken_language, write_result
from layers.types import Text

__all__ = ["layers"]

layers = typer.Typer(help="List, show, add and document layers.", no_args_is_help=False)

IdArgument = Annotated[str, typer.Argument(metavar="LAYER", help="Id of the layer.")]


@layers.command(name="list")
def list_(as_of: AsOfOption = None, store: StoreOption = None, lang: LangOption = None) -> None:
    """List the layers."""
    language, recorded = spoken_language(lang), record_time(as_of)
    with open_existing(store) as opened:
        rows = [
            (
                layer,
                definition.title.say(language),
                definition.theme,
                ", ".join(definition.geometry),
                opened.count(layer, as_of=recorded),
            )
            for layer, definition in opened.layers().items()
        ]
    headings = (
        Text(vi="lớp", en="layer"),
        Text(vi="tên", en="title"),
        Text(vi="chủ đề", en="theme"),
        Text(vi="hình học", en="geometry"),
        Text(vi="số đối tượng", en="features"),
    )
    title = Text(vi="Các lớp dữ liệu", en="Layers")
    print_table(title.say(language), [heading.say(language) for heading in headings], rows, numbers=1)


@layers.command()
def show(layer: IdArgument, as_of: AsOfOption = None, store: StoreOption = None, lang: LangOption = None) -> None:
    """Show one layer: its fields, its extent and where it comes from."""
    language, recorded = spoken_language(lang), record_time(as_of)
    with open_existing(store) as opened:
        definition = opened.definition(layer)
        extent = opened.extent(layer, as_of=recorded)
    rows = [
        (
            field.name,
            field.title.say(language),
            field.type,
            field.unit,
            ", ".join(code.value for code in field.codes),
        )
        for field in definition.all_fields
    ]
    headings = (
        Text(vi="trường", en="field"),
        Text(vi="tên", en="title"),
        Text(vi="kiểu", en="type"),
        Text(vi="đơn vị", en="unit"),
        Text(vi="giá trị", en="values"),
    )
    title = f"{definition.title.say(language)} ({definition.id})"
    print_table(title, [heading.say(language) for heading in headings], rows)
    bounds = "" if extent.bounds is None else " ".join(f"{degrees:.5f}" for degrees in extent.bounds)
    facts = (
        (Text(vi="Số đối tượng", en="Features"), extent.features),
        (Text(vi="Phạm vi (WGS 84)", en="Bounds (WGS 84)"), bounds),
        (Text(vi="Thời gian quy hoạch", en="Planned time"), f"{extent.start or '..'}/{extent.end or '..'}"),
        (Text(vi="Nguồn", en="Source"), definition.source),
        (Text(vi="Giấy phép", en="Licence"), definition.licence),
    )
    for name, value in facts:
        say(f"{name.say(language)}: {value}")


@layers.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Definition of the layer.")],
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Add a layer from its definition file, or bring one up to date."""
    language = spoken_language(lang)

    from layers.definitions import read_definition  # noqa: PLC0415

    definition = read_definition(file)
    with open_existing(store) as opened:
        known = opened.layers().get(definition.id)
        opened.add_layer(definition)
    told = {
        "new": Text(vi=f"Đã thêm lớp {definition.id}.", en=f"Added the layer {definition.id}."),
        "same": Text(vi=f"Lớp {definition.id} không đổi.", en=f"The layer {definition.id} is unchanged."),
        "other": Text(vi=f"Đã cập nhật lớp {definition.id}.", en=f"Updated the layer {definition.id}."),
    }
    state = "new" if known is None else "same" if known == definition else "other"
    say(told[state].say(language))


@layers.command()
def schema(layer: IdArgument, store: StoreOption = None, lang: LangOption = None) -> None:
    """Write the JSON Schema of a layer."""
    language = spoken_language(lang)

    from layers.geojson import to_json  # noqa: PLC0415
    from layers.schema import json_schema  # noqa: PLC0415

    with open_existing(store) as opened:
        definition = opened.definition(layer)
    write_result(to_json(json_schema(definition, language)) + b"\n", out=None)


@layers.command()
def docs(store: StoreOption = None, lang: LangOption = None) -> None:
    """Write the reference page of all layers in Markdown."""
    language = spoken_language(lang)

    from layers.schema import reference_page  # noqa: PLC0415

    with open_existing(store) as opened:
        page = reference_page(list(opened.layers().values()), language)
    write_result(page.encode(), out=None)
