"""The maker of tiles of one server: made when the first tile is asked for, prepared in the background before that.

What compiles and encodes takes a moment to load; a server answers before it is there.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from layers.memory import drop_code
from layers.store import Store
from layers.tiles import Tile, choose_folder
from layers.tiles.folders import READY, kernel_folder

if TYPE_CHECKING:
    from layers.tiles.asking import TileSelection
    from layers.tiles.maker import MadeTile, TileMaker

__all__ = ["TileServer"]

LOG: Final = logging.getLogger("parkplan")
#: For so long nobody must have asked anything before code is loaded, which holds up whoever asks, seconds.
_IDLE_S: Final = 3.0
#: How often that is looked at, seconds.
_LOOK_S: Final = 0.5


class TileServer:
    """Tiles of the store that a server serves.

    Parameters
    ----------
    folder : str
        Where snapshots and compiled code are kept; empty leaves it to the system.
    """

    def __init__(self, folder: str) -> None:
        self._given = folder
        self._maker: TileMaker | None = None
        self._lock = threading.Lock()
        self._asked = threading.Event()

    def _made(self) -> TileMaker:
        self._asked.set()
        with self._lock:
            if self._maker is None:
                folder = choose_folder(self._given)
                self._compile(folder)
                from layers.tiles.maker import TileMaker  # noqa: PLC0415

                self._maker = TileMaker(folder / "snapshots")
            return self._maker

    def _compile(self, folder: Path) -> None:
        """Let a process of its own compile what nobody has compiled yet: it takes long, and much memory."""
        if (kernel_folder() / READY).exists():
            return
        program = [sys.executable, "-m", "layers.tiles.preparing", str(folder)]
        done = subprocess.run(program, capture_output=True, check=False)  # noqa: S603 - our own module
        if done.returncode != 0:
            # It is compiled here then, or says here why it cannot be.
            LOG.warning("failed", extra={"trace": done.stderr[-4_000:].decode(errors="replace")})

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
        maker = self._maker
        return (self._made() if maker is None else maker).tile(store, layers, tile, selection)

    def prepare(self, idle_s: Callable[[], float]) -> None:
        """Compile in the background what makes tiles, and load it once nobody asks anything.

        Parameters
        ----------
        idle_s : callable
            For how long nobody has asked anything, seconds.
        """
        threading.Thread(target=self._prepare, args=(idle_s,), name="parkplan-tiles", daemon=True).start()

    def _prepare(self, idle_s: Callable[[], float]) -> None:
        with self._lock:
            if self._maker is None:
                self._compile(choose_folder(self._given))
        while not self._asked.is_set() and idle_s() < _IDLE_S:
            time.sleep(_LOOK_S)
        self._made()
        from layers.tiles.preparing import prepare  # noqa: PLC0415

        prepare()
        drop_code()
