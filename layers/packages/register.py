"""The record of exchanges: who was handed which state of which layers, when, and what came back of it.

Every package that is handed out is noted, and every one that comes back; the rows never change and never go.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import sqlalchemy as sa

from layers.errors import UnknownPackageError
from layers.packages.changes import PackageChanges
from layers.packages.creating import create_package
from layers.packages.manifest import Manifest, checksum
from layers.packages.signing import fingerprint
from layers.store import Store
from layers.types import Language, Text

__all__ = [
    "EXCHANGE_TITLES",
    "Exchange",
    "ExchangeKind",
    "get_exchange",
    "hand_out",
    "list_exchanges",
    "note_return",
]

ExchangeKind = Literal["handed_out", "returned"]
EXCHANGE_TITLES: Final[Mapping[ExchangeKind, Text]] = {
    "handed_out": Text(vi="Giao", en="Handed out"),
    "returned": Text(vi="Nhận lại", en="Returned"),
}
_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line of the record.

    Parameters
    ----------
    number : int
        From 1, in the order in which things happened.
    kind : {"handed_out", "returned"}
        What happened.
    time : datetime
        When, UTC.
    who : str
        Who handed it out, or brought it back.
    institute : str
        For whom it was made; empty for a bare file.
    base : int
        The changeset of the state that it holds, or that it began with.
    layers : mapping of str to int
        Features by layer: all that were handed out, or those that were changed.
    area : dict or None
        GeoJSON geometry; None is everywhere.
    name : str
        Of the file.
    sha256 : str
        Checksum of the file.
    size : int
        Its length, bytes.
    signature : str
        Fingerprint of the key that signed it; empty without a signature.
    language : str
        Of readme and titles; empty for a bare file.
    made : str
        The moment that its manifest states, by which a returned package is known.
    answers : int or None
        Of one that came back, the number under which it was handed out, where that is known.
    proposal : str or None
        What became of one that came back; None where nothing was changed.
    place : str
        What the server that keeps the file calls its folder; empty where none does.
    """

    number: int
    kind: ExchangeKind
    time: dt.datetime
    who: str
    institute: str
    base: int
    layers: Mapping[str, int]
    area: dict[str, Any] | None
    name: str
    sha256: str
    size: int
    signature: str
    language: str
    made: str
    answers: int | None
    proposal: str | None
    place: str

    def document(self, language: Language = "en") -> dict[str, Any]:
        """Return the line as plain values, ready for JSON.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            All that a reader may know of it.
        """
        return {
            "number": self.number,
            "kind": self.kind,
            "title": EXCHANGE_TITLES[self.kind].say(language),
            "time": self.time.isoformat(),
            "who": self.who,
            "institute": self.institute or None,
            "base": self.base,
            "layers": dict(self.layers),
            "area": self.area,
            "name": self.name,
            "sha256": self.sha256,
            "size": self.size,
            "signature": self.signature or None,
            "language": self.language or None,
            "answers": self.answers,
            "proposal": self.proposal,
        }


def hand_out(
    store: Store,
    target: str | Path,
    *,
    who: str,
    seen: Store | None = None,
    as_of: int | dt.datetime | None = None,
    place: str = "",
    **options: Any,
) -> tuple[Manifest, Exchange]:
    """Write layers into a package, and note that it was handed out.

    Parameters
    ----------
    store : Store
        The whole store, which keeps the record.
    target : str or Path
        Where to; a file that is there is replaced in one step.
    who : str
        Who hands it out.
    seen : Store, optional
        What may be handed out of the store; all of it, without it.
    as_of : int or datetime.datetime, optional
        The state after this changeset, or at that moment; the current one without it.
    place : str
        What a server that keeps the file calls its folder.
    **options
        As for `layers.packages.create_package`, but for `changeset`.

    Returns
    -------
    Manifest, Exchange
        What the package says of itself, and the line that was noted.

    Raises
    ------
    UnknownLayerError, UnknownChangesetError, ValueOutOfRangeError
        As for `layers.packages.create_package`.
    """
    path = Path(target)
    with store.core.reading() as connection:
        changeset = None if as_of is None else store.core.changeset_at(connection, as_of)
    manifest = create_package(store if seen is None else seen, path, changeset=changeset, **options)
    file, key = checksum(path), options.get("key")
    noted = _note(
        store,
        kind="handed_out",
        who=who,
        institute=manifest.institute,
        base=manifest.store.changeset,
        layers={layer: entry.features for layer, entry in manifest.layers.items()},
        area=manifest.area,
        name=path.name,
        sha256=file.sha256,
        size=file.size,
        signature="" if key is None else fingerprint(key.public_key()),
        language=manifest.language,
        made=manifest.created.isoformat(),
        answers=None,
        proposal=None,
        place=place,
    )
    return manifest, noted


def note_return(store: Store, changes: PackageChanges, *, who: str, proposal: str | None) -> Exchange:
    """Note that a package, or a bare file, came back.

    Parameters
    ----------
    store : Store
        The whole store, which keeps the record.
    changes : PackageChanges
        What was read of it.
    who : str
        Who brought it back.
    proposal : str or None
        The proposal that was made of it.

    Returns
    -------
    Exchange
        The line that was noted.
    """
    manifest, file = changes.manifest, checksum(changes.path)
    made = "" if manifest is None else manifest.created.isoformat()
    table = store.core.base.exchanges
    first = sa.select(table.c.number).where(
        table.c.kind == "handed_out", table.c.made == made, table.c.institute == changes.institute
    )
    with store.core.reading() as connection:
        answers = connection.execute(first).scalar() if made else None
    return _note(
        store,
        kind="returned",
        who=who,
        institute=changes.institute,
        base=changes.base,
        layers={layer: len(one) for layer, one in changes.layers.items()},
        area=None if manifest is None else manifest.area,
        name=changes.path.name,
        sha256=file.sha256,
        size=file.size,
        signature="" if changes.signature is None else changes.signature.key,
        language="" if manifest is None else manifest.language,
        made=made,
        answers=answers,
        proposal=None if proposal is None else int(proposal),
        place="",
    )


def list_exchanges(
    store: Store, *, institutes: Collection[str] | None = None, who: str = "", limit: int | None = None
) -> list[Exchange]:
    """Return the record of exchanges, the newest first.

    Parameters
    ----------
    store : Store
        The store.
    institutes : collection of str, optional
        Only what concerns one of these, whatever the case of its letters; all, without it.
    who : str
        With `institutes`: also what this person brought back.
    limit : int, optional
        At most so many.

    Returns
    -------
    list of Exchange
        As they were noted.
    """
    table = store.core.base.exchanges
    with store.core.reading() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.number.desc())).all()
    found = [_exchange(row) for row in rows]
    if institutes is not None:
        wanted = {name.strip().casefold() for name in institutes}
        found = [one for one in found if one.institute.strip().casefold() in wanted or (who and one.who == who)]
    return found[:limit]


def get_exchange(store: Store, number: str) -> Exchange:
    """Return one line of the record.

    Parameters
    ----------
    store : Store
        The store.
    number : str
        Its number.

    Returns
    -------
    Exchange
        As it was noted.

    Raises
    ------
    UnknownPackageError
        If there is none.
    """
    table = store.core.base.exchanges
    row = None
    if number.isascii() and number.isdecimal() and len(number) <= _DIGITS:
        with store.core.reading() as connection:
            row = connection.execute(sa.select(table).where(table.c.number == int(number))).one_or_none()
    if row is None:
        raise UnknownPackageError(seen=number)
    return _exchange(row)


def _note(store: Store, **values: Any) -> Exchange:
    core, table = store.core, store.core.base.exchanges
    packed = {
        "layers": orjson.dumps(values["layers"]).decode(),
        "area": None if values["area"] is None else orjson.dumps(values["area"]).decode(),
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="microseconds"),
    }
    with core.writing() as connection:
        core.engine.lock(connection)
        last = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
        connection.execute(sa.insert(table).values(number=last + 1, **{**values, **packed}))
    return get_exchange(store, str(last + 1))


def _exchange(row: sa.Row[Any]) -> Exchange:
    read = {
        "time": dt.datetime.fromisoformat(row.time),
        "layers": orjson.loads(row.layers),
        "area": None if row.area is None else orjson.loads(row.area),
        "proposal": None if row.proposal is None else str(row.proposal),
    }
    return Exchange(**{**row._asdict(), **read})
