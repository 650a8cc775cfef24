"""The manifest of a package: what it is, of which state of which store, for whom, and what is in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from layers.declared import first_mistake
from layers.definitions import LayerDefinition
from layers.errors import FileUnreadableError, UnknownChangesetError
from layers.packages.area import Area
from layers.store import Changeset, Store
from layers.types import Language, Text

__all__ = [
    "FORMAT",
    "MANIFEST",
    "VERSION",
    "FileEntry",
    "LayerEntry",
    "Manifest",
    "StoreEntry",
    "checksum",
    "read_manifest",
    "store_entry",
]

FORMAT: Final = "parkplan-package"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1 << 20
_MOST_BYTES: Final = 64 * 1024**2
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(_Entry):
    """One file of a package.

    Parameters
    ----------
    sha256 : str
        Checksum of its bytes, hexadecimal.
    size : int
        Bytes.
    """

    sha256: str
    size: int

    @field_validator("sha256")
    @classmethod
    def _check(cls, value: str) -> str:
        if not _SHA256.fullmatch(value):
            raise ValueError("64 hexadecimal digits")
        return value


class StoreEntry(_Entry):
    """The store, and the state of it, that a package was taken from.

    Parameters
    ----------
    id : str
        Fingerprint of the store's first changeset: copies and backups of one store have the same.
    changeset : int
        The base: the last changeset of the state; 0 before the first.
    record : str
        Fingerprint of that changeset: tells stores apart that have gone different ways since.
    time : datetime or None
        When it was made.
    """

    id: str
    changeset: int
    record: str
    time: dt.datetime | None = None


class LayerEntry(_Entry):
    """One layer of a package.

    Parameters
    ----------
    definition : dict
        Its definition, as `LayerDefinition` writes it.
    features : int
        How many there are.
    files : tuple of str
        Where they are, beside the GeoPackage.
    source, licence : str
        Where its data come from, and under which terms.
    """

    definition: dict[str, Any]
    features: int
    files: tuple[str, ...]
    source: str = ""
    licence: str = ""


class Manifest(_Entry):
    """What a package says of itself.

    Parameters
    ----------
    format, version : str and int
        That it is a package, and of which version of the format.
    created : datetime
        When, UTC.
    institute : str
        For whom.
    language : {"vi", "en"}
        Of readme and titles.
    store : StoreEntry
        Where from.
    area : dict or None
        GeoJSON geometry, longitude and latitude; None is everywhere.
    layers : dict
        By id.
    rules : dict of str to str
        Version of the program, and checksum of the planning rules that will be applied on return.
    geopackage : str
        The file to edit in QGIS.
    files : dict
        Every other file of the package by name.
    """

    format: Literal["parkplan-package"]
    version: Literal[1]
    created: dt.datetime
    institute: str
    language: Language
    store: StoreEntry
    area: dict[str, Any] | None
    layers: dict[str, LayerEntry]
    rules: dict[str, str] = Field(default_factory=dict)
    geopackage: str
    files: dict[str, FileEntry]

    @field_validator("area")
    @classmethod
    def _area(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is not None:
            try:
                shape = shapely.from_geojson(orjson.dumps(value))
            except shapely.errors.ShapelyError as error:
                raise ValueError("a GeoJSON geometry") from error
            if shape.geom_type not in ("Polygon", "MultiPolygon"):
                raise ValueError("a polygon or several")
        return value

    @property
    def shape(self) -> Area | None:
        """The area as a geometry."""
        return None if self.area is None else shapely.from_geojson(orjson.dumps(self.area))

    def definition(self, layer: str) -> LayerDefinition:
        """Return the definition under which a layer was packed.

        Parameters
        ----------
        layer : str
            The layer's id.

        Returns
        -------
        LayerDefinition
            As it was then.
        """
        return LayerDefinition.model_validate(self.layers[layer].definition)

    def content(self) -> bytes:
        """Return the manifest as the file that is packed.

        Returns
        -------
        bytes
            JSON, keys in order.
        """
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Manifest
        Checked.

    Raises
    ------
    FileUnreadableError
        If it is no manifest of a version that is known.
    """
    wanted = Text(vi=f"manifest.json của {FORMAT} phiên bản {VERSION}", en=f"a manifest of {FORMAT} version {VERSION}")
    if path.stat().st_size > _MOST_BYTES:
        raise FileUnreadableError(seen=f"{path.stat().st_size} byte", wanted=wanted, where=MANIFEST)
    try:
        return Manifest.model_validate(orjson.loads(path.read_bytes()))
    except orjson.JSONDecodeError as error:
        raise FileUnreadableError(seen=error, wanted=wanted, where=MANIFEST) from error
    except ValidationError as error:
        place, seen, _, _ = first_mistake(error)
        told = Text(
            vi=f"{place}: {seen.vi if isinstance(seen, Text) else seen}",
            en=f"{place}: {seen.en if isinstance(seen, Text) else seen}",
        )
        raise FileUnreadableError(
            seen=told.en if told.vi == told.en else told, wanted=wanted, where=MANIFEST
        ) from error


def checksum(path: Path) -> FileEntry:
    """Return size and checksum of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    FileEntry
        Of all its bytes.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return FileEntry(sha256=digest.hexdigest(), size=path.stat().st_size)


def store_entry(store: Store, changeset: int | None = None) -> StoreEntry:
    """Say which state of which store this is.

    Parameters
    ----------
    store : Store
        The store.
    changeset : int, optional
        The last changeset of the state; the latest without it.

    Returns
    -------
    StoreEntry
        For a manifest, or to hold one against.

    Raises
    ------
    UnknownChangesetError
        If the store has no such changeset.
    """
    recorded = store.changesets()
    if not recorded:
        return StoreEntry(id="", changeset=0, record="")
    last = recorded[-1].id
    number = last if changeset is None else changeset
    if not 0 <= number <= last:
        raise UnknownChangesetError(seen=number, wanted=f"0..{last}")
    if number == 0:
        return StoreEntry(id=_fingerprint(recorded[0]), changeset=0, record="")
    base = recorded[number - 1]
    return StoreEntry(id=_fingerprint(recorded[0]), changeset=number, record=_fingerprint(base), time=base.time)


def _fingerprint(changeset: Changeset) -> str:
    told = (changeset.id, changeset.author, changeset.message, changeset.time.isoformat(), changeset.features)
    return hashlib.sha256(orjson.dumps(told)).hexdigest()[:32]
