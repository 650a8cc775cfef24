"""Whose concern an exchange package is, and where its file is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request

from api.auth.persons import GateParameter, PersonParameter
from api.proposal_answers import whole_store
from api.running import scratch_folder
from layers.errors import UnknownPackageError
from layers.packages import Exchange, get_exchange, list_exchanges

if TYPE_CHECKING:
    from pathlib import Path

    from api.auth.gate import Gate
    from layers.people import Ability, Person

__all__ = ["HANDING_OUT", "FoundParameter", "hands_out", "kept_file", "noted_exchanges"]

#: What those may do who hand out packages: planners and approvers, and no institute.
HANDING_OUT: Final[tuple[Ability, ...]] = ("analyse", "propose")


def hands_out(person: Person) -> bool:
    """Return whether somebody hands out packages, and sees all that were.

    Parameters
    ----------
    person : Person
        The reader.

    Returns
    -------
    bool
        Whether all that it takes is granted.
    """
    return all(person.access.may(ability) for ability in HANDING_OUT)


def noted_exchanges(request: Request, gate: Gate, person: Person) -> list[Exchange]:
    """Return what somebody may know of the record of packages.

    Parameters
    ----------
    request : Request
        The request.
    gate : Gate
        Of the application.
    person : Person
        The reader: whoever hands out packages is told of all, others of what concerns their institute or themselves.

    Returns
    -------
    list of Exchange
        The newest first.
    """
    store = whole_store(request)
    if hands_out(person):
        return list_exchanges(store)
    if not person.known:
        return []
    return list_exchanges(store, institutes=_own_names(gate, person), who=person.name)


def kept_file(request: Request, noted: Exchange) -> Path | None:
    """Return where the file of a package lies, as long as this server keeps it.

    Parameters
    ----------
    request : Request
        The request.
    noted : Exchange
        Its line of the record.

    Returns
    -------
    Path or None
        None where it is not kept, or was never kept here.
    """
    file = scratch_folder(request.app.state.settings) / noted.place / noted.name
    return file if noted.place and file.is_file() else None


def _own_names(gate: Gate, person: Person) -> list[str]:
    """Return what the institute of a person is called."""
    named = {one.id: one.name for one in gate.people.accounts.institutes()}
    return [name for name in (person.institute, named.get(person.institute or "")) if name]


def _found(request: Request, gate: GateParameter, person: PersonParameter, packageNumber: str) -> Exchange:  # noqa: N803
    found = get_exchange(whole_store(request), packageNumber)
    if found.number not in {one.number for one in noted_exchanges(request, gate, person)}:
        raise UnknownPackageError(seen=packageNumber)
    return found


#: A line of the record that is the reader's concern.
FoundParameter = Annotated[Exchange, Depends(_found)]
