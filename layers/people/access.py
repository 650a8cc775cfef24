"""Who may do what, where: roles, grants and what follows from them. Values and their algebra; no database.

A grant gives a person, or everybody of an institute, a role: for all layers or for some, everywhere or within an area.
Grants add up and never take anything away; so the order in which they were given does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from layers.store import Ground, Sight
from layers.types import Language, Text

__all__ = [
    "ABILITIES",
    "ABILITY_TITLES",
    "NO_GRANTS",
    "ROLE_ABILITIES",
    "ROLE_TITLES",
    "Ability",
    "Access",
    "Grant",
    "Role",
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
#: What a grant for an area gives: what is bound to a place. A field is restricted everywhere, whoever has the area.
_WITHIN_AREA: Final[frozenset[Ability]] = frozenset({"read", "propose", "edit", "approve"})


_ALL_LAYERS: Final = Text(vi="mọi lớp", en="all layers")
_IN_AREA: Final = Text(vi="sửa trong một vùng, xem cả lớp", en="changes within an area, reads the whole layers")
_CONFINED: Final = Text(vi="xem và sửa trong một vùng", en="reads and changes within an area")


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
    confined : bool
        Whether reading ends at the area too: only features that reach into it are seen. Otherwise the layers are read
        as a whole.
    """

    role: Role
    layers: frozenset[str] | None = None
    area: BaseGeometry | None = None
    confined: bool = False

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

    def where(self, language: Language) -> str:
        """Say for what the role was given.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            The layers, and whether there is an area and reading ends there.
        """
        layers = _ALL_LAYERS.say(language) if self.layers is None else ", ".join(sorted(self.layers))
        if self.area is None:
            return layers
        return f"{layers}, {(_CONFINED if self.confined else _IN_AREA).say(language)}"


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
            Layers that may be read, where, and those of which the restricted fields are seen as well.
        """
        reading = [grant for grant in self.grants if "read" in grant.abilities]
        grounds = {
            Ground(grant.layers, shapely.to_wkb(grant.area) if grant.confined and grant.area is not None else None)
            for grant in reading
        }
        bound = any(ground.area is not None for ground in grounds)
        return Sight(self._layers("read"), self._layers("restricted"), frozenset(grounds) if bound else frozenset())

    def _layers(self, ability: Ability) -> frozenset[str] | None:
        """Return the layers with which something may be done; None for all."""
        if self.limit is not None and ability not in self.limit:
            return frozenset()
        named = [grant.layers for grant in self.grants if ability in grant.abilities]
        return None if None in named else frozenset[str]().union(*(layers for layers in named if layers is not None))


#: May do nothing.
NO_GRANTS: Final = Access()
