"""Options of every command that reads a file as an import does, and what becomes of its receipt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer

from api.errors import BadParameterError
from api.terminal import say, write_result
from layers.types import Language, Text

if TYPE_CHECKING:
    from layers.receipts import Receipt

__all__ = [
    "CoordinatesOption",
    "CrsOption",
    "EncodingOption",
    "MappingOption",
    "PolygonsOption",
    "ReceiptOption",
    "SourceLayerOption",
    "TextOption",
    "check_receipts",
    "coordinate_columns",
    "say_receipt",
    "text_encodings",
    "write_receipts",
]

MappingOption = Annotated[
    str | None, typer.Option(metavar="FILE|NAME", help="Mapping file, or a shipped mapping; by name without it.")
]
SourceLayerOption = Annotated[str | None, typer.Option(metavar="NAME", help="Layer of a file with several.")]
CrsOption = Annotated[
    str | None, typer.Option(metavar="EPSG:CODE", help="CRS, or a reading that `parkplan inspect` names.")
]
EncodingOption = Annotated[str | None, typer.Option(metavar="NAME", help="Of text that states none.")]
CoordinatesOption = Annotated[
    str | None, typer.Option(metavar="EAST,NORTH", help="Columns of a table that hold the place, or one with WKT.")
]
PolygonsOption = Annotated[bool, typer.Option("--polygons", help="Closed lines of a drawing are areas.")]
TextOption = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=ENCODING", help="Encoding of Vietnamese text such as tcvn3 or vni; repeatable."),
]
ReceiptOption = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Write the receipt: .json, .html, or its issues as .geojson; repeatable."),
]
#: What a receipt can be written as.
_ENDINGS: Final = (".json", ".html", ".geojson")


def coordinate_columns(option: str | None) -> tuple[str, ...]:
    """Return the columns that ``--coordinates`` names.

    Parameters
    ----------
    option : str or None
        Names with commas between.

    Returns
    -------
    tuple of str
        Empty without the option.
    """
    return () if option is None else tuple(name.strip() for name in option.split(","))


def text_encodings(pairs: Sequence[str] | None) -> dict[str, str]:
    """Return the encodings that ``--text`` gives to columns.

    Parameters
    ----------
    pairs : sequence of str or None
        Each ``COLUMN=ENCODING``.

    Returns
    -------
    dict of str to str
        Encoding by column.

    Raises
    ------
    BadParameterError
        If one is no such pair.
    """
    chosen = {}
    for pair in pairs or ():
        column, equals, encoding = pair.partition("=")
        if not (column and equals and encoding):
            raise BadParameterError(seen=pair, wanted="COLUMN=ENCODING", where="--text")
        chosen[column] = encoding
    return chosen


def check_receipts(files: Sequence[Path] | None) -> None:
    """Make sure that every receipt can be written as its name says, before the work begins.

    Parameters
    ----------
    files : sequence of Path or None
        Where to.

    Raises
    ------
    BadParameterError
        If one has another ending.
    """
    for file in files or ():
        if file.suffix.lower() not in _ENDINGS:
            raise BadParameterError(seen=file.name, wanted=", ".join(_ENDINGS), where="--receipt")


def write_receipts(receipt: Receipt, files: Sequence[Path] | None, *, language: Language) -> None:
    """Write a receipt to its files.

    Parameters
    ----------
    receipt : Receipt
        What became of the file.
    files : sequence of Path or None
        Where to.
    language : {"vi", "en"}
        The reader's language.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    for file in files or ():
        write_result(_content(receipt, file.suffix.lower(), language), out=file)


def say_receipt(receipt: Receipt, *, language: Language) -> None:
    """Say a receipt on the terminal.

    Parameters
    ----------
    receipt : Receipt
        What became of the file.
    language : {"vi", "en"}
        The reader's language.
    """
    for line in receipt.messages(language):
        say(line)
    if receipt.changeset is not None:
        made = Text(vi=f"Phiên bản thay đổi {receipt.changeset.id}.", en=f"Changeset {receipt.changeset.id}.")
        say(made.say(language))


def _content(receipt: Receipt, ending: str, language: Language) -> bytes:
    if ending == ".geojson":
        collection: str = receipt.issues_frame(language).to_json(drop_id=True)
        return collection.encode()
    document = receipt.document(language)
    if ending == ".json":
        return orjson.dumps(document, option=orjson.OPT_INDENT_2)

    from api.receipts import receipt_page  # noqa: PLC0415

    return receipt_page(document, language).encode()
