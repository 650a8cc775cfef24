"""Another state of a layer than the current one: the current table without some ids, with other rows in their place."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

__all__ = ["Overlay"]


@dataclass(frozen=True, eq=False, slots=True)
class Overlay:
    """How a state differs from the one under it.

    Attributes
    ----------
    removed : frozenset of str
        Every id that is hidden: of features that are gone there, and of those that `features` replaces.
    features : GeoDataFrame
        What stands in their place and what is added, in the typed form; each of their ids is among `removed`.
    """

    removed: frozenset[str]
    features: gpd.GeoDataFrame

    @property
    def empty(self) -> bool:
        """Whether the state is the same.

        Returns
        -------
        bool
            True where nothing is hidden and nothing added.
        """
        return not self.removed

    def over(self, lower: Overlay) -> Overlay:
        """Return this overlay and the one under it as one.

        Parameters
        ----------
        lower : Overlay
            What the state under this one hides and adds, in the same fields.

        Returns
        -------
        Overlay
            Of both.
        """
        if lower.empty or self.empty:
            return self if lower.empty else lower
        kept = lower.features[~lower.features.index.isin(list(self.removed))]
        features = gpd.GeoDataFrame(pd.concat([kept, self.features])) if len(kept) else self.features
        return Overlay(self.removed | lower.removed, features)

    def apply(self, features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the state over features.

        Parameters
        ----------
        features : GeoDataFrame
            The state under it, in the typed form.

        Returns
        -------
        GeoDataFrame
            In the order of ids.
        """
        kept = features[~features.index.isin(list(self.removed))]
        return gpd.GeoDataFrame(pd.concat([kept, self.features])).sort_index()
