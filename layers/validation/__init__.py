"""Finding what is wrong with features, and where exactly.

Every rule is one vectorised pass over a column or over the geometries; rows are visited only to tell what is wrong with
them. A frame may be in the typed form of the store or hold raw columns of a file: values that can be read as the
field's type without loss are right in both.
"""

from __future__ import annotations

import geopandas as gpd

from layers.definitions import LayerDefinition
from layers.validation.checked import Checked
from layers.validation.model import Issue, Repair, errors_of, issues_frame
from layers.validation.rules import RULES, Rule, Severity

__all__ = ["RULES", "Checked", "Issue", "Repair", "Rule", "Severity", "check", "errors_of", "issues_frame"]


def check(definition: LayerDefinition, features: gpd.GeoDataFrame) -> tuple[Issue, ...]:
    """Find everything in which features break their layer's definition.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        Index: feature ids; columns: fields of the layer, typed or as a file gave them; geometry in longitude and
        latitude (EPSG:4326), None where unknown. A missing column is a column of missing values.

    Returns
    -------
    tuple of Issue
        Whole columns first, then in row order; empty if all is well.
    """
    return Checked(definition, features).issues
