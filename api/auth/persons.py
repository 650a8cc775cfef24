"""What routes ask of the gate: who it is, what he may do, and the store as he may see it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Request

from api.auth.gate import Gate
from api.errors import NotSignedInError
from layers.errors import NotAllowedError
from layers.jobs import Job
from layers.people import ABILITY_TITLES, Ability, Person

__all__ = [
    "GateParameter",
    "PersonParameter",
    "admit",
    "gate_of",
    "needs",
    "refuse",
    "require",
    "require_whole",
    "sees_job",
]


def gate_of(request: Request) -> Gate:
    """Return the gate of an application.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    Gate
        Of the application.
    """
    gate: Gate = request.app.state.gate
    return gate


async def admit(request: Request) -> Person:
    """Let a request in, once.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    Person
        Who makes it.

    Raises
    ------
    NotSignedInError, BadCredentialsError, TooManyRequestsError, ForeignPageError
        If it has to stay out.
    """
    if getattr(request.state, "admitted", False):
        person: Person = request.state.person
        return person
    person = await gate_of(request).admit(request)
    request.state.admitted = True
    return person


async def _gate(request: Request) -> Gate:
    return gate_of(request)


GateParameter = Annotated[Gate, Depends(_gate)]
PersonParameter = Annotated[Person, Depends(admit)]


def require(person: Person, ability: Ability, *, layer: str | None = None, where: str) -> None:
    """Check that a person may do something.

    Parameters
    ----------
    person : Person
        Whoever makes a request.
    ability : str
        What.
    layer : str, optional
        With which layer; with any, without it.
    where : str
        Path of the request.

    Raises
    ------
    NotSignedInError
        If it is not known who it is.
    NotAllowedError
        If his roles do not allow it.
    """
    if not person.access.may(ability, layer):
        raise refuse(person, ability, seen=layer or person.name, where=where)


def refuse(person: Person, ability: Ability, *, seen: str, where: str) -> NotSignedInError | NotAllowedError:
    """Return the error that says what a person may not do.

    Parameters
    ----------
    person : Person
        Whoever makes a request.
    ability : str
        What.
    seen : str
        With what.
    where : str
        Path of the request.

    Returns
    -------
    NotSignedInError or NotAllowedError
        The first for somebody who might be allowed once it is known who it is.
    """
    if not person.known:
        return NotSignedInError(where=where)
    return NotAllowedError(seen=seen, wanted=ABILITY_TITLES[ability], where=where)


def needs(ability: Ability) -> Callable[[Request, Person], Coroutine[Any, Any, None]]:
    """Return a dependency of routes that are for those who may do something.

    Parameters
    ----------
    ability : str
        What.

    Returns
    -------
    callable
        For `fastapi.Depends`.
    """

    async def check(request: Request, person: PersonParameter) -> None:
        require(person, ability, where=request.url.path)

    return check


def require_whole(gate: Gate, person: Person, layer: str, *, where: str) -> None:
    """Check that a person may write a layer as a whole, as a file that is taken in does.

    Parameters
    ----------
    gate : Gate
        Of the application.
    person : Person
        Whoever makes a request.
    layer : str
        Id of the layer.
    where : str
        Path of the request.

    Raises
    ------
    UnknownLayerError
        If there is no such layer.
    NotSignedInError
        If it is not known who it is.
    NotAllowedError
        If he may not edit the layer everywhere, or may not see all of its fields.
    """
    everywhere = person.access.reaches("edit", layer, np.array([None], dtype=object))
    if not everywhere[0]:
        raise refuse(person, "edit", seen=layer, where=where)
    if not gate.sees_whole(person, layer):
        raise refuse(person, "restricted", seen=layer, where=where)


def sees_job(gate: Gate, person: Person, job: Job) -> bool:
    """Return whether a job is somebody's concern: what came of it may hold what only he may see.

    Parameters
    ----------
    gate : Gate
        Of the application.
    person : Person
        Whoever makes a request.
    job : Job
        The job.

    Returns
    -------
    bool
        True for who asked for it and for administrators; for everybody where nobody signs in.
    """
    if not gate.signs_in or person.access.everywhere("administer"):
        return True
    return person.known and job.request.get("person") == person.id
