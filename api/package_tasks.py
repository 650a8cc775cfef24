"""Packages as workers make and read them: what is handed out, and what comes back, whose files nobody trusts.

What was asked comes as plain values, so that a request and a worker do the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from layers.types import LANGUAGES, Text

if TYPE_CHECKING:
    from layers.errors import ParkplanError
    from layers.packages import Exchange, PackageChanges
    from layers.people import Access
    from layers.proposals import Proposal
    from layers.store import Store

__all__ = ["RETURN_STATES", "hand_out_asked", "packed_access", "read_access", "return_document", "take_back"]

JsonObject = dict[str, Any]
#: What may come of a package that came back.
RETURN_STATES: Final[Mapping[str, Text]] = {
    "proposed": Text(vi="Đã lập đề xuất", en="A proposal was made"),
    "unchanged": Text(vi="Không có thay đổi nào", en="Nothing was changed"),
    "refused": Text(vi="Từ chối, không ghi gì", en="Refused, nothing written"),
}


def hand_out_asked(store: Store, seen: Store, asked: Mapping[str, Any], *, key: str) -> Exchange:
    """Make the package that was asked for, and note it.

    Parameters
    ----------
    store : Store
        The whole store.
    seen : Store
        What may be handed out.
    asked : mapping
        `layers`, `institute`, `language`, `base`, `area` (GeoJSON or None), `who`; `file`, where to; `place`, its
        folder.
    key : str
        File of the private key to sign with; empty to sign nothing.

    Returns
    -------
    Exchange
        The line of the record.

    Raises
    ------
    LayersError
        If it cannot be made.
    """
    from layers.packages import hand_out, read_private_key, shape_area  # noqa: PLC0415 - within a worker's limits

    _, noted = hand_out(
        store,
        Path(asked["file"]),
        seen=seen,
        who=asked["who"],
        layers=asked["layers"],
        institute=asked["institute"],
        language=asked["language"],
        area=None if asked["area"] is None else shape_area(asked["area"]),
        as_of=asked["base"],
        place=asked["place"],
        key=read_private_key(key) if key else None,
        signed_by=asked["who"] if key else "",
    )
    return noted


def take_back(
    store: Store, seen: Store, file: Path, options: Mapping[str, Any], access: Access
) -> tuple[str, dict[str, JsonObject], ParkplanError | None]:
    """Make a proposal of a file that came back, as far as the one who brings it may offer it.

    Parameters
    ----------
    store : Store
        The whole store.
    seen : Store
        The store as he may see it.
    file : Path
        The file.
    options : mapping
        Of `layers.proposals.propose_package`.
    access : Access
        What he may do.

    Returns
    -------
    str, dict of str to dict, ParkplanError or None
        A key of `RETURN_STATES`, what is told of it in each language, and what refused it.
    """
    from layers.errors import ParkplanError  # noqa: PLC0415 - within a worker's limits
    from layers.proposals import propose_package  # noqa: PLC0415

    read: list[PackageChanges] = []

    def check(changes: PackageChanges) -> None:
        read.append(changes)
        changes.check()
        _check_reach(changes, access)

    proposal: Proposal | None = None
    error: ParkplanError | None = None
    try:
        proposal, _ = propose_package(store, file, seen=seen, check=check, **options)
    except ParkplanError as caught:
        error = caught
    state = "refused" if error is not None else "unchanged" if proposal is None else "proposed"
    changes = read[0] if read else None
    told: dict[str, JsonObject] = {
        language: {
            "file": file.name,
            "state": state,
            "title": RETURN_STATES[state].say(language),
            "proposal": None if proposal is None else proposal.id,
            "problem": None if error is None else error.message(language),
            **return_document(changes, language),
        }
        for language in LANGUAGES
    }
    return state, told, error


def return_document(changes: PackageChanges | None, language: Any) -> JsonObject:
    """Return what was read of a file that came back.

    Parameters
    ----------
    changes : PackageChanges or None
        None where it could not be opened.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    dict
        Plain values; `layers` are a list here, in the order of the file.
    """
    if changes is None:
        return {"base": None, "institute": None, "signature": None, "notes": [], "layers": []}
    told = changes.document(language)
    layers: Any = told["layers"]
    titles = {layer: one.definition.title.say(language) for layer, one in changes.layers.items()}
    return {
        **{name: told[name] for name in ("base", "institute", "signature", "notes")},
        "layers": [{"layer": layer, "title": titles[layer], **one} for layer, one in layers.items()],
    }


def _check_reach(changes: PackageChanges, access: Access) -> None:
    """Make sure that whoever brings changes may offer them where they lie, and where they lay."""
    import numpy as np  # noqa: PLC0415

    from layers.errors import NotAllowedError  # noqa: PLC0415
    from layers.people import ABILITY_TITLES  # noqa: PLC0415

    for layer, one in changes.layers.items():
        before = one.base.geometry[one.base.index.isin([*one.updated, *one.deleted])]
        after = one.features.geometry[one.features.index.isin([*one.inserted, *one.updated])]
        places = np.concatenate([np.asarray(part.array, dtype=object) for part in (before, after)])
        if not access.reaches("propose", layer, places).all():
            raise NotAllowedError(seen=layer, wanted=ABILITY_TITLES["propose"], where=changes.path.name)


def packed_access(access: Access) -> JsonObject:
    """Return what somebody may do as plain values.

    Parameters
    ----------
    access : Access
        All that he may do.

    Returns
    -------
    dict
        For `read_access`.
    """
    grants = [
        {
            "role": grant.role,
            "layers": None if grant.layers is None else sorted(grant.layers),
            "area": None if grant.area is None else grant.area.wkb_hex,
            "confined": grant.confined,
        }
        for grant in access.grants
    ]
    return {"grants": grants, "limit": None if access.limit is None else sorted(access.limit)}


def read_access(packed: Mapping[str, Any]) -> Access:
    """Return what somebody may do.

    Parameters
    ----------
    packed : mapping
        Of `packed_access`.

    Returns
    -------
    Access
        The same.
    """
    import shapely  # noqa: PLC0415

    from layers.people import Access, Grant  # noqa: PLC0415

    grants = tuple(
        Grant(
            one["role"],
            None if one["layers"] is None else frozenset(one["layers"]),
            None if one["area"] is None else shapely.from_wkb(one["area"]),
            one["confined"],
        )
        for one in packed["grants"]
    )
    return Access(grants, None if packed["limit"] is None else frozenset(packed["limit"]))
