"""What came back: a package, or a bare file; where each layer of it is, and what was touched since it was sent."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from layers.errors import FileUnreadableError, MissingFileError
from layers.formats import SUFFIXES, inspect
from layers.formats.archives import private_folder, unpack_zip
from layers.packages.manifest import MANIFEST, Manifest, checksum, read_manifest
from layers.packages.signing import SIGNATURE, Signature, signature_of
from layers.types import Text

__all__ = ["Returned", "Source", "open_returned"]

#: Endings of one file of several; the main one stands for them.
_BESIDE: Final = frozenset({".dbf", ".gz", ".zip"})


@dataclass(frozen=True, slots=True)
class Source:
    """One layer of one file.

    Parameters
    ----------
    path : Path
        The file.
    layer : str
        Its layer.
    name : str
        The file as people call it.
    """

    path: Path
    layer: str
    name: str


@dataclass(frozen=True)
class Returned:
    """A package or a file, unpacked.

    Parameters
    ----------
    manifest : Manifest or None
        None for a bare file.
    signature : Signature or None
        None if it is not signed.
    sources : mapping of str to list of Source
        By layer of the store: where its features may be. Of a package only files that are not as they were sent.
    notes : tuple of Text
        What a planner should know.
    """

    manifest: Manifest | None
    signature: Signature | None
    sources: dict[str, list[Source]]
    notes: tuple[Text, ...] = ()


def open_returned(path: Path, known: list[str], stack: ExitStack, *, layer: str | None = None) -> Returned:
    """Unpack what came back, and find the layers in it.

    Parameters
    ----------
    path : Path
        A package, or a file of a format that can be read.
    known : list of str
        Layers of the store.
    stack : ExitStack
        What ends the life of unpacked files.
    layer : str, optional
        The layer that a bare file with one layer is for, where its name does not say so.

    Returns
    -------
    Returned
        Manifest, signature and sources.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError, SignatureError, CrsError
        If it cannot be used.
    """
    if not path.exists():
        raise MissingFileError(seen=path)
    if path.suffix.lower() == ".zip":
        folder = private_folder(stack)
        unpacked = unpack_zip(path, folder)
        manifests = sorted((place for place in unpacked if place.name == MANIFEST), key=lambda one: len(one.parts))
        if manifests:
            return _package(path, manifests[0].parent, known)
    sources = _layers_in(path, path.name, known, layer)
    if not sources:
        raise _no_layer(path, known)
    return Returned(None, None, {name: [source] for name, source in sources.items()})


def _package(path: Path, folder: Path, known: list[str]) -> Returned:
    manifest = read_manifest(folder / MANIFEST)
    signature = signature_of(folder, where=str(path))
    notes = [signature.message()] if signature is not None else []
    wanted = [name for name in manifest.layers if name in known]
    sources: dict[str, list[Source]] = {name: [] for name in wanted}
    for place in sorted(folder.rglob("*")):
        name = place.relative_to(folder).as_posix()
        if not _holds_features(place) or name in (MANIFEST, SIGNATURE):
            continue
        sent = manifest.files.get(name)
        if sent is not None and sent == checksum(place):
            continue
        for layer, source in _layers_in(place, name, wanted, None).items():
            sources[layer].append(source)
    if gone := sorted(name for name in manifest.layers if name not in known):
        listed = ", ".join(gone)
        notes.append(
            Text(
                vi=f"Kho không còn các lớp {listed}; không đọc.",
                en=f"The store has no layers {listed}; they are not read.",
            )
        )
    return Returned(manifest, signature, sources, tuple(notes))


def _holds_features(place: Path) -> bool:
    suffix = place.suffix.lower()
    return place.is_file() and suffix in SUFFIXES and suffix not in _BESIDE


def _layers_in(path: Path, name: str, known: list[str], layer: str | None) -> dict[str, Source]:
    """Find layers of the store in a file, by the names of its layers, or by its own where it has one layer."""
    names = [one.name for one in inspect(path).layers]
    by_name = {one.lower(): one for one in names}
    found = {one: Source(path, by_name[one], name) for one in known if one in by_name}
    if layer is not None and len(names) == 1:
        return {layer: Source(path, names[0], name)}
    stem = path.name.split(".", 1)[0].lower()
    if not found and len(names) == 1 and stem in known:
        found = {stem: Source(path, names[0], name)}
    return {one: source for one, source in found.items() if layer in (None, one)}


def _no_layer(path: Path, known: list[str]) -> FileUnreadableError:
    seen = Text(vi="không có lớp nào của kho", en="no layer of the store")
    wanted = Text(
        vi=f"lớp hoặc tệp có tên trong: {', '.join(known)}", en=f"a layer or file called one of {', '.join(known)}"
    )
    return FileUnreadableError(seen=seen, wanted=wanted, where=str(path))
