"""The scripts and style sheets of the map: as addresses for served pages, or as contents for files and notebooks."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final, Literal

from gis.maps import Asset, Assets
from layers.errors import MissingFileError

__all__ = ["ASSETS_PATH", "FOLDER", "fingerprint", "inline", "linked"]

#: Where the files lie; `vendor/` is laid there when Parkplan is built.
FOLDER: Final = Path(__file__).parent
#: Path under which the portal serves them.
ASSETS_PATH: Final = "/assets"

Kind = Literal["js", "css"]
_MAP_FILES: Final[tuple[tuple[str, Kind, str], ...]] = (
    ("leaflet_css", "css", "vendor/leaflet/leaflet.css"),
    ("parkplan_css", "css", "map.css"),
    ("leaflet_js", "js", "vendor/leaflet/leaflet.js"),
    ("parkplan_draw_js", "js", "map-draw.js"),
    ("parkplan_list_js", "js", "map-list.js"),
    ("parkplan_js", "js", "map.js"),
)
_CSS_URL: Final = re.compile(r"""url\((['"]?)([^'")]+)\1\)""")
_MEDIA_TYPES: Final = {".png": "image/png", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


def linked(base: str = ASSETS_PATH) -> Assets:
    """Return the map's assets as addresses.

    Parameters
    ----------
    base : str
        Address of the assets, without a slash at its end.

    Returns
    -------
    Assets
        With the fingerprint of each file in its address, so that browsers may keep them for good.

    Raises
    ------
    MissingFileError
        If a file is not there.
    """
    return Assets(
        tuple(Asset(name, kind, url=f"{base}/{path}?v={fingerprint(path)}") for name, kind, path in _MAP_FILES)
    )


def inline() -> Assets:
    """Return the map's assets as contents, for maps that have to work on their own.

    Returns
    -------
    Assets
        Pictures that a style sheet names stand in it as data addresses: nothing is loaded.

    Raises
    ------
    MissingFileError
        If a file is not there.
    """
    return Assets(tuple(Asset(name, kind, text=_text(path, kind)) for name, kind, path in _MAP_FILES))


@cache
def fingerprint(path: str) -> str:
    """Return a short fingerprint of an asset's content.

    Parameters
    ----------
    path : str
        Path below the assets folder.

    Returns
    -------
    str
        Ten hexadecimal digits of its SHA-256.

    Raises
    ------
    MissingFileError
        If the file is not there.
    """
    return hashlib.sha256(_bytes(path)).hexdigest()[:10]


def _bytes(path: str) -> bytes:
    file = FOLDER / path
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise MissingFileError(seen=file) from error


@cache
def _text(path: str, kind: Kind) -> str:
    text = _bytes(path).decode("utf-8")
    if kind == "js":
        return re.sub(r"(?m)^//# sourceMappingURL=.*$", "", text)
    return _CSS_URL.sub(lambda found: f"url({_data_address(found.group(2), Path(path).parent)})", text)


def _data_address(address: str, folder: Path) -> str:
    """Return a picture's data address; an address that names no file, such as ``#default#VML``, stays as it is."""
    media_type = _MEDIA_TYPES.get(Path(address).suffix)
    if media_type is None:
        return address
    content = base64.b64encode(_bytes(str(folder / address))).decode("ascii")
    return f"data:{media_type};base64,{content}"
