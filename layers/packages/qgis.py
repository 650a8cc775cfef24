"""How QGIS shows the layers of a package: colours, titles of fields and lists of values, from the layer definitions.

A GeoPackage carries styles in a table `layer_styles`, which QGIS takes up as it opens a layer. A layer has one style in
it, so that layers of points and areas get their titles and lists there, and their colours in the project beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from layers.crs import parse_crs
from layers.definitions import ID_FIELD, STORE_CRS, LayerDefinition
from layers.types import Language, Text

__all__ = ["project_document", "write_styles"]

#: The oldest version that understands all of it.
_VERSION: Final = "3.28.0"
#: From the ground up, with the number that QGIS has for each.
_FAMILIES: Final = {"Polygon": 2, "LineString": 1, "Point": 0}
_OTHER: Final = Text(vi="khác hoặc chưa rõ", en="other or not known")
_KINDS: Final = {
    "Polygon": Text(vi="vùng", en="areas"),
    "LineString": Text(vi="đường", en="lines"),
    "Point": Text(vi="điểm", en="points"),
}
#: As QGIS makes it.
_TABLE: Final = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT CURRENT_TIMESTAMP
)"""
_LISTED: Final = """
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'layer_styles')"""
_ROW: Final = """
INSERT INTO layer_styles (
    f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault,
    description
) VALUES ('', '', ?, ?, ?, ?, '', 1, ?)"""


def write_styles(
    database: sqlite3.Connection, definitions: Mapping[str, LayerDefinition], *, geometry: str, language: Language
) -> None:
    """Write the table of styles into a GeoPackage.

    Parameters
    ----------
    database : Connection
        The open file, which has the layers as tables.
    definitions : mapping of str to LayerDefinition
        Those layers.
    geometry : str
        Name of the columns of geometries.
    language : {"vi", "en"}
        Of titles.
    """
    database.execute(_TABLE)
    database.execute(_LISTED)
    for layer, definition in definitions.items():
        families = _families(definition)
        root = ET.Element("qgis", version=_VERSION, styleCategories="Symbology|Fields|Forms")
        root.extend(_style(definition, families[0] if len(families) == 1 else None, language))
        text = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode")
        column = geometry if definition.spatial else ""
        database.execute(_ROW, (layer, column, layer, text, definition.title.say(language)))


def project_document(definitions: Mapping[str, LayerDefinition], *, file: str, title: str, language: Language) -> bytes:
    """Return a project of QGIS with the layers of a GeoPackage, under their titles and in their colours.

    Parameters
    ----------
    definitions : mapping of str to LayerDefinition
        Layers of the file.
    file : str
        Its name; it lies beside the project.
    title : str
        Of the project.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    bytes
        For a file whose name ends in `.qgs`.
    """
    root = ET.Element("qgis", version=_VERSION, projectname=title)
    ET.SubElement(root, "title").text = title
    metric = [definition.metric_crs for definition in definitions.values() if definition.spatial]
    root.append(_crs("projectCrs", metric[0] if metric else STORE_CRS))
    tree = ET.SubElement(root, "layer-tree-group")
    layers = ET.SubElement(root, "projectlayers")
    drawn: list[tuple[LayerDefinition, str | None]] = []
    for definition in definitions.values():
        drawn += [(definition, family) for family in _families(definition)] or [(definition, None)]
    ranks = {family: rank for rank, family in enumerate(reversed(_FAMILIES))}
    # What comes first in the tree lies on top.
    for definition, family in sorted(drawn, key=lambda one: ranks.get(one[1] or "", len(ranks))):
        several = len(_families(definition)) > 1
        name = definition.title.say(language)
        name = f"{name} ({_KINDS[family].say(language)})" if several and family else name
        id_ = f"{definition.id}_{(family or 'table').lower()}"
        source = f"./{file}|layername={definition.id}" + (f"|geometrytype={family}" if several else "")
        shown = {"id": id_, "name": name, "checked": "Qt::Checked", "providerKey": "ogr", "source": source}
        ET.SubElement(tree, "layer-tree-layer", shown)
        kind = (family or "No geometry").removesuffix("String")
        layer = ET.SubElement(layers, "maplayer", type="vector", geometry=kind)
        for tag, text in (("id", id_), ("datasource", source), ("layername", name), ("provider", "ogr")):
            ET.SubElement(layer, tag).text = text
        if definition.spatial:
            layer.append(_crs("srs", STORE_CRS))
        layer.extend(_style(definition, family, language))
    return b"<?xml version='1.0' encoding='UTF-8'?>\n" + ET.tostring(root, encoding="unicode").encode()


def _crs(tag: str, code: str) -> ET.Element:
    known = parse_crs(code, where="project")
    element = ET.Element(tag)
    system = ET.SubElement(element, "spatialrefsys", nativeFormat="Wkt")
    told = {"wkt": known.to_wkt(), "srid": code.rpartition(":")[2], "authid": code, "description": known.name}
    told["geographicflag"] = "true" if known.is_geographic else "false"
    for name, text in told.items():
        ET.SubElement(system, name).text = text
    return element


def _families(definition: LayerDefinition) -> list[str]:
    kinds = {name.removeprefix("Multi") for name in definition.geometry}
    return [family for family in _FAMILIES if family in kinds]


def _style(definition: LayerDefinition, family: str | None, language: Language) -> Iterator[ET.Element]:
    """Give the parts of a style: fields, and colours where all features are of one kind."""
    if family is not None:
        yield _renderer(definition, family, language)
        ET.SubElement(holder := ET.Element("x"), "layerGeometryType").text = str(_FAMILIES[family])
        yield holder[0]
    configuration, aliases = ET.Element("fieldConfiguration"), ET.Element("aliases")
    for field in definition.all_fields:
        ET.SubElement(aliases, "alias", field=field.name, name=field.title.say(language))
        if field.codes:
            place = ET.SubElement(configuration, "field", name=field.name)
            widget = ET.SubElement(place, "editWidget", type="ValueMap")
            options = _option(ET.SubElement(widget, "config"), "Map")
            values = _option(options, "List", "map")
            for code in field.codes:
                _option(_option(values, "Map"), "QString", code.title.say(language), code.value)
    yield configuration
    yield aliases
    editable = ET.Element("editable")
    ET.SubElement(editable, "field", name=ID_FIELD, editable="0")
    yield editable


def _renderer(definition: LayerDefinition, family: str, language: Language) -> ET.Element:
    style = definition.style
    codes = [] if style.by is None else definition.field(style.by).codes
    kind = "categorizedSymbol" if codes else "singleSymbol"
    renderer = ET.Element("renderer-v2", type=kind, forceraster="0", symbollevels="0", enableorderby="0")
    symbols = ET.Element("symbols")
    if codes and style.by is not None:
        renderer.set("attr", style.by)
        categories = ET.SubElement(renderer, "categories")
        entries = [(code.value, code.title.say(language), code.color or style.color) for code in codes]
        entries.append(("", _OTHER.say(language), style.color))
        for place, (value, label, color) in enumerate(entries):
            entry = {"value": value, "symbol": str(place), "label": label, "render": "true", "type": "string"}
            ET.SubElement(categories, "category", entry)
            symbols.append(_symbol(definition, family, str(place), color))
    else:
        symbols.append(_symbol(definition, family, "0", style.color))
    renderer.append(symbols)
    return renderer


def _symbol(definition: LayerDefinition, family: str, name: str, color: str) -> ET.Element:
    style = definition.style
    line, width = _rgba(color), f"{style.width:g}"
    if family == "Polygon":
        kind, class_ = "fill", "SimpleFill"
        given = {"color": _rgba(color, style.fill_opacity), "style": "solid", "outline_color": line}
        given |= {"outline_style": "solid", "outline_width": width, "outline_width_unit": "Pixel"}
    elif family == "LineString":
        kind, class_ = "line", "SimpleLine"
        given = {"line_color": line, "line_style": "solid", "line_width": width, "line_width_unit": "Pixel"}
        if style.dash is not None:
            dash = ";".join(style.dash.replace(",", " ").split())
            given |= {"use_custom_dash": "1", "customdash": dash, "customdash_unit": "Pixel"}
    else:
        kind, class_ = "marker", "SimpleMarker"
        given = {"name": "circle", "color": line, "outline_color": "255,255,255,255", "outline_style": "solid"}
        given |= {"size": f"{2 * style.radius:g}", "size_unit": "Pixel"}
        given |= {"outline_width": "1", "outline_width_unit": "Pixel"}
    symbol = ET.Element("symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0")
    options = _option(ET.SubElement(symbol, "layer", attrib={"class": class_, "pass": "0"}, enabled="1"), "Map")
    for key, value in given.items():
        _option(options, "QString", key, value)
    return symbol


def _rgba(color: str, opacity: float = 1.0) -> str:
    parts = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return ",".join(str(part) for part in (*parts, round(opacity * 255)))


def _option(parent: ET.Element, type_: str, name: str | None = None, value: str | None = None) -> ET.Element:
    given = {key: text for key, text in (("type", type_), ("name", name), ("value", value)) if text is not None}
    return ET.SubElement(parent, "Option", given)
