"""What an institute changed, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd

from layers.definitions import LayerDefinition
from layers.packages.manifest import Manifest
from layers.packages.signing import Signature
from layers.receipts import Receipt
from layers.store.model import Edit, Put, Remove
from layers.types import Language, Text

__all__ = ["LayerChanges", "PackageChanges"]


@dataclass(frozen=True, eq=False)
class LayerChanges:
    """What was changed in one layer.

    Parameters
    ----------
    definition : LayerDefinition
        The layer, as the store has it.
    base : GeoDataFrame
        The features that were handed out, typed.
    features : GeoDataFrame
        The same as they came back, typed.
    inserted, updated, deleted : tuple of str
        Ids.
    receipt : Receipt or None
        What became of the file; None where none was touched.
    """

    definition: LayerDefinition
    base: gpd.GeoDataFrame
    features: gpd.GeoDataFrame
    inserted: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    receipt: Receipt | None = None

    def __len__(self) -> int:
        return len(self.inserted) + len(self.updated) + len(self.deleted)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What turns the base into what came back."""
        changed = [*self.inserted, *self.updated]
        put: tuple[Edit, ...] = (Put(self.definition.id, self.features.loc[changed]),) if changed else ()
        gone: tuple[Edit, ...] = (Remove(self.definition.id, self.deleted),) if self.deleted else ()
        return (*put, *gone)


@dataclass(frozen=True, eq=False)
class PackageChanges:
    """What an institute changed.

    Parameters
    ----------
    path : Path
        The package or file.
    base : int
        The changeset of the state that it began with.
    layers : mapping of str to LayerChanges
        By layer.
    manifest : Manifest or None
        None for a bare file.
    signature : Signature or None
        None if it is not signed.
    notes : tuple of Text
        What a planner should know.
    """

    path: Path
    base: int
    layers: Mapping[str, LayerChanges]
    manifest: Manifest | None = None
    signature: Signature | None = None
    notes: tuple[Text, ...] = field(default=())

    @property
    def institute(self) -> str:
        """Whom the package was for; empty for a bare file."""
        return "" if self.manifest is None else self.manifest.institute

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """The receipt of each file that was touched."""
        return tuple(one.receipt for one in self.layers.values() if one.receipt is not None)

    @property
    def edits(self) -> list[Edit]:
        """What turns the base into what came back; empty for a package that nobody edited.

        Raises
        ------
        LayersError
            What refuses a file, if one was refused.
        """
        self.check()
        return [edit for one in self.layers.values() for edit in one.edits]

    def check(self) -> None:
        """Make sure that no file was refused.

        Raises
        ------
        LayersError
            What refuses the first that was.
        """
        for receipt in self.receipts:
            if receipt.error is not None:
                raise receipt.error

    def document(self, language: Language = "en") -> dict[str, object]:
        """Return the changes as plain values, ready for JSON.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            Ids by layer, and the receipts.
        """
        return {
            "file": self.path.name,
            "base": self.base,
            "institute": self.institute or None,
            "signature": None if self.signature is None else self.signature.message().say(language),
            "notes": [note.say(language) for note in self.notes],
            "layers": {
                layer: {
                    "inserted": list(one.inserted),
                    "updated": list(one.updated),
                    "deleted": list(one.deleted),
                    "receipt": None if one.receipt is None else one.receipt.document(language),
                }
                for layer, one in self.layers.items()
            },
        }
