"""Rows of the other shipped layers: rules, codes, indicators, units, and what single facts say of roads and plants."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

import shapely

from layers.definitions import LayerDefinition
from layers.errors import DefinitionError
from layers.hanoi.shapes import DECIMALS, side_line
from layers.hanoi.sources import Row, Translations, both, in_both_languages, quoted
from layers.types import Text

__all__ = ["indicator_rows", "land_use_rows", "place_rows", "relation_rows", "rule_rows", "unit_rows"]

#: Last day of the old communes and districts, first day of the new communes.
_LAST_OLD_DAY: Final = "2025-06-30"
_FIRST_NEW_DAY: Final = "2025-07-01"
_SCHEMES: Final = {
    "land statistics and land status maps": "land_status",
    "land statistics (Circular 08/2024": "land_statistics_2024",
    "plot codes": "park_plan",
}
_SCOPES: Final = {
    "industrial parks of Hanoi": "parks",
    "Hoa Lac Hi-tech Park": "hoa-lac",
    "industrial parks and Hoa Lac hi-tech park together": "together",
}


def rule_rows(reference: list[Row], checks: list[Row], translations: Translations) -> list[Row]:
    """Return rules with the checks that are bound to them.

    Parameters
    ----------
    reference : list of dict
        Rows of the regulations, then of Parkplan's own checks.
    checks : list of dict
        Kind of check, parameters and severity by rule.
    translations : Translations
        Reviewed Vietnamese.

    Returns
    -------
    list of dict
        Rows of the layer `rules`; no check where no layer could decide the rule.

    Raises
    ------
    DefinitionError
        If a check is bound to an unknown rule, its parameters are no JSON, or a translation is missing.
    """
    known = {row["id"] for row in reference}
    bound = {}
    for row in checks:
        if row["id"] not in known:
            raise DefinitionError(seen=row["id"], wanted=", ".join(sorted(known)), where="rule_checks.csv")
        try:
            json.loads(row["params"])
        except json.JSONDecodeError as error:
            raise DefinitionError(seen=error, wanted="JSON", where=f"rule_checks.csv, {row['id']}") from error
        bound[row["id"]] = {name: row[name] for name in ("check", "params", "severity")}
    pairs = ("rule", "unit", "applies_to", "document", "article", "note")
    rows = []
    for row in reference:
        turned = in_both_languages(row, pairs, translations)
        turned |= {"feature_id": row["id"], "document": row["document"], "article": row["article"]}
        turned |= {"title_vi": turned["rule_vi"], "title_en": turned["rule_en"]}
        rows.append(turned | bound.get(row["id"], {"severity": "fail"}))
    return rows


def land_use_rows(reference: list[Row], plots: LayerDefinition, translations: Translations) -> list[Row]:
    """Return land-use codes with their colours.

    Parameters
    ----------
    reference : list of dict
        Rows of the reference.
    plots : LayerDefinition
        The layer of the plots, whose legend gives the colours that no source has.
    translations : Translations
        Reviewed Vietnamese.

    Returns
    -------
    list of dict
        Rows of the layer `land_use_codes`.

    Raises
    ------
    DefinitionError
        If a scheme is unknown or a translation is missing.
    """
    chosen = {code.value: code.color or "" for code in plots.field("land_use").codes}
    rows = []
    for row in reference:
        turned = in_both_languages(row, ("note",), translations)
        turned |= {"feature_id": row["code"], "scheme": _scheme(row["scheme"])}
        if row["r"]:
            turned["color"] = "#" + "".join(f"{int(row[name]):02x}" for name in "rgb")
            turned["color_basis"] = "source"
        elif turned["scheme"] == "park_plan" and chosen.get(row["code"]):
            turned |= {"color": chosen[row["code"]], "color_basis": "parkplan"}
        rows.append(turned)
    return rows


def _scheme(text: str) -> str:
    for beginning, code in _SCHEMES.items():
        if text.startswith(beginning):
            return code
    raise DefinitionError(seen=text, wanted=", ".join(_SCHEMES), where="landuse_codes.csv")


def indicator_rows(reference: list[Row], translations: Translations) -> list[Row]:
    """Return yearly figures; a figure that was not found stays empty.

    Parameters
    ----------
    reference : list of dict
        Rows of the reference.
    translations : Translations
        Reviewed Vietnamese.

    Returns
    -------
    list of dict
        Rows of the layer `indicators`.

    Raises
    ------
    DefinitionError
        If a scope is unknown or a translation is missing.
    """
    rows = []
    for row in reference:
        if row["scope"] not in _SCOPES:
            raise DefinitionError(seen=row["scope"], wanted=", ".join(_SCOPES), where="indicators.csv")
        turned = in_both_languages(row, ("period", "indicator", "unit", "scope", "note"), translations)
        first, _, last = row["year"].partition("-")
        words = (row["year"], row["period"], row["indicator"], _SCOPES[row["scope"]])
        turned |= {"feature_id": "_".join(_slug(word) for word in words)}
        rows.append(turned | {"first_year": first, "last_year": last or first})
    return rows


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", _plain(text).lower()).strip("-")


def _plain(text: str) -> str:
    """Return a Vietnamese name in the letters of English."""
    parts = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def unit_rows(inputs: list[Row], parks: Mapping[str, Row], translations: Translations) -> list[Row]:
    """Return administrative units before and since 1 July 2025.

    Parameters
    ----------
    inputs : list of dict
        Reviewed table: names, levels, parents, and points where the reference states a centre.
    parks : mapping of str to dict
        Parks by id; each unit names the park whose facts name it.
    translations : Translations
        Reviewed Vietnamese.

    Returns
    -------
    list of dict
        Rows of the layer `admin_units`.

    Raises
    ------
    DefinitionError
        If a unit rests on an unknown park or a translation is missing.
    """
    rows = []
    for row in inputs:
        park = _park(row["park_id"], parks, where=f"units.csv, {row['feature_id']}")
        turned = in_both_languages(row, ("note",), translations)
        turned |= {"name_en": _plain(row["name_vi"]), "province": "Hà Nội", "position": "unknown"}
        turned |= {"source": park["source"], "confidence": row["confidence"] or park["confidence"]}
        turned |= {"old": {"valid_to": _LAST_OLD_DAY}, "new": {"valid_from": _FIRST_NEW_DAY}}.get(row["era"], {})
        if row["lon"]:
            point = shapely.Point(float(row["lon"]), float(row["lat"]))
            turned |= {"position": "label", "geometry": shapely.to_wkt(point, rounding_precision=DECIMALS)}
        rows.append(turned)
    return rows


def relation_rows(parks: list[Row], units: list[Row]) -> list[Row]:
    """Return which old and new communes the facts on a park name together.

    The facts do not say which commune went where. Only where one old commune is named and the source says how much of
    it lies in the new one is the relation known.

    Parameters
    ----------
    parks : list of dict
        Parks with their communes.
    units : list of dict
        Units, as `unit_rows` returns them.

    Returns
    -------
    list of dict
        Rows of the layer `unit_relations`.

    Raises
    ------
    DefinitionError
        If a park names a commune that is no unit.
    """
    rows: dict[str, Row] = {}
    for park in parks:
        old, new = (_names(park[name]) for name in ("old_communes", "new_communes"))
        for old_name in old:
            for new_name in new:
                old_id = _unit_id(old_name, "old", units, park["old_district"])
                new_id = _unit_id(new_name, "new", units, "")
                stated = park.get("place_note_en", "") in (f"{new_name}: main part", f"{new_name}: small part")
                relation = "part" if stated and len(old) == 1 else "unknown"
                row = {
                    "feature_id": f"{old_id}_{new_id}",
                    "old_unit": old_id,
                    "new_unit": new_id,
                    "relation": relation,
                    "park_id": park["feature_id"],
                    "evidence_vi": f"dữ kiện về {park['name_vi']} nêu cả hai đơn vị",
                    "evidence_en": f"the facts on {park['name_en']} name both units",
                    "source": "public old-to-new commune mapping data sets (MIT)",
                    "confidence": "medium" if 1 in (len(old), len(new)) and park["confidence"] != "low" else "low",
                }
                # Of parks that name the same two units the one that says most counts.
                best = rows.get(row["feature_id"])
                if best is None or _weight(row) > _weight(best):
                    rows[row["feature_id"]] = row
    return list(rows.values())


def _weight(relation: Row) -> tuple[bool, bool]:
    return relation["relation"] != "unknown", relation["confidence"] != "low"


def _names(text: str) -> list[str]:
    return [name.removeprefix("thị trấn ") for name in text.split("; ") if name]


def _unit_id(name: str, era: str, units: list[Row], districts: str) -> str:
    parents = {f"old-{_slug(district)}" for district in districts.split("; ")} if districts else {"ha-noi"}
    found = [
        row["feature_id"]
        for row in units
        if row["era"] == era and row["level"] == "commune" and row["name_vi"] == name and row["parent"] in parents
    ]
    if len(found) != 1:
        wanted = Text(vi="đúng một đơn vị trong units.csv", en="exactly one unit in units.csv")
        raise DefinitionError(seen=f"{name}: {found}", wanted=wanted, where=era)
    return found[0]


def place_rows(
    inputs: list[Row], parks: Mapping[str, Row], reference: Mapping[str, Row], translations: Translations
) -> list[Row]:
    """Return what single facts say of plots, roads, plants, plans and coverage.

    Parameters
    ----------
    inputs : list of dict
        A reviewed table: fields of the layer, `note` in English, and where they apply `shape` (a side, the label point
        or the outline of the park), `valid_from` (a date, or "park" for the park's), `read_from` and `quote`.
    parks : mapping of str to dict
        Parks by id, as `park_rows` returns them.
    reference : mapping of str to dict
        Rows of the reference by park.
    translations : Translations
        Reviewed Vietnamese.

    Returns
    -------
    list of dict
        Text by field; geometry as WKT.

    Raises
    ------
    DefinitionError
        If a row rests on an unknown park, on words that are not there, or has an unknown shape.
    """
    rows = []
    for row in inputs:
        where = row["feature_id"]
        turned = {name: value for name, value in row.items() if name not in ("note", "shape", "read_from", "quote")}
        turned |= both("note", row.get("note", ""), translations)
        if row.get("park_id"):
            park = _park(row["park_id"], parks, where=where)
            turned.setdefault("source", park["source"].partition("; new communes: ")[0])
            turned.setdefault("confidence", park["confidence"])
            if row.get("valid_from") == "park":
                turned["valid_from"] = park["valid_from"]
            if "quote" in row:
                quoted(row, reference[row["park_id"]], where=where)
            turned |= _place(row, park, where=where)
        elif row.get("shape"):
            raise DefinitionError(seen=row["shape"], wanted="park_id", where=where)
        rows.append({"position": "unknown"} | turned)
    return rows


def _park(park_id: str, parks: Mapping[str, Row], *, where: str) -> Row:
    if park_id not in parks:
        raise DefinitionError(seen=park_id, wanted=", ".join(parks), where=where)
    return parks[park_id]


def _place(row: Row, park: Row, *, where: str) -> Row:
    kind, _, side = row.get("shape", "").partition(":")
    if not kind:
        return {}
    lon, lat = float(park["lon"]), float(park["lat"])
    if kind == "label":
        return {
            "position": "label",
            "geometry": shapely.to_wkt(shapely.Point(lon, lat), rounding_precision=DECIMALS),
        }
    if kind == "outline":
        return {"position": "schematic", "geometry": park["geometry"]}
    if kind == "side":
        line = side_line(
            lon, lat, area_ha=float(park["area_ha"]), side=side, corridor_m=float(row.get("corridor_m") or 0)
        )
        return {"position": "schematic", "geometry": shapely.to_wkt(line, rounding_precision=DECIMALS)}
    raise DefinitionError(seen=row["shape"], wanted="side:N, label, outline", where=where)
