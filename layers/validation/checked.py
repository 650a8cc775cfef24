"""Features that were checked, as a value: who holds one need not check again."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import geopandas as gpd
import numpy as np

from layers.definitions import LayerDefinition
from layers.schema import framed
from layers.validation.attributes import check_columns, check_ids, read_columns
from layers.validation.geometry import check_geometries
from layers.validation.model import Issue, Mask, errors_of

__all__ = ["Checked"]


class Checked:
    """Features in the typed form, with everything in which they break their layer's definition.

    Making one is checking: there is no other way to have one, and no later change to the frame that was given, or to
    one that was handed out, reaches the features inside. So a store takes them without checking them again.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        As for `layers.validation.check`.

    Raises
    ------
    CrsError
        If the geometry is in another CRS than EPSG:4326.
    """

    __slots__ = ("_definition", "_features", "_issues")

    def __init__(self, definition: LayerDefinition, features: gpd.GeoDataFrame) -> None:
        read = read_columns(definition, features)
        found = [
            *check_ids(definition, features.index),
            *check_columns(definition, features, read),
            *check_geometries(definition, features),
        ]
        self._definition = definition
        self._issues = tuple(sorted(found, key=lambda issue: -1 if issue.row is None else issue.row))
        self._features = framed(definition, features, {name: values for name, (values, _) in read.items()})

    @property
    def definition(self) -> LayerDefinition:
        """The layer's definition that the features were checked against."""
        return self._definition

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Whole columns first, then in row order; empty if all is well."""
        return self._issues

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues that keep the features out of a store."""
        return errors_of(self._issues)

    @property
    def features(self) -> gpd.GeoDataFrame:
        """The features in the typed form of `layers.schema.typed`; a value that was refused is missing."""
        return self._features.copy()

    @property
    def right(self) -> Mask:
        """Which features are free of errors; none if a whole column is wrong."""
        rows = [issue.row for issue in self.errors]
        right = np.full(len(self._features), None not in rows)
        right[[row for row in rows if row is not None]] = False
        return right

    def where(self, mask: Mask) -> Self:
        """Return some of the features, checked as they are.

        Parameters
        ----------
        mask : ndarray of bool, shape (features,)
            Which ones to keep.

        Returns
        -------
        Checked
            With the issues of those features, and of whole columns.
        """
        # What a rule says of a feature does not hang on the features beside it, but for an id that is there twice.
        places = np.cumsum(mask) - 1
        some = object.__new__(type(self))
        some._definition = self._definition
        some._features = self._features if mask.all() else self._features[mask]
        some._issues = tuple(
            issue if issue.row is None else _moved(issue, int(places[issue.row]))
            for issue in self._issues
            if issue.row is None or mask[issue.row]
        )
        return some


def _moved(issue: Issue, row: int) -> Issue:
    return issue if issue.row == row else replace(issue, row=row)
