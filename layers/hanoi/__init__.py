"""The Hanoi data that Parkplan ships, and putting them into a new store.

The files under `data` are made by `layers.hanoi.build` from published facts; docs/hanoi-data.md tells what they hold,
how sure each value is, and what is missing.

>>> parks = frames()["parks"]
>>> len(parks), float(parks.loc["soc-son", "area_ha"])
(29, 302.83)
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import geopandas as gpd
import pandas as pd

from layers.catalogue import shipped_definitions
from layers.definitions import ID_FIELD, STORE_CRS, LayerDefinition
from layers.errors import FeatureExistsError
from layers.schema import typed
from layers.store import Changeset, Put, Store

__all__ = ["AUTHOR", "MESSAGE", "VERSION", "frames", "seed"]

#: Version of the shipped data: the day on which the facts were collected, and a count of later editions.
VERSION: Final = "2026.11.23"
AUTHOR: Final = "Parkplan"
_MESSAGE_START: Final = "Dữ liệu Hà Nội kèm theo Parkplan / Hanoi data shipped with Parkplan"
MESSAGE: Final = f"{_MESSAGE_START}, {VERSION}"


def frames() -> dict[str, gpd.GeoDataFrame]:
    """Return the shipped features of every layer that has any.

    Returns
    -------
    dict of str to GeoDataFrame
        By layer, in the typed form of the store, EPSG:4326; an unknown value is missing, an unknown geometry None.
    """
    definitions = shipped_definitions()
    shipped = {entry.name.removesuffix(".csv") for entry in (files("layers.hanoi") / "data").iterdir()}
    return {layer: _frame(definition) for layer, definition in definitions.items() if layer in shipped}


def _frame(definition: LayerDefinition) -> gpd.GeoDataFrame:
    path = files("layers.hanoi") / "data" / f"{definition.id}.csv"
    with path.open(encoding="utf-8") as file:
        # Every value as its text: a code such as "NA" or "1" is no gap and no number.
        table = pd.read_csv(file, dtype="str", keep_default_na=False, na_values=[""], index_col=ID_FIELD)
    wkt = table.pop("geometry") if "geometry" in table else pd.Series(None, index=table.index, dtype="object")
    shapes = gpd.GeoSeries.from_wkt(wkt.astype("object").where(wkt.notna(), None), index=table.index, crs=STORE_CRS)
    return typed(definition, gpd.GeoDataFrame(table, geometry=shapes))


def seed(store: Store) -> Changeset | None:
    """Put the shipped data into a store that has never had them.

    Every shipped definition is added first, with or without features. Layers that already hold features are left as
    they are, and a store that was seeded once is never seeded again: what its users changed or removed stays so.

    Parameters
    ----------
    store : Store
        An open store.

    Returns
    -------
    Changeset or None
        The one changeset that was written; None if there was nothing to do.

    Raises
    ------
    ConflictingDefinitionError
        If the store holds a layer of a shipped id with a definition that does not fit.
    InvalidFeaturesError
        If a shipped feature breaks its definition.
    StoreError
        If the database fails.
    """
    for definition in shipped_definitions().values():
        store.add_layer(definition)
    if _seeded(store):
        return None
    puts = [Put(layer, features, mode="insert") for layer, features in frames().items() if store.count(layer) == 0]
    if not puts:
        return None
    try:
        return store.commit(puts, author=AUTHOR, message=MESSAGE)
    except FeatureExistsError:
        # Two servers may start on one database at once: the slower one finds the work done.
        if _seeded(store):
            return None
        raise


def _seeded(store: Store) -> bool:
    return any(
        changeset.author == AUTHOR and changeset.message.startswith(_MESSAGE_START) for changeset in store.changesets()
    )
