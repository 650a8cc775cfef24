"""Who may do what, where: roles, grants and what follows from them. Values and their algebra; no database.

A grant gives a person, or everybody of an institute, a role: for all layers or for some, everywhere or within an area.
Grants add up and never take anything away; so the order in which they were given does not matter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from layers.store import Sight
from layers.types import Text

__all__ = [
    "ABILITIES",
    "ABILITY_TITLES",
    "NOBODY",
    "NO_GRANTS",
    "ROLE_ABILITIES",
    "ROLE_TITLES",
    "Ability",
    "Access",
    "Account",
    "AuditEntry",
    "Grant",
    "Institute",
    "Person",
    "Role",
    "Session",
    "Token",
]

Role = Literal["viewer", "analyst", "planner", "approver", "institute", "administrator"]
Ability = Literal["read", "analyse", "restricted", "propose", "edit", "approve", "administer"]
ABILITIES: Final[tuple[Ability, ...]] = get_args(Ability)

ABILITY_TITLES: Final[Mapping[Ability, Text]] = {
    "read": Text(vi="xem", en="read"),
    "analyse": Text(vi="chạy phân tích", en="run analyses"),
    "restricted": Text(vi="xem trường hạn chế", en="see restricted fields"),
    "propose": Text(vi="đề xuất thay đổi", en="propose changes"),
    "edit": Text(vi="sửa trực tiếp", en="edit directly"),
    "approve": Text(vi="phê duyệt", en="approve"),
    "administer": Text(vi="quản trị", en="administer"),
}
ROLE_TITLES: Final[Mapping[Role, Text]] = {
    "viewer": Text(vi="người xem", en="viewer"),
    "analyst": Text(vi="chuyên viên phân tích", en="analyst"),
    "planner": Text(vi="chuyên viên quy hoạch", en="planner"),
    "approver": Text(vi="người phê duyệt", en="approver"),
    "institute": Text(vi="đơn vị tư vấn", en="institute"),
    "administrator": Text(vi="quản trị viên", en="administrator"),
}
#: What each role may do. A planner and an institute offer proposals; what is decided is written by an approver.
ROLE_ABILITIES: Final[Mapping[Role, frozenset[Ability]]] = {
    "viewer": frozenset({"read"}),
    "analyst": frozenset({"read", "analyse"}),
    "planner": frozenset({"read", "analyse", "restricted", "propose"}),
    "approver": frozenset({"read", "analyse", "restricted", "propose", "edit", "approve"}),
    "institute": frozenset({"read", "propose"}),
    "administrator": frozenset(ABILITIES),
}
#: What a grant for an area gives. Reading is by layer as a whole, so what must not be read everywhere is not in it.
_WITHIN_AREA: Final[frozenset[Ability]] = frozenset({"read", "propose", "edit", "approve"})


@dataclass(frozen=True, slots=True)
class Grant:
    """A role for some layers and some ground.

    Parameters
    ----------
    role : str
        One of `Role`.
    layers : frozenset of str or None
        Ids; None for all, those that come later as well.
    area : Polygon, MultiPolygon or None
        Within which changes may be made and decided, EPSG:4326; None for everywhere.
    """

    role: Role
    layers: frozenset[str] | None = None
    area: BaseGeometry | None = None

    @property
    def abilities(self) -> frozenset[Ability]:
        """What the grant gives, on its layers and within its area.

        Returns
        -------
        frozenset of str
            Those of the role; for an area only what is bound to a place, and reading.
        """
        given = ROLE_ABILITIES[self.role]
        return given if self.area is None else given & _WITHIN_AREA

    def covers(self, layer: str) -> bool:
        """Return whether the grant is for a layer.

        Parameters
        ----------
        layer : str
            Its id.

        Returns
        -------
        bool
            True for every layer where none are named.
        """
        return self.layers is None or layer in self.layers


@dataclass(frozen=True)
class Access:
    """All that somebody may do.

    Parameters
    ----------
    grants : tuple of Grant
        They add up.
    limit : frozenset of str or None
        Nothing but this, whatever the grants say: the scopes of a token. None for no limit.
    """

    grants: tuple[Grant, ...] = ()
    limit: frozenset[Ability] | None = None

    def limited(self, scopes: Iterable[Ability]) -> Access:
        """Return what is left of it within a limit.

        Parameters
        ----------
        scopes : iterable of str
            Abilities.

        Returns
        -------
        Access
            Never more than before.
        """
        wanted = frozenset(scopes)
        return replace(self, limit=wanted if self.limit is None else self.limit & wanted)

    def abilities(self, layer: str) -> frozenset[Ability]:
        """Return what may be done with a layer, at least somewhere.

        Parameters
        ----------
        layer : str
            Its id.

        Returns
        -------
        frozenset of str
            Abilities.
        """
        given = frozenset[Ability]().union(*(grant.abilities for grant in self.grants if grant.covers(layer)))
        return given if self.limit is None else given & self.limit

    def may(self, ability: Ability, layer: str | None = None) -> bool:
        """Return whether something may be done.

        Parameters
        ----------
        ability : str
            What.
        layer : str or None
            With which layer; None asks whether with any.

        Returns
        -------
        bool
            True if at least somewhere.
        """
        if self.limit is not None and ability not in self.limit:
            return False
        return any(ability in grant.abilities and (layer is None or grant.covers(layer)) for grant in self.grants)

    def everywhere(self, ability: Ability) -> bool:
        """Return whether something may be done with all layers and on all ground.

        Parameters
        ----------
        ability : str
            What.

        Returns
        -------
        bool
            True if a single grant gives it without bounds.
        """
        if self.limit is not None and ability not in self.limit:
            return False
        unbound = (grant for grant in self.grants if grant.layers is None and grant.area is None)
        return any(ability in grant.abilities for grant in unbound)

    def reaches(self, ability: Ability, layer: str, geometries: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
        """Return for which features something may be done.

        Parameters
        ----------
        ability : str
            What.
        layer : str
            Id of their layer.
        geometries : ndarray of geometry or None
            In EPSG:4326.

        Returns
        -------
        ndarray of bool
            True for a feature that lies wholly within the areas of the grants together; one without a geometry lies in
            no area.
        """
        shapes = np.asarray(geometries, dtype=object)
        if not self.may(ability, layer):
            return np.zeros(len(shapes), dtype=bool)
        fitting = [grant for grant in self.grants if grant.covers(layer) and ability in grant.abilities]
        if any(grant.area is None for grant in fitting):
            return np.ones(len(shapes), dtype=bool)
        area = shapely.union_all([grant.area for grant in fitting])
        shapely.prepare(area)
        inside: npt.NDArray[np.bool_] = shapely.covers(area, shapes)
        # Nothing is covered by everything.
        inside &= ~shapely.is_missing(shapes)
        inside &= ~shapely.is_empty(shapes)
        return inside

    @cached_property
    def sight(self) -> Sight:
        """How much of a store is seen.

        Returns
        -------
        Sight
            Layers that may be read, and those of which the restricted fields are seen as well.
        """
        return Sight(self._layers("read"), self._layers("restricted"))

    def _layers(self, ability: Ability) -> frozenset[str] | None:
        """Return the layers with which something may be done; None for all."""
        if self.limit is not None and ability not in self.limit:
            return frozenset()
        named = [grant.layers for grant in self.grants if ability in grant.abilities]
        return None if None in named else frozenset[str]().union(*(layers for layers in named if layers is not None))


#: May do nothing.
NO_GRANTS: Final = Access()


@dataclass(frozen=True, slots=True)
class Institute:
    """A planning institute, a board or a department.

    Parameters
    ----------
    id : str
        Short name, lower-case.
    name : str
        As written.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person as the register has it.

    Parameters
    ----------
    id : str
        Name to sign in with, lower-case.
    name : str
        As written, and as changesets name their author.
    institute : str or None
        Id of the institute.
    active : bool
        Whether the person may sign in.
    created : datetime
        UTC.
    has_password : bool
        False for one who signs in elsewhere only.
    grants : tuple of Grant
        Own ones and those of the institute.
    """

    id: str
    name: str
    institute: str | None
    active: bool
    created: dt.datetime
    has_password: bool
    grants: tuple[Grant, ...]

    @property
    def access(self) -> Access:
        """What the person may do.

        Returns
        -------
        Access
            Nothing for one who is not active.
        """
        return Access(self.grants) if self.active else NO_GRANTS


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in with a browser.

    Parameters
    ----------
    key : str
        Digest by which it is kept; the cookie itself is known to the browser only.
    person : str
        Id.
    created, expires : datetime
        UTC.
    """

    key: str
    person: str
    created: dt.datetime
    expires: dt.datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A key by which a program acts for a person.

    Parameters
    ----------
    id : str
        Public part, by which it is named and revoked.
    person : str
        Whose it is.
    title : str
        What it is for.
    scopes : tuple of str
        Abilities that it lends, at most those of the person.
    created, expires : datetime
        UTC.
    used : datetime or None
        The day it was last used, UTC.
    revoked : datetime or None
        When it was taken back.
    """

    id: str
    person: str
    title: str
    scopes: tuple[Ability, ...]
    created: dt.datetime
    expires: dt.datetime
    used: dt.datetime | None
    revoked: dt.datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log.

    Parameters
    ----------
    id : int
        Counts up.
    time : datetime
        UTC.
    person : str
        Id; empty for somebody who did not sign in.
    action : str
        What was done or tried.
    target : str
        With what.
    outcome : {"done", "refused", "failed"}
        How it went.
    address : str
        Where the request came from.
    detail : str
        More, without secrets.
    """

    id: int
    time: dt.datetime
    person: str
    action: str
    target: str
    outcome: Literal["done", "refused", "failed"]
    address: str
    detail: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever makes a request.

    Parameters
    ----------
    id : str
        Id in the register; empty for somebody who did not sign in, ``local`` where nobody has to.
    name : str
        As changesets name their author.
    access : Access
        What he may do.
    institute : str or None
        Id of the institute.
    """

    id: str
    name: str
    access: Access = field(default=NO_GRANTS)
    institute: str | None = None

    @property
    def known(self) -> bool:
        """Whether it is known who it is.

        Returns
        -------
        bool
            False for somebody who did not sign in.
        """
        return bool(self.id)


#: Somebody who did not sign in and may do nothing.
NOBODY: Final = Person("", "")
