"""Resolutions in a file: the list of conflicts that a merge wrote, with what a person decided filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
import shapely
from pydantic import BaseModel, ConfigDict, ValidationError
from shapely.errors import ShapelyError

from layers.declared import first_mistake
from layers.errors import FileUnreadableError, MissingFileError
from layers.merge.conflicts import KEYS
from layers.merge.model import Choice, ConflictKind, Resolution
from layers.types import Text

__all__ = ["parse_resolutions", "read_resolutions"]

_MOST_BYTES: Final = 64 * 1024**2
_WANTED: Final = Text(
    vi="tệp JSON do --conflicts ghi, mỗi mục có resolution với choice",
    en="a JSON file as --conflicts writes it, with a choice in the resolution of its items",
)


class _Decided(BaseModel):
    model_config = ConfigDict(extra="ignore")

    choice: Choice
    value: Any = None
    by: str = ""
    why: str = ""


class _Item(BaseModel):
    model_config = ConfigDict(extra="ignore")

    layer: str | None = None
    kind: ConflictKind | None = None
    feature_id: str | None = None
    field: str | None = None
    other: str | None = None
    resolution: _Decided | None = None


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[_Item]


def read_resolutions(path: str | Path, *, by: str) -> list[Resolution]:
    """Read what was decided about conflicts from a file.

    Parameters
    ----------
    path : str or Path
        A JSON file.
    by : str
        Who decided, where an item does not say so.

    Returns
    -------
    list of Resolution
        In the order of the file.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError
        If it is no such file.
    ValueOutOfRangeError
        If a conflict cannot be resolved so.
    """
    place = Path(path)
    try:
        if place.stat().st_size > _MOST_BYTES:
            raise FileUnreadableError(seen=f"{place.stat().st_size} byte", wanted=_WANTED, where=str(path))
        content = place.read_bytes()
    except FileNotFoundError as error:
        raise MissingFileError(seen=path) from error
    except OSError as error:
        raise FileUnreadableError(seen=error.strerror or error, wanted=_WANTED, where=str(path)) from error
    return parse_resolutions(content, by=by, where=str(path))


def parse_resolutions(content: bytes, *, by: str, where: str) -> list[Resolution]:
    """Read what was decided about conflicts.

    Parameters
    ----------
    content : bytes
        The document of `Conflicts.document` as JSON, or a list of its items; items without a resolution stay open, and
        what an item leaves out does not count, so that one may speak of many conflicts.
    by : str
        Who decided, where an item does not say so.
    where : str
        What to call it in an error.

    Returns
    -------
    list of Resolution
        In the order of the document.

    Raises
    ------
    FileUnreadableError
        If it is no such document.
    ValueOutOfRangeError
        If a conflict cannot be resolved so.
    """
    try:
        told = orjson.loads(content)
        items = _Document.model_validate({"items": told} if isinstance(told, list) else told).items
    except orjson.JSONDecodeError as error:
        raise FileUnreadableError(seen=error, wanted=_WANTED, where=where) from error
    except ValidationError as error:
        mistake = first_mistake(error)
        seen = mistake.seen if isinstance(mistake.seen, Text) else f"{mistake.place}: {mistake.seen}"
        raise FileUnreadableError(seen=seen, wanted=_WANTED, where=where) from error
    return [_resolution(item, item.resolution, by, where) for item in items if item.resolution is not None]


def _resolution(item: _Item, decided: _Decided, by: str, where: str) -> Resolution:
    value = decided.value
    if isinstance(value, dict):
        try:
            value = shapely.from_geojson(orjson.dumps(value))
        except ShapelyError as error:
            raise FileUnreadableError(seen=error, wanted=_WANTED, where=where) from error
    names = {name: getattr(item, name) for name in KEYS}
    return Resolution(decided.choice, **names, value=value, by=decided.by or by, why=decided.why)
