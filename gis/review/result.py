"""The review as a value: findings, ledger, rules and parks of one horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from gis.review.document import review_document
from gis.review.model import OUTCOMES
from layers.types import Language

__all__ = ["Review"]


@dataclass(frozen=True, eq=False)
class Review:
    """How the parks stand at one horizon.

    Attributes
    ----------
    horizon : int
        Year; the state on its 31 December.
    findings : GeoDataFrame
        Index `finding_id`, columns `FINDING_COLUMNS`, EPSG:4326; one row for each rule and feature it was put to, and
        one without feature for each rule that could not be put to any.
    ledger : DataFrame
        Hectares of every park by layer and kind, see `gis.ledger.land_ledger`; with `declared_ha`, `basis` (``drawn``,
        ``schematic`` or ``none``) and `schematic` (whether a sketch is involved on either side).
    rules : DataFrame
        Index `rule_id`: how each rule fared: `status` (``decided``, ``not_checked``, ``no_data``), `reason`, and the
        number of findings by outcome.
    parks : GeoDataFrame
        The parks reviewed, with the number of their findings by outcome and the `worst` one, EPSG:4326.
    """

    horizon: int
    findings: gpd.GeoDataFrame
    ledger: pd.DataFrame
    rules: pd.DataFrame
    parks: gpd.GeoDataFrame

    def summary(self) -> dict[str, int]:
        """Count the findings by outcome.

        Returns
        -------
        dict of str to int
            Every outcome, worst first.
        """
        counts = self.findings["outcome"].value_counts()
        return {outcome: int(counts.get(outcome, 0)) for outcome in OUTCOMES}

    def document(self, language: Language = "en") -> dict[str, Any]:
        """Return the review as plain data, the same numbers everywhere it is shown.

        Parameters
        ----------
        language : {"vi", "en"}, default: "en"
            Language of the texts.

        Returns
        -------
        dict
            Only dict, list, str, int, float, bool and None: `horizon`, `language`, `summary`, `outcomes`, `reasons`,
            `parks`, `rules`, `ledger`, and `findings`, a GeoJSON feature collection.
        """
        return review_document(
            self.horizon,
            summary=self.summary(),
            findings=self.findings,
            ledger=self.ledger,
            rules=self.rules,
            parks=self.parks,
            language=language,
        )
