"""Where layers are kept: PostGIS or one embedded GeoPackage file, behind one interface.

>>> from layers.store import open_store
>>> open_store("no/such/folder/hanoi.gpkg")
Traceback (most recent call last):
...
layers.errors.StoreUnreachableError: The store no/such/folder/hanoi.gpkg cannot be opened: ...
"""

from __future__ import annotations

from pathlib import Path

from layers.errors import StoreError, StoreUnreachableError
from layers.store.base import Store
from layers.store.geopackage import GeoPackageEngine
from layers.store.model import Changeset, Decision, Edit, Extent, Page, Put, Remove, Version
from layers.store.postgis import PostgisEngine
from layers.store.selected import SelectedStore
from layers.store.sight import EVERYTHING, Ground, Sight
from layers.store.viewing import StoreView, completed
from layers.types import Text

__all__ = [
    "EVERYTHING",
    "Changeset",
    "Decision",
    "Edit",
    "Extent",
    "Ground",
    "Page",
    "Put",
    "Remove",
    "SelectedStore",
    "Sight",
    "Store",
    "StoreView",
    "Version",
    "completed",
    "open_store",
]


def open_store(url: str | Path) -> Store:
    """Open a store, making it where it is missing.

    Parameters
    ----------
    url : str or Path
        The path of a GeoPackage file, or ``postgresql://user@host/database?schema=name``.

    Returns
    -------
    Store
        Open; close it, or use it in a `with` statement.

    Raises
    ------
    StoreUnreachableError
        If the database does not answer, or the file is something else.
    """
    server = str(url).startswith(("postgresql://", "postgres://"))
    if not server and "://" in str(url):
        raise StoreUnreachableError(
            seen=str(url).split("://", 1)[0] + "://",
            wanted=Text(vi="postgresql:// hoặc đường dẫn tệp .gpkg", en="postgresql:// or the path of a .gpkg file"),
            where=str(url),
        )
    engine = (
        PostgisEngine(str(url).replace("postgres://", "postgresql://", 1)) if server else GeoPackageEngine(Path(url))
    )
    try:
        return Store(engine)
    except StoreUnreachableError:
        engine.sqlalchemy.dispose()
        raise
    except StoreError as error:
        engine.sqlalchemy.dispose()
        wanted = Text(vi="cơ sở dữ liệu PostGIS trả lời", en="a PostGIS database that answers")
        if not server:
            wanted = Text(vi="tệp .gpkg ghi được", en="a .gpkg file that can be written")
        raise StoreUnreachableError(seen=error.seen, wanted=wanted, where=engine.url) from error
