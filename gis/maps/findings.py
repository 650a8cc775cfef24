"""Which findings are drawn, and as what: one sign a place, of the gravest outcome there.

What concludes nothing counts: a park that passes one rule while another could not be checked is not drawn as passed. It
has no sign, and stands in the tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from gis.review.model import OUTCOMES
from layers.definitions import STORE_CRS
from layers.errors import CrsError
from layers.types import Language

__all__ = ["findings_on_map", "worst_outcome"]

#: Messages of one place that its popup spells out; the table has them all.
MESSAGES_SHOWN: Final = 5
_CONCLUDED: Final = frozenset({"fail", "warning", "pass"})
_GRAVITY: Final[dict[str, int]] = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}


def worst_outcome(outcomes: Iterable[str]) -> str | None:
    """Return the gravest of some outcomes.

    Parameters
    ----------
    outcomes : iterable of str
        Outcome codes.

    Returns
    -------
    str or None
        ``fail`` before ``warning``, ``no_data``, ``not_checked`` and ``pass``; None if there are none.

    Examples
    --------
    >>> worst_outcome(["pass", "warning", "no_data"])
    'warning'
    """
    return min(outcomes, key=_GRAVITY.__getitem__, default=None)


def findings_on_map(findings: gpd.GeoDataFrame, *, language: Language) -> list[dict[str, Any]]:
    """Return what a map draws of the findings of a review: the places about which something was concluded.

    Findings on the same geometry are one place; its sign is that of the gravest outcome, with no data and not checked
    before pass. Places whose gravest outcome concludes nothing have no sign.

    Parameters
    ----------
    findings : GeoDataFrame
        Findings of a review with `outcome`, `park_id`, `title_vi`, `title_en`, `message_vi`, `message_en`; EPSG:4326.
    language : {"vi", "en"}
        Of titles and messages.

    Returns
    -------
    list of dict
        One a place, the lightest outcome first so that the gravest is drawn on top: `outcome` (the gravest there),
        `counts` by outcome, `park` (id or None), `messages` (up to five of fails and warnings, pairs of outcome and
        text) and `geometry` (shapely, EPSG:4326).

    Raises
    ------
    CrsError
        If the findings are not in EPSG:4326.
    """
    if findings.crs != STORE_CRS:
        seen = "None" if findings.crs is None else findings.crs.to_string()
        raise CrsError(seen=seen, wanted=STORE_CRS, where="findings")
    placed = findings[findings.geometry.notna() & ~findings.geometry.is_empty]
    groups = (group for _, group in placed.groupby(placed.geometry.to_wkb(), sort=False))
    places = [_place(group, language) for group in groups if worst_outcome(group["outcome"]) in _CONCLUDED]
    return sorted(places, key=lambda place: _GRAVITY[place["outcome"]], reverse=True)


def _place(group: gpd.GeoDataFrame, language: Language) -> dict[str, Any]:
    """Sum up the findings on one geometry."""
    ordered = group.iloc[group["outcome"].map(_GRAVITY).argsort(kind="stable")]
    shown = ordered[ordered["outcome"].isin(["fail", "warning"])].head(MESSAGES_SHOWN)
    parks = ordered["park_id"].dropna().unique()
    return {
        "outcome": ordered["outcome"].iloc[0],
        "counts": {str(outcome): int(number) for outcome, number in ordered["outcome"].value_counts().items()},
        "park": str(parks[0]) if len(parks) == 1 else None,
        "messages": [
            [outcome, _said(title, message)]
            for outcome, title, message in zip(
                shown["outcome"], shown[f"title_{language}"], shown[f"message_{language}"], strict=True
            )
        ],
        "geometry": ordered.geometry.iloc[0],
    }


def _said(title: object, message: object) -> str:
    """Return the message of a finding, or its title where it has none."""
    return str(title) if pd.isna(message) or not message else str(message)  # type: ignore[call-overload]
