"""Writing a package: one zip with everything that an institute needs to edit layers and to send them back."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

import geopandas as gpd
import orjson
import shapely

from layers.definitions import LayerDefinition
from layers.errors import UnknownLayerError, ValueOutOfRangeError
from layers.formats import write_features
from layers.geojson import feature_collection, to_json
from layers.packages.area import Area, inside
from layers.packages.geopackage import write_geopackage
from layers.packages.manifest import FORMAT, MANIFEST, VERSION, LayerEntry, Manifest, checksum, store_entry
from layers.packages.qgis import project_document
from layers.packages.readme import README, readme
from layers.packages.signing import PrivateKey, sign_folder
from layers.store import Store
from layers.types import Language, Text

__all__ = ["GEOPACKAGE", "create_package"]

GEOPACKAGE: Final = "parkplan.gpkg"
PROJECT: Final = "parkplan.qgs"
_FOLDER: Final = "layers"
_RULES_LAYER: Final = "rules"


def create_package(
    store: Store,
    target: str | Path | IO[bytes],
    *,
    layers: Sequence[str],
    institute: str,
    area: Area | None = None,
    changeset: int | None = None,
    language: Language = "vi",
    key: PrivateKey | None = None,
    signed_by: str = "",
) -> Manifest:
    """Write layers of a store into one package.

    Parameters
    ----------
    store : Store
        The store, or what somebody may see of it.
    target : str, Path or binary file
        Where to; a file that is there is replaced in one step.
    layers : sequence of str
        Ids of layers.
    institute : str
        For whom.
    area : geometry, optional
        Only features that reach into it; everywhere without it.
    changeset : int, optional
        The state after this changeset; the current one without it.
    language : {"vi", "en"}
        Of readme and titles.
    key : private key, optional
        Ed25519, to sign with.
    signed_by : str
        Who signs.

    Returns
    -------
    Manifest
        As it is in the package.

    Raises
    ------
    UnknownLayerError, UnknownChangesetError
        If the store has no such layer or state.
    ValueOutOfRangeError
        If no layer or no institute is named, or the folder of the target is not there.
    """
    if not layers:
        raise ValueOutOfRangeError(seen=[], wanted=Text(vi="một lớp trở lên", en="one layer or more"), where="layers")
    if not institute.strip():
        raise ValueOutOfRangeError(seen=institute, wanted=Text(vi="có nội dung", en="some text"), where="institute")
    path = Path(target) if isinstance(target, str | Path) else None
    if path is not None and not path.absolute().parent.is_dir():
        wanted = Text(vi="một thư mục đã có", en="a folder that is there")
        raise ValueOutOfRangeError(seen=str(path.parent), wanted=wanted, where="target")
    definitions = _definitions(store, layers)
    entry = store_entry(store, changeset)
    with tempfile.TemporaryDirectory(prefix=".parkplan-", dir=path.absolute().parent if path else None) as work:
        folder = Path(work) / "package"
        (folder / _FOLDER).mkdir(parents=True)
        frames = {
            layer: inside(definition, _state(store, layer, entry.changeset, area), area)
            for layer, definition in definitions.items()
        }
        write_geopackage(folder / GEOPACKAGE, frames, definitions, language=language)
        project = project_document(definitions, file=GEOPACKAGE, title=institute, language=language)
        (folder / PROJECT).write_bytes(project)
        entries = {
            layer: _layer(folder, definition, frames[layer], language) for layer, definition in definitions.items()
        }
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            created=dt.datetime.now(dt.UTC),
            institute=institute,
            language=language,
            store=entry,
            area=None if area is None else orjson.loads(shapely.to_geojson(area)),
            layers=entries,
            rules=_rules(store),
            geopackage=GEOPACKAGE,
            files={},
        )
        (folder / README.say(language)).write_text(readme(manifest), encoding="utf-8")
        manifest = manifest.model_copy(update={"files": _checksums(folder)})
        (folder / MANIFEST).write_bytes(manifest.content())
        if key is not None:
            sign_folder(folder, key, by=signed_by)
        _packed(folder, Path(work) / "package.zip", path, target)
    return manifest


def _definitions(store: Store, layers: Sequence[str]) -> dict[str, LayerDefinition]:
    known = store.layers()
    if missing := [layer for layer in layers if layer not in known]:
        raise UnknownLayerError(seen=missing[0], wanted=", ".join(known))
    return {layer: known[layer] for layer in dict.fromkeys(layers)}


def _state(store: Store, layer: str, changeset: int, area: Area | None) -> gpd.GeoDataFrame:
    """Return a state of a layer, as far as it may lie in the area."""
    spatial = store.definition(layer).spatial
    bounds: Any = area.bounds if area is not None and spatial else None
    return store.read(layer, as_of=changeset, bbox=bounds)


def _layer(folder: Path, definition: LayerDefinition, features: gpd.GeoDataFrame, language: Language) -> LayerEntry:
    files = []
    for name in ("geojson", "jsonfg"):
        place = f"{_FOLDER}/{definition.id}.{name}"
        write_features(features, definition, folder / place, format=name, language=language)
        files.append(place)
    return LayerEntry(
        definition=definition.model_dump(mode="json"),
        features=len(features),
        files=tuple(files),
        source=definition.source,
        licence=definition.licence,
    )


def _rules(store: Store) -> dict[str, str]:
    """Return the version of the program, and of the planning rules as they are."""
    found = {"parkplan": version("parkplan")}
    if _RULES_LAYER in store.layers():
        content = to_json(feature_collection(store.read(_RULES_LAYER).sort_index()))
        found["sha256"] = hashlib.sha256(content).hexdigest()
    return found


def _checksums(folder: Path) -> dict[str, Any]:
    places = sorted(place for place in folder.rglob("*") if place.is_file())
    return {place.relative_to(folder).as_posix(): checksum(place) for place in places}


def _packed(folder: Path, archive: Path, path: Path | None, target: Any) -> None:
    """Zip a folder and put it where it belongs."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for place in sorted(place for place in folder.rglob("*") if place.is_file()):
            packed.write(place, place.relative_to(folder).as_posix())
    if path is not None:
        archive.replace(path)
        return
    with archive.open("rb") as file:
        shutil.copyfileobj(file, target)
