"""A review as plain data: what the page, the process API, the command line and a notebook all show."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.review.model import OUTCOME_TITLES, OUTCOMES, REASON_TITLES
from layers.types import Language

__all__ = ["COORDINATE_DECIMALS", "HECTARE_DECIMALS", "findings_collection", "review_document"]

#: Seven decimals of a degree are about one centimetre.
COORDINATE_DECIMALS: Final = 7
#: Four decimals of a hectare are one square metre.
HECTARE_DECIMALS: Final = 4
_NUMBER_DECIMALS: Final = 6


def review_document(
    horizon: int,
    *,
    summary: dict[str, int],
    findings: gpd.GeoDataFrame,
    ledger: pd.DataFrame,
    rules: pd.DataFrame,
    parks: gpd.GeoDataFrame,
    language: Language,
) -> dict[str, Any]:
    """Return a review as plain data.

    Parameters
    ----------
    horizon : int
        Year.
    summary : dict of str to int
        Findings by outcome.
    findings, ledger, rules, parks : GeoDataFrame or DataFrame
        As in `Review`.
    language : {"vi", "en"}
        Language of the texts.

    Returns
    -------
    dict
        Only dict, list, str, int, float, bool and None; an unknown number is None, hectares are rounded to the square
        metre, coordinates to seven decimals.
    """
    return {
        "type": "PlanningReview",
        "horizon": horizon,
        "language": language,
        "summary": dict(summary),
        "outcomes": {code: OUTCOME_TITLES[code].say(language) for code in OUTCOMES},
        "reasons": {code: title.say(language) for code, title in REASON_TITLES.items() if code},
        "parks": _parks(parks, language),
        "rules": _records(_in_language(rules, language), index="rule_id"),
        "ledger": _records(ledger, decimals=HECTARE_DECIMALS),
        "findings": findings_collection(findings, language),
    }


def findings_collection(findings: gpd.GeoDataFrame, language: Language) -> dict[str, Any]:
    """Return findings as a GeoJSON feature collection.

    Parameters
    ----------
    findings : GeoDataFrame
        As in `Review`, EPSG:4326; further columns are written too.
    language : {"vi", "en"}
        Language of the texts.

    Returns
    -------
    dict
        Plain data.
    """
    return _collection(_in_language(findings, language))


def _in_language(frame: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Keep one of each pair of columns, under the common name."""
    other = {"vi": "_en", "en": "_vi"}[language]
    kept = frame[[name for name in frame.columns if not str(name).endswith(other)]]
    return kept.rename(columns=lambda name: str(name).removesuffix(f"_{language}"))


def _parks(parks: gpd.GeoDataFrame, language: Language) -> list[dict[str, Any]]:
    named = pd.DataFrame({"name": parks[f"name_{language}"]}, index=parks.index)
    for name in ("kind", "status", "area_ha", "position", *OUTCOMES, "worst"):
        if name in parks.columns:
            named[name] = parks[name]
    return _records(named, index="park_id")


def _records(
    frame: pd.DataFrame, *, index: str | None = None, decimals: int = _NUMBER_DECIMALS
) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {}
    if index is not None:
        columns[index] = [str(value) for value in frame.index]
    for name in frame.columns:
        columns[str(name)] = [_plain(value, decimals) for value in frame[name].astype(object)]
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any, decimals: int) -> Any:
    """Return a value that JSON can hold; nothing that is missing or infinite passes as a number."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return round(float(value), decimals) + 0.0 if math.isfinite(value) else None
    return str(value)


def _collection(findings: pd.DataFrame) -> dict[str, Any]:
    written = _geojson(np.array(findings["geometry"], dtype=object))
    properties = _records(pd.DataFrame(findings.drop(columns="geometry")))
    features = [
        {"type": "Feature", "id": str(id_), "geometry": shape, "properties": row}
        for id_, shape, row in zip(findings.index, written, properties, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _geojson(geometry: NDArray[np.object_]) -> list[dict[str, Any] | None]:
    """Write geometries; what many findings share, such as the outline of a park, is written once."""
    first: dict[int, int] = {}
    place = [first.setdefault(id(shape), len(first)) for shape in geometry]
    _, rows = np.unique(place, return_index=True)
    rounded = shapely.transform(geometry[rows], lambda points: np.round(points, COORDINATE_DECIMALS))
    written = [None if text is None else json.loads(text) for text in shapely.to_geojson(rounded)]
    return [written[position] for position in place]
