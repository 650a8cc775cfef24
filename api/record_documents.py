"""The catalogue and its records as they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from api.links import GEOJSON, HTML, JSON, REL, SCHEMA, ZIP, collection_url, feature_url, link, own_links
from layers.types import Text

if TYPE_CHECKING:
    from layers.records import Cover, Record
    from layers.types import Bounds, Language

__all__ = ["CATALOGUE", "CATALOGUE_TITLE", "catalogue_document", "cover_document", "record_document"]

JsonObject = dict[str, Any]
#: Id of the collection, and its name.
CATALOGUE: Final = "catalogue"
_CORE: Final = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
CATALOGUE_TITLE: Final = Text(vi="Danh mục dữ liệu", en="Catalogue")
_DESCRIPTION: Final = Text(
    vi="Mỗi bản ghi nói về một lớp, một quy hoạch, một văn bản hoặc một gói đã giao: nguồn, ngày, điều khoản "
    "sử dụng, độ tin cậy, phạm vi có dữ liệu.",
    en="A record for each layer, plan, document and package handed out: source, date, licence, confidence, and where "
    "there are data.",
)
_LANGUAGES: Final = {"vi": {"code": "vi", "name": "Tiếng Việt"}, "en": {"code": "en", "name": "English"}}
_ITEMS: Final = Text(vi="Các bản ghi", en="Records")
_DATA: Final = Text(vi="Dữ liệu", en="Data")
_SCHEMA: Final = Text(vi="Lược đồ", en="Schema")
_BY: Final = Text(vi="Tìm bản ghi theo gì", en="By what records are found")
_RULES: Final = Text(vi="Các quy định lấy từ văn bản", en="Rules taken from the document")
_NOTED: Final = Text(vi="Dòng trong sổ giao nhận", en="Its line of the record of packages")
_FILE: Final = Text(vi="Tệp của gói", en="The file of the package")
_BACK: Final = Text(vi="Đề xuất từ gói trả về", en="The proposal that came back")


def catalogue_document(base: str, language: Language, *, parent: bool = False) -> JsonObject:
    """Return the catalogue as a collection.

    Parameters
    ----------
    base : str
        Address of the server.
    language : {"vi", "en"}
        Of title and description.
    parent : bool, optional
        Whether it is named in the list of all, where `self` would mean the list.

    Returns
    -------
    dict
        The document.
    """
    url, title = collection_url(base, CATALOGUE), CATALOGUE_TITLE.say(language)
    return {
        "id": CATALOGUE,
        "type": "catalog",
        "itemType": "record",
        "title": title,
        "description": _DESCRIPTION.say(language),
        "language": _LANGUAGES[language],
        "languages": list(_LANGUAGES.values()),
        "links": [
            *([link(url, "collection", JSON, title)] if parent else own_links(url, JSON, title)),
            link(f"{url}/items", "items", GEOJSON, _ITEMS.say(language)),
            link(f"{url}/items?f=html", "items", HTML, _ITEMS.say(language)),
            link(f"{url}/queryables", REL + "queryables", SCHEMA, _BY.say(language)),
        ],
    }


def record_document(record: Record, base: str, language: Language, *, kept: bool = False) -> JsonObject:
    """Return a record as it is sent; what is not known is left out.

    Parameters
    ----------
    record : Record
        Of `layers.records`.
    base : str
        Address of the server.
    language : {"vi", "en"}
        The reader's language.
    kept : bool, optional
        Whether the file of a package can be had here.

    Returns
    -------
    dict
        A GeoJSON Feature.
    """
    properties: JsonObject = {
        "type": record.type,
        "title": record.title.say(language),
        "description": "" if record.description is None else record.description.say(language),
        "keywords": [keyword.say(language) for keyword in record.keywords],
        "language": _LANGUAGES[language],
        "languages": list(_LANGUAGES.values()),
        "license": record.licence,
        "source": record.source,
        "confidence": record.confidence,
        "features": record.features,
        "externalIds": [{"value": record.number}] if record.number else [],
    }
    if record.type == "dataset":
        # Nothing known is told as such: it is not the same as nothing there.
        properties["coverage"] = [cover_document(cover) for cover in record.coverage]
        properties["coverageKnown"] = bool(record.coverage)
        properties["formats"] = [{"name": "GeoJSON", "mediaType": GEOJSON}]
    if record.exchange is not None:
        noted = record.exchange.document(language)
        properties |= {name: noted[name] for name in ("institute", "base", "sha256", "size", "signature")}
        properties |= {"created": noted["time"], "layers": list(noted["layers"]), "file": noted["name"]}
    told = {name: value for name, value in properties.items() if value not in ("", None, [])}
    return {
        "type": "Feature",
        "id": record.id,
        "conformsTo": [_CORE],
        "time": _time(record),
        "geometry": record.area or (None if record.bounds is None else _box(record.bounds)),
        "properties": {**told, **({"coverage": properties["coverage"]} if record.type == "dataset" else {})},
        "links": [*_links(record, base, language), *_package_links(record, base, language, kept=kept)],
    }


def cover_document(cover: Cover) -> JsonObject:
    """Return where a layer has data, as it is sent; what is not known is left out.

    Parameters
    ----------
    cover : Cover
        Of `layers.records`.

    Returns
    -------
    dict
        Day, completeness, box and source.
    """
    told: JsonObject = {
        "asOf": None if cover.as_of is None else cover.as_of.isoformat(),
        "completeness": cover.completeness,
        "bbox": None if cover.bounds is None else list(cover.bounds),
        "source": cover.source,
    }
    return {name: value for name, value in told.items() if value not in ("", None)}


def _time(record: Record) -> JsonObject | None:
    if record.time is None:
        return None
    start, end = record.time
    if start is not None and start == end:
        return {"date": start.isoformat()}
    return {"interval": [".." if day is None else day.isoformat() for day in (start, end)]}


def _box(bounds: Bounds) -> JsonObject:
    """Return a box as GeoJSON: a point where it has no size, a line where it has no area."""
    west, south, east, north = bounds
    if (west, south) == (east, north):
        return {"type": "Point", "coordinates": [west, south]}
    if west == east or south == north:
        return {"type": "LineString", "coordinates": [[west, south], [east, north]]}
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _links(record: Record, base: str, language: Language) -> list[dict[str, str]]:
    url, layer = collection_url(base, CATALOGUE), collection_url(base, record.layer)
    links = [
        *own_links(feature_url(base, CATALOGUE, record.id), GEOJSON, record.title.say(language)),
        link(url, "collection", JSON, CATALOGUE_TITLE.say(language)),
    ]
    if record.type == "dataset":
        links.append(link(layer, "about", JSON, record.title.say(language)))
        links.append(link(f"{layer}/items", "items", GEOJSON, _DATA.say(language)))
        links.append(link(f"{layer}/schema", "describedby", SCHEMA, _SCHEMA.say(language)))
    elif record.type == "plan":
        links.append(link(feature_url(base, record.layer, record.feature_id), "about", GEOJSON, _DATA.say(language)))
    elif record.type == "document":
        links.append(link(f"{layer}/items", "related", GEOJSON, _RULES.say(language)))
    return links


def _package_links(record: Record, base: str, language: Language, *, kept: bool) -> list[dict[str, str]]:
    if record.exchange is None:
        return []
    url = f"{base}/packages/{record.exchange.number}"
    return [
        link(url, "about", JSON, _NOTED.say(language)),
        *([link(f"{url}/file", "enclosure", ZIP, _FILE.say(language))] if kept else []),
        *(
            link(f"{base}/proposals/{one}", "related", JSON, f"{_BACK.say(language)}: {one}")
            for one in record.proposals
        ),
    ]
