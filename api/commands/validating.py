"""`parkplan validate`: everything an import would find in a file, and nothing written."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.options import LangOption, StoreOption, named_store, open_existing
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
from api.terminal import BAD_INPUT, shown_progress, spoken_language

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from layers.definitions import LayerDefinition
    from layers.store import Store

__all__ = ["validate"]


def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `parkplan import` would read.")],
    *,
    layer: Annotated[
        str | None, typer.Option(metavar="LAYER", help="Layer it is for; without it the file is looked at for itself.")
    ] = None,
    mapping: MappingOption = None,
    source_layer: SourceLayerOption = None,
    crs: CrsOption = None,
    encoding: EncodingOption = None,
    coordinates: CoordinatesOption = None,
    polygons: PolygonsOption = False,
    text: TextOption = None,
    receipt: ReceiptOption = None,
    store: StoreOption = None,
    lang: LangOption = None,
) -> None:
    """Check a file as an import would, and write nothing."""
    language = spoken_language(lang)
    check_receipts(receipt)
    columns, encodings = coordinate_columns(coordinates), text_encodings(text)
    with _surrounding(store) as opened, shown_progress(language) as progress:
        from layers.examining import validate_file  # noqa: PLC0415
        from layers.importing import StoreSurroundings  # noqa: PLC0415

        found = validate_file(
            file,
            definition=None if layer is None else _definition(opened, layer),
            mapping=mapping,
            source_layer=source_layer,
            crs=crs,
            encoding=encoding,
            text_encodings=encodings,
            coordinates=columns,
            polygons=polygons,
            surroundings=None if opened is None else StoreSurroundings(opened),
            progress=progress,
        )
    write_receipts(found, receipt, language=language)
    say_receipt(found, language=language)
    if found.errors:
        raise typer.Exit(BAD_INPUT)


def _surrounding(store: str | None) -> AbstractContextManager[Store | None]:
    """Open the store that is meant; without one that was named, a file can be checked by itself."""
    from api.settings import is_server_store  # noqa: PLC0415

    name = named_store(store)
    if store is None and not is_server_store(name) and not Path(name).exists():
        return nullcontext()
    return open_existing(store)


def _definition(store: Store | None, layer: str) -> LayerDefinition:
    if store is not None:
        return store.definition(layer)

    from layers.catalogue import shipped_definitions  # noqa: PLC0415
    from layers.errors import UnknownLayerError  # noqa: PLC0415

    shipped = shipped_definitions()
    if layer not in shipped:
        raise UnknownLayerError(seen=layer, wanted=", ".join(shipped))
    return shipped[layer]
