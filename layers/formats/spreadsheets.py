"""CSV and Excel tables: every cell as it is written, the places from the columns that hold them."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import warnings
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from layers.errors import FileUnreadableError
from layers.formats.archives import MAX_RATIO, MAX_UNPACKED_BYTES, RATIO_FREE_BYTES
from layers.formats.coordinates import place
from layers.formats.frames import FrameFile, Loaded
from layers.formats.model import ReadOptions, beginning, refuse
from layers.lazy import lazy_module
from layers.types import Text

if TYPE_CHECKING:
    import openpyxl.utils.exceptions
else:
    openpyxl = lazy_module("openpyxl", "openpyxl.utils.exceptions")

__all__ = ["open_csv", "open_xlsx"]

#: What Excel and others part values with.
_SEPARATORS: Final = ",;\t|"
_SAMPLE_BYTES: Final = 64 * 1024
_ZIP: Final = b"PK\x03\x04"


def open_csv(path: Path, options: ReadOptions, stack: ExitStack) -> FrameFile:
    """Look at a table of separated values.

    Parameters
    ----------
    path : Path
        The .csv, .tsv or .txt file.
    options : ReadOptions
        With its encoding, if it is not UTF-8, and the columns that hold the place.
    stack : ExitStack
        Not needed here.

    Returns
    -------
    FrameFile
        One layer, every value as text.

    Raises
    ------
    FileUnreadableError
        If it is empty, or its text is in another encoding.
    """
    del stack
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    if not sample.strip() or (b"\x00" in sample and not sample.startswith((b"\xff\xfe", b"\xfe\xff"))):
        refuse(path, seen=beginning(sample[:16]), wanted=Text(vi="bảng CSV", en="a CSV table"))
    encoding = options.encoding or ("utf-16" if sample.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    loader = functools.partial(_load_csv, path, encoding, options)
    return FrameFile(path, "CSV", encoding.removesuffix("-sig"), {path.stem: loader})


def _load_csv(path: Path, encoding: str, options: ReadOptions) -> Loaded:
    wanted = Text(
        vi="bảng CSV bằng UTF-8, hoặc khai báo --encoding", en="a CSV table in UTF-8, or its --encoding stated"
    )
    try:
        with path.open(encoding=encoding, newline="") as file:
            head = file.readline()
        separator = max(_SEPARATORS, key=head.count)
        # A row longer than its head would lose a value; pandas says so with a warning only.
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path, sep=separator, encoding=encoding, dtype="str", keep_default_na=False, na_values=[""],
                index_col=False, quoting=csv.QUOTE_MINIMAL,
            )  # fmt: skip
    except (UnicodeError, LookupError, ValueError, pd.errors.ParserWarning) as error:
        raise FileUnreadableError(seen=error, wanted=wanted, where=str(path)) from error
    return place(frame, path=path, columns=options.coordinates)


def open_xlsx(path: Path, options: ReadOptions, stack: ExitStack) -> FrameFile:
    """Look at an Excel workbook.

    Parameters
    ----------
    path : Path
        The .xlsx file.
    options : ReadOptions
        With the columns that hold the place.
    stack : ExitStack
        Closes the workbook.

    Returns
    -------
    FrameFile
        One layer a sheet with rows; results of formulas as Excel saved them.

    Raises
    ------
    FileUnreadableError
        If it is no workbook, or unpacks to more than the limits of archives.
    """
    with path.open("rb") as file:
        begins = file.read(len(_ZIP))
    if begins != _ZIP:
        refuse(path, seen=beginning(begins), wanted="Excel (.xlsx)")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        allowed = min(MAX_UNPACKED_BYTES, max(RATIO_FREE_BYTES, path.stat().st_size * MAX_RATIO))
        if unpacked > allowed:
            seen = Text(vi=f"giải nén ra {unpacked} byte", en=f"it unpacks to {unpacked} bytes")
            refuse(path, seen=seen, wanted=Text(vi=f"không quá {allowed} byte", en=f"at most {allowed} bytes"))
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except (
        zipfile.BadZipFile,
        openpyxl.utils.exceptions.InvalidFileException,
        KeyError,
        ValueError,
        EOFError,
    ) as error:
        raise FileUnreadableError(seen=error, wanted="Excel (.xlsx)", where=str(path)) from error
    stack.callback(book.close)
    sheets = {name: book[name] for name in book.sheetnames}
    filled = {name: sheet for name, sheet in sheets.items() if next(sheet.iter_rows(values_only=True), None)}
    loaders = {name: functools.partial(_load_sheet, path, sheet, options) for name, sheet in filled.items()}
    return FrameFile(path, "XLSX", "UTF-8", loaders)


def _load_sheet(path: Path, sheet: Any, options: ReadOptions) -> Loaded:
    rows = [row for row in sheet.iter_rows(values_only=True) if any(value is not None for value in row)]
    if not rows:
        return place(pd.DataFrame(), path=path)
    width = max((i + 1 for row in rows for i, value in enumerate(row) if value is not None), default=0)
    names = [str(name) if name is not None else "" for name in rows[0][:width]]
    if not all(names) or len(set(names)) != len(names) or len(names) < width:
        wanted = Text(vi="dòng đầu là tên cột, mỗi tên một lần", en="names of the columns in the first row, each once")
        refuse(path, seen=f"{sheet.title}: {', '.join(names)}", wanted=wanted)
    columns = {name: _column([row[i] if i < len(row) else None for row in rows[1:]]) for i, name in enumerate(names)}
    return place(pd.DataFrame(columns), path=path, columns=options.coordinates)


def _column(values: list[Any]) -> pd.Series[Any]:
    """Give a column its type; one of several types stays as it is, value by value."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds == {int}:
        return pd.Series(values, dtype="Int64" if all(abs(v) < 2**63 for v in values if v is not None) else "object")
    if kinds and kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    if kinds == {dt.datetime}:
        return pd.Series(values, dtype="datetime64[s]")
    return pd.Series(values, dtype="str" if kinds <= {str} else "object")
