"""From the reference row of a park to the park and one fact a known value, each with its own source and confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import shapely

from layers.definitions import LayerDefinition
from layers.errors import DefinitionError
from layers.hanoi.shapes import DECIMALS, circle
from layers.hanoi.sources import Row, Translations, both, quoted
from layers.types import Text

__all__ = ["ParkInputs", "fact_rows", "park_row", "park_rows", "planned_time"]

#: Field of the layer: column of the reference that it is copied from.
_COPIED: Final = {
    "name_vi": "name_vi", "name_en": "name_en", "old_district": "old_district", "old_communes": "old_communes",
    "new_communes": "new_communes_2025", "area_ha": "area_ha", "leasable_ha": "leasable_ha",
    "occupancy_pct": "occupancy_pct", "occupancy_year": "occupancy_year", "year_established": "year_established",
    "planning_horizon": "planning_horizon", "projects": "projects", "projects_year": "projects_year",
    "workers": "workers", "workers_year": "workers_year", "workers_planned": "workers_planned",
    "wastewater_capacity_m3_day": "wastewater_capacity_m3_day", "power_substation": "power_substation",
    "lon": "lon", "lat": "lat", "position_confidence": "coord_confidence", "confidence": "confidence",
}  # fmt: skip
#: Pair of fields, one a language: column of the reference.
_BILINGUAL: Final = {
    "status_note": "status_note", "developer": "developer", "legal_basis": "legal_basis", "plan_list": "plan_list",
    "sectors": "sectors", "wastewater_state": "wastewater_state", "access": "access_and_edges", "caveats": "caveats",
    "position_method": "coord_method",
}  # fmt: skip
#: Codes of the reference are English words; those of the layer are identifiers.
_AS_CODE: Final = str.maketrans({" ": "_", "-": "_"})
#: Fields whose source is how the position was made, not the page about the park.
_POSITION: Final = ("lon", "lat", "position_method", "position_confidence")
#: The end of a row's source that speaks of the communes since July 2025 only.
_COMMUNES_SOURCE: Final = "; new communes: "
_PROVINCE: Final = "Hà Nội"


@dataclass(frozen=True)
class ParkInputs:
    """Reviewed tables that go with the reference of the parks.

    Parameters
    ----------
    details : list of dict
        Values that a person read out of free text, with the words they stand in.
    sources : list of dict
        Source and confidence of single facts where the row's own do not fit.
    translations : Translations
        Reviewed Vietnamese.
    """

    details: list[Row]
    sources: list[Row]
    translations: Translations


def park_rows(reference: list[Row], inputs: ParkInputs) -> list[Row]:
    """Return all parks.

    Parameters
    ----------
    reference : list of dict
        Rows of the reference.
    inputs : ParkInputs
        Reviewed tables.

    Returns
    -------
    list of dict
        Text by field, in the order of the reference.

    Raises
    ------
    DefinitionError
        If an input speaks of an unknown park, or of words that are not in the reference.
    """
    known = {row["park_id"] for row in reference}
    for row in (*inputs.details, *inputs.sources):
        if row["park_id"] not in known:
            raise DefinitionError(seen=row["park_id"], wanted=", ".join(sorted(known)), where="park_id")
    return [park_row(row, inputs) for row in reference]


def park_row(reference: Row, inputs: ParkInputs) -> Row:
    """Return one park.

    Parameters
    ----------
    reference : dict
        Row of the reference.
    inputs : ParkInputs
        Reviewed tables.

    Returns
    -------
    dict
        Text by field; an unknown value is an empty text.

    Raises
    ------
    DefinitionError
        If a translation is missing, or a detail is not in the text it was read from.
    """
    park_id = reference["park_id"]
    row = {"feature_id": park_id, "province": _PROVINCE}
    row |= {field: reference[column] for field, column in _COPIED.items()}
    row |= {name: reference[name].translate(_AS_CODE) for name in ("kind", "status")}
    for name, column in _BILINGUAL.items():
        row |= both(name, reference[column], inputs.translations)
    for detail in inputs.details:
        if detail["park_id"] == park_id:
            quoted(detail, reference, where=park_id)
            row |= _detail(detail, inputs.translations)
    row["valid_from"], row["time_basis"] = planned_time(row)
    row["position"], row["geometry"] = _shape(row)
    row["source"] = reference["source"]
    return row


def _detail(detail: Row, translations: Translations) -> Row:
    if detail["field"] == "place_note":
        return both("place_note", detail["value"], translations)
    return {detail["field"]: detail["value"]}


def planned_time(park: Row) -> tuple[str, str]:
    """Return from when a park is meant to exist, and on what that rests.

    Parameters
    ----------
    park : dict
        With `status`, `year_established`, `planning_horizon`; a `time_basis` that is already there wins over the
        status.

    Returns
    -------
    (str, str)
        ISO date or empty; code of `time_basis`. A park that exists counts from the year it was established. One that
        does not yet exist counts from the last day of its plan's horizon, whatever the year of its approval; without a
        horizon its time is unknown.

    Examples
    --------
    >>> planned_time({"status": "in_plan", "year_established": "2024", "planning_horizon": "2025"})
    ('2025-12-31', 'plan')
    """
    exists = park["status"] == "operating" or park.get("time_basis") == "established"
    if exists:
        year = park["year_established"]
        return (f"{year}-01-01", "established") if year else ("", "unknown")
    horizon = park["planning_horizon"]
    return (f"{horizon}-12-31", "plan") if horizon else ("", "unknown")


def _shape(park: Row) -> tuple[str, str]:
    """Return the quality of the geometry and the geometry as WKT."""
    if not park["lon"]:
        return "unknown", ""
    lon, lat = float(park["lon"]), float(park["lat"])
    if not park["area_ha"]:
        return "label", shapely.to_wkt(shapely.Point(lon, lat), rounding_precision=DECIMALS)
    outline = circle(lon, lat, area_ha=float(park["area_ha"]))
    return "schematic", shapely.to_wkt(outline, rounding_precision=DECIMALS)


def fact_rows(parks: list[Row], inputs: ParkInputs, definition: LayerDefinition) -> list[Row]:
    """Return one fact for every known value of every park.

    Parameters
    ----------
    parks : list of dict
        Parks, as `park_rows` returns them.
    inputs : ParkInputs
        Reviewed tables.
    definition : LayerDefinition
        The layer of the parks.

    Returns
    -------
    list of dict
        Rows of the layer `facts`, by park and field.

    Raises
    ------
    DefinitionError
        If a reviewed source speaks of a value that is not known.
    """
    facts = []
    for park in parks:
        known = [field for field in definition.fields if park.get(field.name, "")]
        listed = [row for row in inputs.sources if row["park_id"] == park["feature_id"]]
        _check_listed(listed, {field.name for field in known}, park["feature_id"])
        for field in known:
            source, confidence = _evidence(field.name, park, listed)
            facts.append(
                {
                    "feature_id": f"{definition.id}.{park['feature_id']}.{field.name}",
                    "layer": definition.id,
                    "feature": park["feature_id"],
                    "field": field.name,
                    "value": park[field.name],
                    "unit": field.unit or "",
                    "source": source,
                    "confidence": confidence,
                }
            )
    return facts


def _stem(field: str) -> str:
    return field.removesuffix("_vi").removesuffix("_en")


def _check_listed(listed: list[Row], known: set[str], park_id: str) -> None:
    stems = {_stem(name) for name in known}
    for row in listed:
        for name in row["fields"].split(";"):
            if name != "*" and name not in stems:
                wanted = Text(vi="một giá trị đã biết", en="a known value")
                raise DefinitionError(seen=name, wanted=wanted, where=f"fact_sources.csv, {park_id}")


def _evidence(field: str, park: Row, listed: list[Row]) -> tuple[str, str]:
    """Return source and confidence of one value: the reviewed ones for it, for its park, else those of the row."""
    if field == "time_basis":
        return _basis_of_time(park, listed)
    stem = _stem(field)
    for row in listed:
        if stem in row["fields"].split(";"):
            return row["source"], row["confidence"]
    if stem in _POSITION:
        return park["position_method_en"], park["position_confidence"]
    source, _, communes = park["source"].partition(_COMMUNES_SOURCE)
    if field == "new_communes" and communes:
        return communes, park["confidence"]
    for row in listed:
        if row["fields"] == "*":
            return row["source"], row["confidence"]
    return source, park["confidence"]


def _basis_of_time(park: Row, listed: list[Row]) -> tuple[str, str]:
    field = {"established": "year_established", "plan": "planning_horizon"}.get(park["time_basis"])
    if field is None:
        return "Parkplan: no year of an existing park and no planning horizon is known", "high"
    _, confidence = _evidence(field, park, listed)
    return f"Parkplan, from {field}", confidence
