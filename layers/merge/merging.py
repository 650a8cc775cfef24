"""A merge of layers as a value: what came of it, what is still to be decided, and what has to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np

from layers.definitions import LayerDefinition
from layers.errors import MergeConflictsError
from layers.merge.conflicts import Conflicts
from layers.merge.model import Resolution, Side
from layers.merge.settling import Frames, settled
from layers.merge.sides import OURS, Draft
from layers.store.model import Edit, Put, Remove
from layers.types import Language, Text

__all__ = ["DEFAULT_TOLERANCE_M", "LayerMerge", "Merge", "merge_layer", "merge_layers"]

#: Seven decimals of a degree, the precision of GeoJSON, are a centimetre.
DEFAULT_TOLERANCE_M: Final = 0.02


@dataclass(frozen=True, eq=False)
class Merge:
    """A merge of layers: what came of it, and what is still to be decided.

    Parameters
    ----------
    definitions : mapping of str to LayerDefinition
        The layers.
    sides : mapping of str to mapping
        By side, then by layer: the states that were merged, typed.
    tolerance_m : float
        How far vertices may have moved without being a change, metres.
    beside : mapping of str to GeoDataFrame
        Layers that take no part, as far as topology rules ask for them.
    drafts : mapping of str to Draft
        The merged states.
    conflicts : Conflicts
        All of them, resolved or not.
    """

    definitions: Mapping[str, LayerDefinition]
    sides: Mapping[Side, Frames]
    tolerance_m: float
    beside: Frames
    drafts: Mapping[str, Draft]
    conflicts: Conflicts

    @property
    def merged(self) -> dict[str, gpd.GeoDataFrame]:
        """The merged state of each layer; what is in an open conflict stands as in the base."""
        return {layer: draft.frame() for layer, draft in self.drafts.items()}

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        """What persons and rules said, in the order in which they count."""
        return self.conflicts.resolutions

    def resolve(self, *resolutions: Resolution) -> Merge:
        """Resolve conflicts, one by one or by rule.

        Parameters
        ----------
        *resolutions : Resolution
            They count after those given before: the last that fits a conflict is the one that holds.

        Returns
        -------
        Merge
            Merged anew; a resolution may show conflicts that were hidden behind others.

        Raises
        ------
        ValueOutOfRangeError
            If a value does not mean its field's type, or another id is no unused one.
        """
        said = (*self.resolutions, *resolutions)
        drafts, conflicts = settled(
            self.definitions, self.sides, tolerance_m=self.tolerance_m, beside=self.beside, resolutions=said
        )
        return replace(self, drafts=drafts, conflicts=conflicts)

    def edits(self, *, layers: Sequence[str] | None = None) -> list[Edit]:
        """Return what has to be written onto ours.

        Parameters
        ----------
        layers : sequence of str, optional
            Only these.

        Returns
        -------
        list of Put or Remove
            Ready for `Store.commit`; empty if nothing differs.

        Raises
        ------
        MergeConflictsError
            While a conflict is open.
        """
        if len(still := self.conflicts.open):
            first = still.where(np.arange(len(still)) == 0)
            told = Text(vi=first.messages("vi")[0], en=first.messages("en")[0])
            raise MergeConflictsError(seen=len(still), wanted=told)
        return [
            edit
            for layer, draft in self.drafts.items()
            if layers is None or layer in layers
            for edit in _edits(layer, draft)
        ]

    def record(self, message: str, language: Language = "en") -> str:
        """Return the message of the changeset: why, and how conflicts were resolved, by whom.

        Parameters
        ----------
        message : str
            Why.
        language : {"vi", "en"}
            Of what is added.

        Returns
        -------
        str
            The message, and a line for each kind of resolution.
        """
        lines = self.conflicts.record(language)
        return f"{message}\n\n{lines}" if lines else message


@dataclass(frozen=True, eq=False)
class LayerMerge:
    """A merge of one layer.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    whole : Merge
        The same as a merge of layers.
    """

    definition: LayerDefinition
    whole: Merge

    @property
    def merged(self) -> gpd.GeoDataFrame:
        """The merged state, typed; what is in an open conflict stands as in the base."""
        return self.whole.drafts[self.definition.id].frame()

    @property
    def conflicts(self) -> Conflicts:
        """All conflicts, resolved or not."""
        return self.whole.conflicts

    def edits(self) -> list[Edit]:
        """Return what has to be written onto ours.

        Returns
        -------
        list of Put or Remove
            Ready for `Store.commit`.

        Raises
        ------
        MergeConflictsError
            While a conflict is open.
        """
        return self.whole.edits()

    def resolve(self, *resolutions: Resolution) -> LayerMerge:
        """Resolve conflicts, one by one or by rule.

        Parameters
        ----------
        *resolutions : Resolution
            The last that fits a conflict is the one that holds.

        Returns
        -------
        LayerMerge
            Merged anew.
        """
        return replace(self, whole=self.whole.resolve(*resolutions))


def merge_layer(
    definition: LayerDefinition,
    base: gpd.GeoDataFrame,
    ours: gpd.GeoDataFrame,
    theirs: gpd.GeoDataFrame,
    *,
    tolerance_m: float = 0.0,
    rules: Sequence[Resolution] = (),
    beside: Frames | None = None,
) -> LayerMerge:
    """Merge three states of a layer, cell by cell.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    base : GeoDataFrame
        What both sides began with; all three in the typed form of `layers.schema.typed`.
    ours, theirs : GeoDataFrame
        What is there now, and what comes in.
    tolerance_m : float
        How far vertices may have moved without being a change, metres.
    rules : sequence of Resolution
        How conflicts are resolved, as far as that is known before.
    beside : mapping of str to GeoDataFrame, optional
        Other layers by id, as far as `covered_by` of the layer's topology asks for them.

    Returns
    -------
    LayerMerge
        What came of it, and every conflict.
    """
    layer = definition.id
    return LayerMerge(
        definition,
        merge_layers(
            {layer: definition},
            {layer: base},
            {layer: ours},
            {layer: theirs},
            tolerance_m=tolerance_m,
            rules=rules,
            beside=beside,
        ),
    )


def merge_layers(
    definitions: Mapping[str, LayerDefinition],
    base: Frames,
    ours: Frames,
    theirs: Frames,
    *,
    tolerance_m: float = 0.0,
    rules: Sequence[Resolution] = (),
    beside: Frames | None = None,
) -> Merge:
    """Merge three states of several layers, with the references between them.

    Parameters
    ----------
    definitions : mapping of str to LayerDefinition
        The layers; those that refer to each other belong together.
    base, ours, theirs : mapping of str to GeoDataFrame
        Each layer's states, as for `merge_layer`.
    tolerance_m : float
        How far vertices may have moved without being a change, metres.
    rules : sequence of Resolution
        How conflicts are resolved, as far as that is known before.
    beside : mapping of str to GeoDataFrame, optional
        Other layers by id, as far as topology rules ask for them.

    Returns
    -------
    Merge
        What came of it, and every conflict.
    """
    sides: dict[Side, Frames] = {"ours": ours, "theirs": theirs, "base": base}
    others = dict(beside or {})
    drafts, conflicts = settled(definitions, sides, tolerance_m=tolerance_m, beside=others, resolutions=tuple(rules))
    return Merge(definitions, sides, tolerance_m, others, drafts, conflicts)


def _edits(layer: str, draft: Draft) -> list[Edit]:
    """Return what turns ours into the merged state."""
    changed, present = draft.changed(OURS), draft.present
    edits: list[Edit] = []
    if (put := changed & present).any():
        edits.append(Put(layer, draft.frame()[put[present]]))
    if (gone := changed & ~present).any():
        edits.append(Remove(layer, draft.sides.ids[gone].tolist()))
    return edits
