"""Which state of a feature is meant: strong ETags, and the conditions that a request sets by them (RFC 9110, 13)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from layers.geojson import attribute_rows

__all__ = ["ANY", "feature_state", "named_states", "not_modified", "state_digest", "strong_etag"]

#: Any state, as long as there is one.
ANY: Final = "*"
#: Of the digest of a state; 96 bits, so that no two states of a feature share one.
_LENGTH: Final = 24
_TAG: Final = re.compile(r'\s*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)")\s*(?:,|$)')


def feature_state(features: gpd.GeoDataFrame) -> str:
    """Return by what a state of a feature is known: a digest of all that is seen of it.

    Parameters
    ----------
    features : GeoDataFrame
        One row in the typed form.

    Returns
    -------
    str
        The same for the same id, attributes and geometry, whatever language or CRS it is told in.
    """
    return state_digest(str(features.index[0]), attribute_rows(features)[0], features.geometry.iloc[0])


def state_digest(feature_id: str, attributes: Mapping[str, Any], geometry: BaseGeometry | bytes | None) -> str:
    """Return the digest of a state, of its parts.

    Parameters
    ----------
    feature_id : str
        The feature.
    attributes : mapping
        JSON values by field, in any order.
    geometry : BaseGeometry, bytes or None
        In EPSG:4326, also as WKB of any kind.

    Returns
    -------
    str
        As by `feature_state`.

    Examples
    --------
    >>> state_digest("a", {"n": 1, "b": None}, None) == state_digest("a", {"b": None, "n": 1.0}, None)
    True
    """
    plain = {name: float(value) if type(value) is int else value for name, value in attributes.items()}
    digest = hashlib.sha256(orjson.dumps([feature_id, plain], option=orjson.OPT_SORT_KEYS))
    shape = shapely.from_wkb(geometry) if isinstance(geometry, bytes) else geometry
    if shape is not None and not shape.is_empty:
        digest.update(shapely.to_wkb(shape))
    return digest.hexdigest()[:_LENGTH]


def strong_etag(state: str, *variant: str) -> str:
    """Return the strong ETag of one representation of a state.

    Parameters
    ----------
    state : str
        By `feature_state`.
    *variant : str
        What else the bytes of the answer hang on, such as language and CRS.

    Returns
    -------
    str
        With its quotes.

    Examples
    --------
    >>> strong_etag("0a1b", "vi")
    '"0a1b-vi"'
    """
    return f'"{"-".join((state, *variant))}"'


def named_states(header: str) -> frozenset[str]:
    """Return the states that a condition names.

    Parameters
    ----------
    header : str
        Value of `If-Match` or `If-None-Match`.

    Returns
    -------
    frozenset of str
        States of the strong ETags, whichever representation they are of; `ANY` alone for any state.

    Examples
    --------
    >>> sorted(named_states('"0a1b-vi", "2c3d-en", W/"4e5f"'))
    ['0a1b', '2c3d']
    """
    if header.strip() == ANY:
        return frozenset({ANY})
    return frozenset(tag.partition("-")[0] for weak, tag in _TAG.findall(header) if not weak)


def not_modified(header: str | None, etag: str) -> bool:
    """Return whether a reader has the answer already.

    Parameters
    ----------
    header : str or None
        Value of `If-None-Match`.
    etag : str
        Of the answer.

    Returns
    -------
    bool
        True where 304 says enough.

    Examples
    --------
    >>> not_modified('"0a1b-vi"', '"0a1b-vi"'), not_modified('"0a1b-en"', '"0a1b-vi"'), not_modified(None, '"x"')
    (True, False, False)
    """
    return header is not None and (header.strip() == ANY or etag in re.findall(r'"[^"]*"', header))
