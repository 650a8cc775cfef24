"""Snapshots as files: one a flat array, mapped into memory, so that all workers of a machine share them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from layers.tiles.arrays import Array
from layers.tiles.snapshots import GridArrays, Outline, Snapshot
from layers.tiles.values import Coded

__all__ = ["forget_others", "kept_grid", "kept_snapshot", "locked", "map_snapshot"]

_ABOUT: Final = "about.json"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time make what a folder holds.

    Parameters
    ----------
    folder : Path
        Made where it is missing.

    Yields
    ------
    None
        While nobody else is in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(folder: Path, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> None:
    """Write arrays into a new folder, which is there as a whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, array in arrays.items():
            np.save(fresh / f"{name}.npy", array)
        (fresh / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        try:
            fresh.rename(folder)
        except OSError:
            # Somebody else has made the same meanwhile; anything else is told when it is read.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _map(folder: Path, names: tuple[str, ...]) -> list[Array]:
    # A file without elements cannot be mapped.
    return [
        np.load(path, mmap_mode="r" if path.stat().st_size > _empty_size(path) else None)
        for path in (folder / f"{name}.npy" for name in names)
    ]


def _empty_size(path: Path) -> int:
    """Return how long the header of an array's file is."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        read(file)
        return file.tell()


_ARRAYS: Final = (*Outline._fields, "codes", "blob", "starts", "first_day", "last_day", "group", "hashes", "order")


def map_snapshot(folder: Path) -> Snapshot | None:
    """Return the snapshot that a folder holds.

    Parameters
    ----------
    folder : Path
        Of `kept_snapshot`.

    Returns
    -------
    Snapshot or None
        Mapped; None where there is none.
    """
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        arrays = _map(folder, _ARRAYS)
    except FileNotFoundError:
        return None
    outline = Outline(*arrays[:5])
    coded = Coded(tuple(about["keys"]), arrays[5], arrays[6], arrays[7])
    first_day, last_day, group, hashes, order = arrays[8:]
    classes = tuple(about["classes"])
    return Snapshot(about["layer"], outline, coded, first_day, last_day, group, classes, hashes, order)


def kept_snapshot(folder: Path, make: Callable[[], Snapshot]) -> Snapshot:
    """Return a snapshot from its folder, making it where it is missing.

    Parameters
    ----------
    folder : Path
        Named by what the snapshot is of.
    make : callable
        Makes it.

    Returns
    -------
    Snapshot
        Mapped.
    """
    found = map_snapshot(folder)
    if found is not None:
        return found
    with locked(folder.parent):
        found = map_snapshot(folder)
        if found is not None:
            return found
        made = make()
        coded = made.coded
        arrays = (
            *made.outline, coded.codes, coded.blob, coded.starts, made.first_day, made.last_day, made.group,
            made.hashes, made.order,
        )  # fmt: skip
        about = {"layer": made.layer, "keys": list(coded.keys), "classes": list(made.classes)}
        _write(folder, dict(zip(_ARRAYS, arrays, strict=True)), about)
    return map_snapshot(folder) or made


def kept_grid(folder: Path, make: Callable[[], GridArrays]) -> GridArrays:
    """Return geometries on a grid from their folder, making them where they are missing.

    Parameters
    ----------
    folder : Path
        Inside that of the snapshot.
    make : callable
        Makes them.

    Returns
    -------
    GridArrays
        Mapped.
    """
    with locked(folder.parent):
        if not (folder / _ABOUT).exists():
            _write(folder, make()._asdict(), {})
        return GridArrays(*_map(folder, GridArrays._fields))


def forget_others(folder: Path, *, keep: int = 2) -> None:
    """Remove older snapshots of the same layer; who has them mapped keeps them until he lets go.

    Parameters
    ----------
    folder : Path
        The one that was made last.
    keep : int, optional
        How many stay.
    """
    others = sorted(
        (path for path in folder.parent.iterdir() if path.is_dir() and not path.name.startswith(".")),
        key=lambda path: path.stat().st_mtime,
    )
    for path in others[:-keep] if keep else others:
        if path != folder:
            # Away in one step: half a snapshot must not be found.
            gone = path.with_name(f".gone-{path.name}-{os.getpid()}")
            try:
                path.rename(gone)
            except OSError:
                continue
            shutil.rmtree(gone, ignore_errors=True)
