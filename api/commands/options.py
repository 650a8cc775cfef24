"""Options that several commands take, and the store that they work on."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.errors import BadParameterError, MissingStoreError
from layers.errors import ValueOutOfRangeError

if TYPE_CHECKING:
    from layers.store import Store

__all__ = [
    "AsOfOption",
    "LangOption",
    "ProposalOption",
    "StoreOption",
    "choose",
    "named_store",
    "open_existing",
    "record_time",
]

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="PATH|URL", help="GeoPackage or postgresql:// address. [env: PARKPLAN_STORE]"),
]
ProposalOption = Annotated[
    str | None, typer.Option("--proposal", metavar="N", help="The state that this proposal would make.")
]
LangOption = Annotated[
    str | None, typer.Option("--lang", metavar="vi|en", help="Language of what is said. [env: PARKPLAN_LANGUAGE]")
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="N|TIME", help="State after that changeset, at the end of a day, or at a moment."),
]


def record_time(text: str | None, *, option: str = "--as-of") -> int | dt.datetime | None:
    """Return the state that is meant.

    Parameters
    ----------
    text : str or None
        Number of a changeset, a day or a moment.
    option : str
        Its name.

    Returns
    -------
    int, datetime.datetime or None
        None for the current state.

    Raises
    ------
    BadParameterError
        If it is none of these.
    """
    from layers.time import parse_as_of  # noqa: PLC0415

    try:
        return None if text is None else parse_as_of(text)
    except ValueOutOfRangeError as error:
        raise BadParameterError(seen=error.seen, wanted=error.wanted, where=option) from error


def choose(value: str, allowed: tuple[str, ...], *, option: str) -> str:
    """Return the value of an option that has a few.

    Parameters
    ----------
    value : str
        As given.
    allowed : tuple of str
        All that there are.
    option : str
        Its name.

    Returns
    -------
    str
        The value.

    Raises
    ------
    BadParameterError
        If it is none of them.
    """
    if value not in allowed:
        raise BadParameterError(seen=value, wanted=", ".join(allowed), where=option)
    return value


def named_store(store: str | None) -> str:
    """Return the store that is meant.

    Parameters
    ----------
    store : str or None
        The option ``--store``.

    Returns
    -------
    str
        It, else the one in the settings.

    Raises
    ------
    SettingsError
        If a setting is not valid.
    """
    from api.settings import load_settings  # noqa: PLC0415

    # A store is opened here, not served: whom a server would listen to does not matter.
    return load_settings(store=store, allow_remote=True).store


def open_existing(store: str | None) -> Store:
    """Open the store that is meant, and make none.

    Parameters
    ----------
    store : str or None
        The option ``--store``.

    Returns
    -------
    Store
        Open.

    Raises
    ------
    MissingStoreError
        If it is a file that is not there.
    StoreUnreachableError
        If it is no store, or its server does not answer.
    """
    from api.settings import is_server_store  # noqa: PLC0415
    from layers.store import open_store  # noqa: PLC0415

    name = named_store(store)
    if not is_server_store(name) and not Path(name).exists():
        raise MissingStoreError(seen=name, wanted="parkplan init" + (f" --store {name}" if store else ""))
    return open_store(name)
