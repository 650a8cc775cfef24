"""The terminal: the reader's language, tables, and files that are whole or not there."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

from api.errors import BadParameterError, OutputError
from api.languages import as_language
from layers.types import LANGUAGES, Language, Text

__all__ = [
    "BAD_INPUT",
    "environment_language",
    "named_language",
    "print_table",
    "say",
    "shown_progress",
    "spoken_language",
    "write_result",
]

#: Exit code for input that cannot be used.
BAD_INPUT: Final = 2
#: Columns of a table that is not read on a screen but by another program or from a file.
_PIPED_WIDTH: Final = 240


def environment_language(environment: Mapping[str, str]) -> Language:
    """Return the language that an environment asks for.

    Parameters
    ----------
    environment : mapping of str to str
        Environment variables.

    Returns
    -------
    {"vi", "en"}
        `PARKPLAN_LANGUAGE` if it is a language of the house, else Vietnamese where the locale is, else English.

    Examples
    --------
    >>> environment_language({"LANG": "vi_VN.UTF-8"}), environment_language({"LANG": "C"})
    ('vi', 'en')
    """
    if chosen := as_language(environment.get("PARKPLAN_LANGUAGE", "")):
        return chosen
    locale = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "vi" if locale.startswith("vi") else "en"


def named_language(arguments: Sequence[str]) -> Language | None:
    """Return the language that a command line names, before it is parsed.

    Parameters
    ----------
    arguments : sequence of str
        The arguments.

    Returns
    -------
    {"vi", "en"} or None
        Of the option ``--lang``; None without it, or where it is wrong.

    Examples
    --------
    >>> named_language(["review", "--lang=vi"])
    'vi'
    """
    following = [after for name, after in pairwise(arguments) if name == "--lang"]
    joined = [name.removeprefix("--lang=") for name in arguments if name.startswith("--lang=")]
    return next((language for text in (*following, *joined) if (language := as_language(text))), None)


def spoken_language(lang: str | None) -> Language:
    """Return the language in which a command speaks.

    Parameters
    ----------
    lang : str or None
        The option ``--lang``.

    Returns
    -------
    {"vi", "en"}
        The one it names, else that of the environment.

    Raises
    ------
    BadParameterError
        If it names another.
    """
    if lang is None:
        return environment_language(os.environ)
    language = as_language(lang)
    if language is None:
        raise BadParameterError(seen=lang, wanted=", ".join(LANGUAGES), where="--lang")
    return language


def say(text: str, *, error: bool = False) -> None:
    """Write a line.

    Parameters
    ----------
    text : str
        The line.
    error : bool, optional
        To standard error.
    """
    stream = sys.stderr if error else sys.stdout
    stream.write(f"{_harmless(text)}\n")
    stream.flush()


def _harmless(text: str) -> str:
    """Take out what would steer the terminal: data may hold anything."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: int = 0) -> None:
    """Write a table.

    Parameters
    ----------
    title : str
        Above it.
    columns : sequence of str
        Headings.
    rows : iterable of sequence
        Values; None shows nothing.
    numbers : int, optional
        How many columns at the right are numbers, which stand right-aligned.
    """
    # Loaded here: most commands write no table, and every command should start at once.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text as Cell  # noqa: PLC0415

    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        right = place >= len(columns) - numbers
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Cell("" if value is None else _harmless(str(value))) for value in row))
    Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH).print(table)


@contextmanager
def shown_progress(language: Language) -> Iterator[Callable[[Text, float], None] | None]:
    """Show how far long work is, on a terminal and nowhere else.

    Parameters
    ----------
    language : {"vi", "en"}
        The reader's language.

    Yields
    ------
    callable or None
        Takes what is being done and the share that is done; None where nobody looks.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def told(done: Text, share: float) -> None:
            bar.update(task, description=done.say(language), completed=share)

        yield told


def write_result(content: bytes, *, out: Path | None) -> None:
    """Write a result to a file, or to standard output.

    Parameters
    ----------
    content : bytes
        All of it.
    out : Path or None
        The file; it is replaced in one step, so that nobody ever sees half of it. None is standard output.

    Raises
    ------
    OutputError
        If the file cannot be written; what was there before is still there.
    """
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    wanted = Text(vi="một thư mục có sẵn và ghi được", en="a folder that is there and can be written to")
    try:
        if out.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
        written = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            written.chmod(0o666 & ~_umask())
            written.replace(out)
        except BaseException:
            with suppress(FileNotFoundError):
                written.unlink()
            raise
    except OSError as error:
        raise OutputError(seen=error.strerror or type(error).__name__, wanted=wanted, where=str(out)) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
