"""The maker of tiles of one server: made when the first tile is asked for, prepared in the background before that.

What compiles and encodes takes a moment to load; a server answers before it is there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from layers.store import Store
from layers.tiles import Tile, choose_folder

if TYPE_CHECKING:
    from layers.tiles.asking import TileSelection
    from layers.tiles.maker import MadeTile, TileMaker

__all__ = ["TileServer"]


class TileServer:
    """Tiles of the store that a server serves.

    Parameters
    ----------
    folder : str
        Where snapshots and compiled code are kept; empty leaves it to the system.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._maker: TileMaker | None = None
        self._lock = threading.Lock()

    def _made(self) -> TileMaker:
        with self._lock:
            if self._maker is None:
                folder = choose_folder(self._folder)
                from layers.tiles.maker import TileMaker  # noqa: PLC0415

                self._maker = TileMaker(folder / "snapshots")
            return self._maker

    def tile(self, store: Store, layers: Sequence[str], tile: Tile, selection: TileSelection) -> MadeTile:
        """Return a tile.

        Parameters
        ----------
        store : Store
            The store as it may be seen.
        layers : sequence of str
            Ids of the layers, in the order of drawing.
        tile : Tile
            Which.
        selection : TileSelection
            Which features.

        Returns
        -------
        MadeTile
            As the store is now.

        Raises
        ------
        UnknownLayerError, UnknownChangesetError, UnknownProposalError
            For what is not there.
        """
        return self._made().tile(store, layers, tile, selection)

    def prepare(self) -> None:
        """Load and compile in the background what makes tiles."""
        threading.Thread(target=self._prepare, name="parkplan-tiles", daemon=True).start()

    def _prepare(self) -> None:
        self._made()
        from layers.tiles.preparing import prepare  # noqa: PLC0415

        prepare()
